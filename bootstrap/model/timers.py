"""What is remembered from earlier looks. The plan reads no clock, so time is a value here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Refusal(NamedTuple):
    """A command that a server has refused at each look since the first refusal."""

    pod: str
    """The pod of the server."""
    kind: str
    """The kind of action, from `actions.kind`."""
    reason: str
    """The server's words."""
    forbidden: bool
    """Whether our user lacks the right to the command, which no waiting changes."""
    seconds: float
    """Seconds since the first refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """What `observe.timers` remembers from earlier looks. All durations are in seconds.

    `/statusz` has these fields by name in `memory`: the names are a contract. The default of each
    duration means that the state does not last now.
    """

    marked: float = 0.0
    """How long our own node has had a temporary setting of forming."""
    own_dip: float = 0.0
    """How long our own node's time-out has been lowered for forming."""
    idle: float = 0.0
    """How long our own node has had no role, since it was blank or since it was met."""
    dipped: float | None = None
    """How long ago a lowered node time-out was first seen on any node; None: never."""
    node_timeouts: tuple[tuple[str, int], ...] = ()
    """Node time-outs in ms by pod name, as they were when not lowered."""
    looked: bool = True
    """Whether all pods have been looked at since our server's start; True if it started alone."""
    halved: float = 0.0
    """How long ago half of the pods were first looked at since our server's start; 0: not yet."""
    unwell: float = 0.0
    """How long some node has failed, or has lacked a link, in our own node's view."""
    unnamed: float = 0.0
    """How long our own node has had a link to a node without a name."""
    leaving: float = 0.0
    """How long our own node has had the mark of a hand-over."""
    shut: float = 0.0
    """How long our own server has been down with a volume that is a reason to keep it down."""
    opened: bool = False
    """Whether the start gate has been opened. It stays open, and the server may be up by now."""
    glance: bool = False
    """Whether this belongs to a single look of `status` or a dry run. Then the durations are those
    of the pods' sidecars."""
    open_slots: tuple[tuple[str, float | None], ...] = ()
    """How long each pod's node has had exactly its present slots open, by pod name; None if a
    single look cannot tell. A sidecar knows this of its own node only. Each further slot of a
    reshard starts the time anew."""
    unlinked: tuple[tuple[str, float | None], ...] = ()
    """How long each replica has been without its replication link, by pod name; None if a single
    look cannot tell."""
    refused: tuple[Refusal, ...] = ()
    """Commands that servers refuse again and again, sorted by pod and kind."""
    strange: tuple[tuple[str, float], ...] = ()
    """How long a foreign node has answered at a pod's name, by pod name."""
    emptied: tuple[str, ...] = ()
    """Runs of our replica's primary (`View.run_id`), sorted, from which it would have copied a loss
    when they were seen (`last_copy`). It has had no replication link since."""
    came_back: bool = False
    """Whether our own node has no role, and knew others already when our sidecar first saw it so: a
    new node begins by knowing none."""
    failed_over: float | None = None
    """How long ago a replica of ours accepted our sidecar's command to take over, other than before
    the server's end; None: never."""
    absent: tuple[tuple[str, float], ...] = ()
    """For how long DNS has said of each pod's name that it does not exist, by pod name. Each look
    of at most 15 s before has said so too, and the Service's own name exists."""
    slotted: tuple[tuple[str, float], ...] = ()
    """How long ago each pod was first seen to own slots, by pod name."""

    def absent_for(self, pod: str) -> float:
        """Return for how long DNS has denied the pod's name; 0 if it does not, or is not asked."""
        return next((seconds for name, seconds in self.absent if name == pod), 0.0)

    def slots_for(self, pod: str) -> float:
        """Return how long the pod has owned slots; 0 if that was not seen."""
        return next((seconds for name, seconds in self.slotted if name == pod), 0.0)

    def open_for(self, pod: str) -> float | None:
        """Return how long the pod's slots have been open; None if a single look cannot tell."""
        return next((seconds for name, seconds in self.open_slots if name == pod), 0.0)

    def unlinked_for(self, pod: str) -> float | None:
        """Return how long the pod's replica has had no link; None if a single look cannot tell."""
        return next((seconds for name, seconds in self.unlinked if name == pod), 0.0)

    def strange_for(self, pod: str) -> float:
        """Return how long a foreign node has answered at the pod's name; 0 if none does."""
        return next((seconds for name, seconds in self.strange if name == pod), 0.0)

    def node_timeout(self, pod: str) -> int | None:
        """Return the pod's own node time-out in ms; None if it was never seen."""
        return next((value for name, value in self.node_timeouts if name == pod), None)
