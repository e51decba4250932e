"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words of the command line; without any a sidecar's."""

    command: Literal["run", "handover", "status", "explain"] = "run"
    #: Of explain: the code, or None for all of them.
    code: str | None = None
    once: bool = False
    dry_run: bool = False
    output: Literal["text", "json"] = "text"
