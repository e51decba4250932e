"""Slot migrations: moves of slots that servers make by themselves, and which servers can.

valkey since 9.0 pushes: the source is told to give slots away. redis since 8.4 pulls: the target is
told to fetch slots. Either side lists a migration, while it runs and for a while afterwards. On all
other servers a client moves key by key, and no server knows of a whole.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from bootstrap.model.slots import Ranges

VALKEY: Final = (9, 0, 0)
"""Since this version valkey has CLUSTER MIGRATESLOTS."""
REDIS: Final = (8, 4, 0)
"""Since this version redis has CLUSTER MIGRATION."""


class Way(enum.StrEnum):
    """How a server migrates slots by itself."""

    PUSH = "push"
    """Its source is commanded: CLUSTER MIGRATESLOTS."""
    PULL = "pull"
    """Its target is commanded: CLUSTER MIGRATION IMPORT."""


class State(enum.StrEnum):
    """How far a migration is, as one of its sides says."""

    RUNNING = "running"
    DONE = "done"
    """The slots belong to the target."""
    FAILED = "failed"
    """The slots stayed with the source, and this side does not try again."""
    CANCELLED = "cancelled"
    """The same, since a command ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One migration, as one of its sides lists it."""

    job: str
    """The server's name for it, the same on both sides."""
    ranges: Ranges
    """The slots that move."""
    source_id: str
    """Empty if it is not known, as on a replica of valkey, which repeats its primary's list."""
    target_id: str
    """Empty as above."""
    state: State
    said: str
    """The server's own word for the state, as `snapshotting`."""
    message: str = ""
    """Why it failed, or what failed last, in the server's words; empty if nothing did."""
    seconds: float = 0.0
    """How long ago it began, by the server's clock."""
    took: float = 0.0
    """Seconds from its begin to its end; 0 while it runs. valkey tells whole seconds."""
    left: int = 0
    """Bytes of what clients wrote meanwhile that the source still has to send; 0 while its snapshot
    is sent, and if the server does not tell (before valkey 9.1)."""
    retries: int = 0
    """How often it was tried again (redis)."""

    @property
    def ended_ago(self) -> float:
        """Seconds since it ended; without meaning while it runs."""
        return self.seconds - self.took

    @property
    def running(self) -> bool:
        """Whether it may still end with the slots at the target."""
        return self.state is State.RUNNING


def way(product: str, version: tuple[int, int, int]) -> Way | None:
    """Return how a server migrates slots by itself; None if it does not."""
    if product == "valkey":
        return Way.PUSH if version >= VALKEY else None
    return Way.PULL if version >= REDIS else None
