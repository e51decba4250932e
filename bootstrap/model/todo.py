"""What a person is told to do: first what to look at, and what to expect, then what to do."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One thing to look at or to do. Several are in the order in which to do them."""

    what: str
    """What to find out, as a question, or what to do."""
    command: str = ""
    """The complete command, with namespace, real names and full ids; empty if words are enough."""
    expect: str = ""
    """What the command should show, and what to do if it shows something else."""
    destructive: bool = False
    """Whether data may be lost. Never the first of several."""

    @property
    def line(self) -> str:
        """All fields on one line, for the log and for programs."""
        head = f"DESTRUCTIVE: {self.what}" if self.destructive else self.what
        head = f"{head}: {self.command}" if self.command else head
        return f"{head} ({self.expect})" if self.expect else head

    def as_json(self) -> dict[str, object]:
        """Return the fields for JSON."""
        return dataclasses.asdict(self)


Fix: TypeAlias = str | tuple[Todo, ...]
"""What to do about a fault. A plain text is a single thing to do."""


def todos(fix: Fix) -> tuple[Todo, ...]:
    """Return the things to do, one by one."""
    if isinstance(fix, str):
        return (Todo(what=fix),) if fix else ()
    return fix


def line(fix: Fix) -> str:
    """Return all things to do on one line."""
    return "; ".join(one.line for one in todos(fix))


def lines(fix: tuple[Todo, ...]) -> list[str]:
    """Return the lines that a dry run and `status` print."""
    found: list[str] = []
    for one in fix:
        mark = ", DESTRUCTIVE" if one.destructive else ""
        found.append(f"    to do{mark}: {one.what}")
        found += [f"        $ {one.command}"] if one.command else []
        found += [f"        {one.expect}"] if one.expect else []
    return found
