"""What a person is told to do: looks first, each with what is expected, then the act."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One look or one act. Several stand in the order in which a person should do them."""

    #: What is to be found out or done, in words; a question for a look.
    what: str
    #: The complete command, with namespace, real names and full ids; empty where words suffice.
    command: str = ""
    #: What the command should show, and what to do where it shows something else.
    expect: str = ""
    #: Whether data may be gone afterwards. Never the first of several.
    destructive: bool = False

    @property
    def line(self) -> str:
        """All of it on one line, for the log and for programs."""
        head = f"DESTRUCTIVE: {self.what}" if self.destructive else self.what
        head = f"{head}: {self.command}" if self.command else head
        return f"{head} ({self.expect})" if self.expect else head

    def as_json(self) -> dict[str, object]:
        """All of it for a program."""
        return dataclasses.asdict(self)


Fix: TypeAlias = str | tuple[Todo, ...]
"""What helps against a fault. A text alone is one thing to do, told in words."""


def todos(fix: Fix) -> tuple[Todo, ...]:
    """The single things to do."""
    if isinstance(fix, str):
        return (Todo(what=fix),) if fix else ()
    return fix


def line(fix: Fix) -> str:
    """All of it on one line."""
    return "; ".join(one.line for one in todos(fix))


def lines(fix: tuple[Todo, ...]) -> list[str]:
    """All of it below each other, as a dry run and `status` print it."""
    found: list[str] = []
    for one in fix:
        mark = ", DESTRUCTIVE" if one.destructive else ""
        found.append(f"    to do{mark}: {one.what}")
        found += [f"        $ {one.command}"] if one.command else []
        found += [f"        {one.expect}"] if one.expect else []
    return found
