"""What a hand-over remembers of itself between two looks, and how it can end."""

from __future__ import annotations

import dataclasses
import enum

from bootstrap.model import leaving_mark, slots
from bootstrap.model.actions import Action, CancelMigrations, ConfigSet, Failover
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan.facts import Facts


class Result(enum.StrEnum):
    """How a hand-over ends. The values are labels of the metric."""

    NOTHING = "nothing"
    """There was no role to hand over."""
    DONE = "done"
    """Another node has the role, and a majority of the primaries sees it."""
    NO_REPLICA = "no-replica"
    """No replica could take the role."""
    TIMED_OUT = "timed-out"
    """The time was over before."""
    FAILED = "failed"
    """Our own Redis, or our own code, did not do its part."""

    @property
    def good(self) -> bool:
        """Whether no client notices if the server stops now."""
        return self in {Result.NOTHING, Result.DONE}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a hand-over."""

    result: Result
    text: str
    """What was handed over to which pod, or why nothing was, for a person."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a hand-over remembers of itself. Times are in seconds since it began."""

    limit: float
    """Seconds within which it has to end."""
    seconds: float = 0.0
    """The time now."""
    node_id: str = ""
    """Our own node's id when it last was a primary with slots; empty before that."""
    slots: slots.Ranges = ()
    """The slots that our node owned then; empty before that."""
    sent: tuple[str, ...] = ()
    """The pods that were told to take over, the last one last."""
    sent_at: float = 0.0
    """When the last of them was told."""
    marked: bool = False
    """Whether this hand-over put the mark on our own node."""
    cannot_mark: bool = False
    """Whether our server refused the mark."""
    cannot_cancel: bool = False
    """Whether our server refused to cancel its moves of slots."""


def seen(run: Run, snapshot: Snapshot, topology: Topology) -> Run:
    """Return the run after a look: it knows what there is to hand over."""
    my = Facts(snapshot, topology).me.view
    if my is None or my.myself.is_replica or not my.myself.slots:
        return run
    return dataclasses.replace(run, node_id=my.node_id, slots=my.myself.slots)


def done(run: Run, action: Action, *, accepted: bool) -> Run:
    """Return the run after an action.

    The hand-over goes on if our server refuses the mark, or to cancel its moves of slots.
    """
    match action:
        case Failover() if accepted:
            return dataclasses.replace(run, sent=(*run.sent, action.pod), sent_at=run.seconds)
        case ConfigSet() if accepted:
            ((_, name),) = action.settings
            return dataclasses.replace(run, marked=leaving_mark.is_mark(name))
        case ConfigSet():
            return dataclasses.replace(run, cannot_mark=True)
        case CancelMigrations() if not accepted:
            return dataclasses.replace(run, cannot_cancel=True)
        case _:
            return run
