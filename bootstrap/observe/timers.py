"""Measures since when something has been so, and remembers what was before."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from bootstrap.model import bus, fast_form, leaving_mark
from bootstrap.model.proof import Proof, prove
from bootstrap.model.snapshot import Pod, Scope, Unreachable, Volume
from bootstrap.model.timers import Refusal, Timers
from bootstrap.model.topology import Topology
from bootstrap.model.view import OpenSlot, View

_HALVED = "halved"
_OPEN = "open slots"
_REFUSED = 30.0
"""Seconds after which a refusal that was not seen again is forgotten."""


class Stopwatches:
    """Remembers across looks, until the process ends."""

    def __init__(self, topology: Topology, clock: Callable[[], float]) -> None:
        """Remember nothing yet. `clock` gives seconds."""
        self._topology = topology
        self._clock = clock
        self._since: dict[str, float] = {}
        self._node_timeouts: dict[str, int] = {}
        self._open: tuple[OpenSlot, ...] = ()
        self._run = ""
        self._refused: dict[tuple[str, str, str, bool], tuple[float, float]] = {}
        """Refusals by pod, kind, reason and `forbidden`: the times of the first and the last."""
        self._looked = True
        self.opened = False
        """Whether the start gate has been opened; the observer sets this."""

    def of(
        self, scope: Scope, me: Pod, pods: Sequence[Pod], volume: Volume | None = None
    ) -> Timers:
        """Return the timers of a look, and remember what the look saw.

        `me` is our own pod, `pods` are all pods that were looked at, ours included.
        """
        memory = self._timers(me, pods)
        self._looked = self._looked or scope is Scope.ALL
        if scope is Scope.HALF:
            self._since.setdefault(_HALVED, self._clock())
        held = volume is not None and (
            volume.emptied
            or not volume.file
            or (bool(self._topology.adopted) and bool(volume.members))
        )
        shut = self._lasting("shut", held and not self.opened)
        return dataclasses.replace(memory, shut=shut, opened=self.opened)

    def answered(self, pod: str, kind: str, refused: str | None, *, forbidden: bool) -> None:
        """Remember how a server answered an action; `refused` is None if it accepted the action."""
        now = self._clock()
        if refused is None:
            self._refused = {key: at for key, at in self._refused.items() if key[:2] != (pod, kind)}
            return
        since, _ = self._refused.get(key := (pod, kind, refused, forbidden), (now, now))
        self._refused[key] = since, now

    def looked(self, mine: View) -> bool:
        """Whether all pods have been looked at since our server started, or it started alone."""
        return self._looked and mine.run_id == self._run

    def restarted(self, mine: View | Unreachable) -> bool:
        """Whether our server has restarted since the last look at which it answered."""
        return isinstance(mine, View) and self._run not in {"", mine.run_id}

    def _timers(self, me: Pod, pods: Sequence[Pod]) -> Timers:
        my = me.view
        if my is not None and my.run_id != self._run:
            # The addresses that a server knows at its start may be old.
            self._run, self._looked = my.run_id, my.alone
            self._since.pop(_HALVED, None)
        alone = my is not None and my.alone
        idle = roleless(my)
        for pod in pods:
            said = pod.view.setting(fast_form.NODE_TIMEOUT) if pod.view else None
            if (
                pod.view is not None
                and said is not None
                and not fast_form.has_low_node_timeout(pod.view)
            ):
                self._node_timeouts[pod.name] = int(said)
            if pod.view is not None and pod.view.myself.slots:
                self._since.setdefault(f"slots of {pod.name}", self._clock())
        if any(pod.view is not None and fast_form.has_low_node_timeout(pod.view) for pod in pods):
            self._since.setdefault("dipped", self._clock())
        return Timers(
            marked=self._lasting("marked", my is not None and fast_form.marked(my)),
            own_dip=self._lasting("own dip", my is not None and fast_form.has_low_node_timeout(my)),
            # Measured apart: a node that was blank for long and was met just now is about to get
            # its role.
            idle=max(
                self._lasting("blank", idle and alone),
                self._lasting("met", idle and not alone),
            ),
            dipped=self._clock() - self._since["dipped"] if "dipped" in self._since else None,
            looked=self._looked,
            halved=self._clock() - self._since.get(_HALVED, self._clock()),
            unwell=self._lasting("unwell", my is not None and _unwell(my)),
            leaving=self._lasting("leaving", my is not None and leaving_mark.marked(my)),
            open_slots=((me.name, self._open_for(my.myself.open_slots if my is not None else ())),),
            unlinked=tuple((pod.name, self._unlinked(pod)) for pod in pods),
            refused=self._refusals(),
            strange=tuple(
                (pod.name, seconds) for pod in pods if (seconds := self._strange(pod)) is not None
            ),
            node_timeouts=tuple(sorted(self._node_timeouts.items())),
            slotted=tuple(
                (pod.name, self._clock() - self._since[f"slots of {pod.name}"])
                for pod in pods
                if f"slots of {pod.name}" in self._since
            ),
        )

    def _refusals(self) -> tuple[Refusal, ...]:
        """Return the refusals that were seen lately."""
        now = self._clock()
        self._refused = {key: at for key, at in self._refused.items() if now - at[1] < _REFUSED}
        return tuple(
            Refusal(*key, seconds=now - since) for key, (since, _) in sorted(self._refused.items())
        )

    def _open_for(self, some: tuple[OpenSlot, ...]) -> float:
        """Return how long exactly these slots have been open; 0 if none is."""
        if some != self._open:
            self._open = some
            self._since.pop(_OPEN, None)
        return self._lasting(_OPEN, bool(some))

    def _unlinked(self, pod: Pod) -> float:
        """Return how long the pod's replica has had no link to its primary."""
        view = pod.view
        down = view is not None and view.myself.is_replica and not view.link_up
        return self._lasting(f"no link of {pod.name}", down)

    def _strange(self, pod: Pod) -> float | None:
        """Return how long a foreign node has answered at the pod's name; None if none does."""
        strange = (
            pod.view is not None
            and prove(pod.view, pod.hostname, pod.address, self._topology) is Proof.STRANGER
        )
        seconds = self._lasting(f"stranger as {pod.name}", strange)
        return seconds if strange else None

    def _lasting(self, what: str, so: bool) -> float:
        """Return for how many seconds `what` has been true at each look; 0 if it is not now."""
        if not so:
            self._since.pop(what, None)
            return 0.0
        return self._clock() - self._since.setdefault(what, self._clock())


def roleless(my: View | Unreachable | None) -> bool:
    """Whether a node was read and has no role: no slots, no primary, and no keys."""
    return isinstance(my, View) and not (my.myself.is_replica or my.myself.slots or my.keys)


def _unwell(my: View) -> bool:
    return any(not bus.connected(my, one) for one in my.others if not one.handshake)
