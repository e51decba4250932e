"""One look at all pods for a person: whatever the plan needs, and what only sidecars remember."""

from __future__ import annotations

import asyncio
import dataclasses
import time

from bootstrap import plan as planning
from bootstrap.model import sidecar_report
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.observe import other_sidecars
from bootstrap.observe.observer import Observer
from bootstrap.plan.verdict import LookFurther, Plan
from bootstrap.show import sidecars

_SECONDS = 3.0
"""Seconds for which DNS is asked again about names that it has not answered."""
_SETTLING = 1.5
"""Seconds after which a look that finds links of the cluster bus missing is repeated."""


async def look(observer: Observer, http: tuple[str, int] | None) -> tuple[Snapshot, Plan]:
    """Look at all pods, whatever the plan needs, and plan. `http` is BOOTSTRAP_HTTP.

    Sidecars are asked at that port.
    """
    ends = time.monotonic() + _SECONDS
    observer.ports.at_once = True
    snapshot = await observer.look(Scope.ALL)
    while (unasked := _unasked(snapshot)) or _unlisted(snapshot, observer):
        if time.monotonic() >= ends:
            if unasked:
                # If a server hangs, a look takes long, and few questions had their turn.
                await observer.names.ask_plainly(unasked)
                snapshot = await observer.look(Scope.ALL)
            break
        await asyncio.sleep(min(0.1, max(0.0, ends - time.monotonic())))
        snapshot = await observer.look(Scope.ALL)
    if any(pod.bus is not None for pod in snapshot.pods):
        await asyncio.sleep(_SETTLING)  # nodes that have just met have no links yet
        snapshot = await observer.look(Scope.ALL)
    if _nameless(snapshot, observer.topology):
        # The Service's own name shows why no pod has a name.
        await observer.names.ask_plainly([observer.topology.subdomain])
        snapshot = await observer.look(Scope.ALL)
    said, found = await asyncio.gather(
        _sidecars(snapshot, observer.topology, http), observer.dialled(snapshot)
    )
    memory = sidecar_report.remembered(
        snapshot.timers, said, observer.topology.name, snapshot.names
    )
    snapshot = dataclasses.replace(snapshot, timers=memory, primary_answer=found, reports=said)
    return await planned(observer, sidecars.explained(snapshot))


async def planned(observer: Observer, snapshot: Snapshot) -> tuple[Snapshot, Plan]:
    """Plan from a look at all pods; count the keys that the plan depends on, if any."""
    decided = planning.decide(snapshot, observer.topology)
    if isinstance(decided, LookFurther):  # a look at all pods lacks nothing but counted keys
        counted = decided.counting, await observer.strays(decided.counting)
        snapshot = dataclasses.replace(snapshot, counted=counted)
    return snapshot, planning.plan(snapshot, observer.topology)


async def _sidecars(
    snapshot: Snapshot, topology: Topology, http: tuple[str, int] | None
) -> tuple[sidecar_report.SidecarReport, ...]:
    """Return the reports of our own sidecar and of the other pods' sidecars that answer."""
    places = {pod.name: pod.address for pod in snapshot.pods if pod.address}
    places.pop(topology.name, None)
    own, others = await asyncio.gather(
        other_sidecars.own(topology.name, http), other_sidecars.others(places, http)
    )
    return (*([own] if own else ()), *others)


def _nameless(snapshot: Snapshot, topology: Topology) -> bool:
    """Whether DNS denies all other pods, and has not answered about the Service itself."""
    others = [pod for pod in snapshot.pods if pod.name != topology.name]
    told = snapshot.service is not None and snapshot.service.state != "unknown"
    return bool(others) and not told and all(pod.resolved.state == "absent" for pod in others)


def _unasked(snapshot: Snapshot) -> list[str]:
    """Return the hostnames of pods that DNS was not asked about, and that were not found."""
    return [pod.hostname for pod in snapshot.pods if pod.node is None and not pod.resolved.asked]


def _unlisted(snapshot: Snapshot, observer: Observer) -> bool:
    """Whether the list of the Service's pods is still missing and needed."""
    if snapshot.listed:
        return False
    # Without a size no pod is expected by name. The seed asks for the list only after it has found
    # all pods and their nodes are proven.
    all_proven = all(observer.node_of(pod.name) for pod in snapshot.pods)
    return observer.topology.size is None or (observer.topology.seed and all_proven)
