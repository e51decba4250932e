"""What is remembered from earlier looks. The planner reads no clock: here time is a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Refusal(NamedTuple):
    """A command that a server has refused, at each look since."""

    pod: str
    #: The kind of action, as `actions.kind` has it.
    kind: str
    #: The server's words.
    reason: str
    #: Whether our user may not send the command: no time mends that.
    forbidden: bool
    #: For how long.
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """What the observer remembers from earlier looks, as durations in seconds and first values."""

    #: How long our own node has carried a temporary setting of forming.
    marked: float = 0.0
    #: How long our own node's time-out has been dipped.
    own_dip: float = 0.0
    #: How long our own node has been blank, or met and without a role.
    idle: float = 0.0
    #: How long ago a node time-out was first seen dipped on any node; None: never.
    dipped: float | None = None
    #: Node time-outs in ms, by pod name, as they were before any dip.
    node_timeouts: tuple[tuple[str, int], ...] = ()
    #: Whether all pods have been looked at since our server started, unless it started new.
    looked: bool = True
    #: How long ago half of them were first looked at since then; 0: not yet.
    halved: float = 0.0
    #: How long some node has been failing, or without a link, in our own node's view.
    unwell: float = 0.0
    #: How long our own node has borne the mark of a hand-over.
    leaving: float = 0.0
    #: How long our own server has been down with a volume that gives reason to keep it down.
    shut: float = 0.0
    #: Whether the start gate has been opened. It stays so, and the server may be up by now.
    opened: bool = False
    #: Whether all this is for a person's single look: what it holds comes from the pods' sidecars.
    glance: bool = False
    #: How long each pod's node has had just the slots open that it has, by pod name; None where a
    #: single look can't tell. A sidecar tells that of its own node alone, and a reshard that goes
    #: on starts anew with each slot.
    open_slots: tuple[tuple[str, float | None], ...] = ()
    #: How long each replica has been without a link, by pod name; None where a single look can't
    #: tell.
    unlinked: tuple[tuple[str, float | None], ...] = ()
    #: Commands that servers refuse again and again, by pod and kind.
    refused: tuple[Refusal, ...] = ()
    #: How long a stranger has answered behind a pod's name.
    strange: tuple[tuple[str, float], ...] = ()
    #: How long ago each pod was first seen to own slots, by pod name.
    slotted: tuple[tuple[str, float], ...] = ()

    def slots_for(self, pod: str) -> float:
        """For how long the pod has owned slots; 0 when it was not seen to."""
        return next((seconds for name, seconds in self.slotted if name == pod), 0.0)

    def open_for(self, pod: str) -> float | None:
        """For how long the pod has had its slots open; None when a single look can't tell."""
        return next((seconds for name, seconds in self.open_slots if name == pod), 0.0)

    def unlinked_for(self, pod: str) -> float | None:
        """For how long the pod's replica has had no link; None when a single look can't tell."""
        return next((seconds for name, seconds in self.unlinked if name == pod), 0.0)

    def strange_for(self, pod: str) -> float:
        """For how long a stranger has answered behind the pod's name; 0 when none does."""
        return next((seconds for name, seconds in self.strange if name == pod), 0.0)

    def node_timeout(self, pod: str) -> int | None:
        """The pod's own node time-out in ms, if it was ever seen undipped."""
        return next((value for name, value in self.node_timeouts if name == pod), None)
