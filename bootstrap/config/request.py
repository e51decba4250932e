"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words of the command line; without any a sidecar's."""

    command: Literal["run", "handover", "status", "explain"] = "run"
    code: str | None = None
    """Of explain: the code, or None for all of them."""
    once: bool = False
    dry_run: bool = False
    output: Literal["text", "json"] = "text"
