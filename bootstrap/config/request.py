"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command line's content; the defaults are what a sidecar in a pod does."""

    command: Literal["run", "handover", "status", "scale", "explain"] = "run"
    code: str | None = None
    """For `explain`: the code to explain; None lists all codes."""
    once: bool = False
    """Form, join or heal, then exit."""
    dry_run: bool = False
    """Show what would be done, and write nothing."""
    output: Literal["text", "json"] = "text"
    """How `--dry-run`, `status` and `scale` print."""
    wait: bool = False
    """For `status`: look again and again until all is well."""
    watch: bool = False
    """For `status`: look again and again, until a signal."""
    timeout: float | None = None
    """Seconds for `wait`, at most; None: BOOTSTRAP_TIMEOUT, or `cli` has a default."""
    shards: int | None = None
    """For `scale`: the number of shards to ask about; for `wait`: the number that is waited for."""
