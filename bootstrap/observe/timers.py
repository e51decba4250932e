"""Measures since when something has been so, and remembers what was before."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from bootstrap.model import fast_form
from bootstrap.model.actions import Failover
from bootstrap.model.snapshot import Pod, Scope, Unreachable, Volume
from bootstrap.model.timers import Refusal, Timers
from bootstrap.model.topology import Topology
from bootstrap.model.view import OpenSlot, View
from bootstrap.plan import last_copy, timed

_HALVED = ("halved", "")
_DIPPED = ("dipped", "")
_REFUSED = 30.0
"""Seconds after which a refusal that was not seen again is forgotten."""


class Stopwatches:
    """Remembers across looks, until the process ends."""

    def __init__(self, topology: Topology, clock: Callable[[], float]) -> None:
        """Remember nothing yet. `clock` gives seconds."""
        self._topology = topology
        self._clock = clock
        self._since: dict[tuple[str, str], float] = {}
        """Since when something has been so, by what it is and the pod; of our own node, no pod."""
        self._node_timeouts: dict[str, int] = {}
        self._open: tuple[OpenSlot, ...] = ()
        self._run = ""
        self._refused: dict[tuple[str, str, str, bool], tuple[float, float]] = {}
        """Refusals by pod, kind, reason and `forbidden`: the times of the first and the last."""
        self._emptied: set[str] = set()
        self._denied: dict[str, tuple[float, float]] = {}
        """Since when DNS has denied a pod's name, and when that was seen last."""
        self._failed_over: float | None = None
        self._new = False
        """Whether our node was seen to know no other, and has had no role since."""
        self._looked = True
        self.opened = False
        """Whether the start gate has been opened; the observer sets this."""

    def of(
        self, scope: Scope, me: Pod, pods: Sequence[Pod], volume: Volume | None = None
    ) -> Timers:
        """Return the timers of a look, and remember what the look saw.

        `me` is our own pod, `pods` are all pods that were looked at, ours included.
        """
        found = self._timers(me, pods)
        self._looked = self._looked or scope is Scope.ALL
        if scope is Scope.HALF:
            self._since.setdefault(_HALVED, self._clock())
        kept_down = volume is not None and timed.kept_down(volume, self._topology)
        shut = self._lasting("shut", kept_down and not self.opened)
        return dataclasses.replace(found, shut=shut, opened=self.opened)

    def answered(self, pod: str, kind: str, refused: str | None, *, forbidden: bool) -> None:
        """Remember how a server answered an action; `refused` is None if it accepted the action."""
        now = self._clock()
        if refused is None and kind == Failover.kind:
            self._failed_over = now
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
        self._remember(pods)
        own = {
            name: self._lasting(name, my is not None and holds(my))
            for name, holds in timed.OWN.items()
        }
        strange = {pod.name: self._lasting_of(pod, "strange") for pod in pods}
        return Timers(
            marked=own["marked"],
            own_dip=own["own_dip"],
            idle=max(own["blank"], own["met"]),
            unwell=own["unwell"],
            unnamed=own["unnamed"],
            leaving=own["leaving"],
            dipped=self._clock() - self._since[_DIPPED] if _DIPPED in self._since else None,
            looked=self._looked,
            halved=self._clock() - self._since.get(_HALVED, self._clock()),
            open_slots=((me.name, self._open_for(my.myself.open_slots if my is not None else ())),),
            unlinked=tuple((pod.name, self._lasting_of(pod, "unlinked")) for pod in pods),
            refused=self._refusals(),
            emptied=self._losing(my, pods),
            came_back=self._came_back(my),
            failed_over=None if self._failed_over is None else self._clock() - self._failed_over,
            absent=self._denials(pods),
            strange=tuple(
                (pod, seconds)
                for pod, seconds in strange.items()
                if ("strange", pod) in self._since
            ),
            node_timeouts=tuple(sorted(self._node_timeouts.items())),
            slotted=tuple(
                (pod.name, self._clock() - self._since["slots", pod.name])
                for pod in pods
                if ("slots", pod.name) in self._since
            ),
        )

    def _came_back(self, my: View | None) -> bool:
        """Return whether our node has no role, and was not new when it was first seen so."""
        if my is None:
            return False
        self._new = timed.roleless(my) and (self._new or my.alone)
        return timed.roleless(my) and not self._new

    def _denials(self, pods: Sequence[Pod]) -> tuple[tuple[str, float], ...]:
        """Return for how long DNS has denied each pod's name, without a break."""
        now = self._clock()
        seen = {pod.name: timed.denied(pod) for pod in pods}
        kept = {
            name: (since, now if seen.get(name) else last)
            for name, (since, last) in self._denied.items()
            if now - last <= timed.DENIED_BREAK and seen.get(name, True)
        }
        new = {name: (now, now) for name, denied in seen.items() if denied and name not in kept}
        self._denied = kept | new
        return tuple((name, now - since) for name, (since, _) in sorted(self._denied.items()))

    def _losing(self, my: View | None, pods: Sequence[Pod]) -> tuple[str, ...]:
        """Return the runs of our replica's primary from which it would have copied a loss."""
        if my is not None:
            if my.link_up or not my.myself.is_replica:
                self._emptied.clear()
            primaries = (view for view in (pod.view for pod in pods) if view is not None)
            self._emptied |= {
                view.run_id
                for view in primaries
                if view.node_id == my.myself.primary_id and last_copy.loses(my, view)
            }
        return tuple(sorted(self._emptied))

    def _remember(self, pods: Sequence[Pod]) -> None:
        """Remember what a node had before, and when some things were first seen."""
        for pod, view in ((pod, pod.view) for pod in pods if pod.view is not None):
            said = view.setting(fast_form.NODE_TIMEOUT)
            if fast_form.has_low_node_timeout(view):
                self._since.setdefault(_DIPPED, self._clock())
            elif said is not None:
                self._node_timeouts[pod.name] = int(said)
            if view.myself.slots:
                self._since.setdefault(("slots", pod.name), self._clock())

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
            self._since.pop(("open", ""), None)
        return self._lasting("open", bool(some))

    def _lasting_of(self, pod: Pod, name: str) -> float:
        """Return how long a condition of `timed.PODS` has held for a pod; 0 if it does not."""
        return self._lasting(name, timed.PODS[name](pod, self._topology), pod.name)

    def _lasting(self, what: str, so: bool, pod: str = "") -> float:
        """Return for how many seconds `what` has been true at each look; 0 if it is not now."""
        if not so:
            self._since.pop((what, pod), None)
            return 0.0
        return self._clock() - self._since.setdefault((what, pod), self._clock())
