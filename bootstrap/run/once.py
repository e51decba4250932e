"""Looks once at all pods, for a person: dry run and status. Never writes."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time

from bootstrap import plan as planning
from bootstrap.config.errors import Exit
from bootstrap.model import sidecar_report
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.observe import other_sidecars
from bootstrap.observe.observer import Observer
from bootstrap.plan import codes, start_gate
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Plan
from bootstrap.show import cluster_table, headline, plan_text, shards, sidecars
from bootstrap.show.cause import Verdict
from bootstrap.show.headline import Headline

#: How long DNS is asked again for names that there is no word of yet, in seconds.
_SECONDS = 3.0
#: After how long a look that misses links on the cluster bus is taken once more, in seconds.
_SETTLING = 1.5

_BOTH = {
    Exit.FAILED: "this pod's own Redis could not be looked at",
    Exit.BLOCKED: "blocked: the sidecar does nothing more until a person has acted",
    Exit.CONFIGURATION: "configuration: no cluster can be formed with it",
}
#: What the exit status of each command means to a person.
_DRY_RUN = _BOTH | {
    Exit.REACHED: "this pod has nothing to do; `status` judges the others too",
    Exit.NOT_YET: "not there yet: steps are pending, something is waited for, or a fault is to be"
    " mended",
}
_STATUS = _BOTH | {
    Exit.REACHED: "all is well",
    Exit.NOT_YET: "something of the cluster is missing, in trouble, or not there yet",
}


async def dry_run(observer: Observer, output: str, http: tuple[str, int] | None = None) -> int:
    """What is seen of all pods, and what would be done. `http` is where sidecars are asked."""
    snapshot, plan = await _look(observer, http)
    if not plan.reached:
        # Where all is well it would be said at every look, of a danger that is not there now.
        plan = dataclasses.replace(
            plan, notes=(*plan.notes, *start_gate.unguarded(observer.topology))
        )
    found = headline.headline(Facts(snapshot, observer.topology), plan)
    ended = _verdict(snapshot, plan, observer.topology, found)
    if output == "json":
        print(json.dumps(plan_text.as_json(snapshot, plan, observer.topology), indent=1))
    else:
        text = plan_text.as_text(snapshot, plan, observer.topology)
        print(_told(text, _DRY_RUN[ended], ended, _unasked_sidecar(snapshot, found, http)))
    await observer.close()
    return ended


async def shards_of(observer: Observer, output: str, http: tuple[str, int] | None = None) -> int:
    """The cluster by its shards; well only if nothing of it is missing."""
    snapshot, plan = await _look(observer, http)
    cluster = shards.cluster(snapshot, observer.topology)
    found = headline.headline(Facts(snapshot, observer.topology), plan, cluster)
    verdict = _verdict(snapshot, plan, observer.topology, found)
    ended = Exit.NOT_YET if verdict is Exit.REACHED and not cluster.well else verdict
    if output == "json":
        print(
            json.dumps(cluster_table.as_json(cluster, snapshot, plan, observer.topology), indent=1)
        )
    else:
        text = cluster_table.as_text(cluster, snapshot, plan, observer.topology)
        print(_told(text, _STATUS[ended], ended, _unasked_sidecar(snapshot, found, http)))
    await observer.close()
    return ended


def _told(text: str, meaning: str, ended: Exit, unasked: str) -> str:
    """What is shown, with the meaning of the exit status below the headline."""
    first, _, rest = text.partition("\n")
    return f"{first}\nexit status {ended:d}: {meaning}\n{unasked}{rest}"


def _unasked_sidecar(snapshot: Snapshot, found: Headline, http: tuple[str, int] | None) -> str:
    """Why it is not known for how long it has been so, where that would matter; else empty."""
    if found.verdict is not Verdict.WAIT or any(one.memory for one in snapshot.reports):
        return ""
    where = (
        f"no sidecar answered at port {http[1]} of this pod" if http else "BOOTSTRAP_HTTP is off"
    )
    return f"{where}: for how long it has been so is not known, look again in a minute\n"


def _verdict(snapshot: Snapshot, plan: Plan, topology: Topology, found: Headline) -> Exit:
    """What the look and the plan come to, as an exit status."""
    me = snapshot.pod(topology.name)
    if any(block.code in codes.SIZE for block in plan.blocked):
        return Exit.CONFIGURATION
    if plan.blocked:
        return Exit.BLOCKED
    if me is None or me.view is None:
        return Exit.FAILED
    well = plan.reached and not plan.alarms and found.verdict is Verdict.HEALTHY
    return Exit.REACHED if well else Exit.NOT_YET


async def _look(observer: Observer, http: tuple[str, int] | None) -> tuple[Snapshot, Plan]:
    """Everything, whatever the plan needs: a person wants to see it all."""
    ends = time.monotonic() + _SECONDS
    observer.ports.at_once = True
    snapshot = await observer.look(Scope.ALL)
    while (unasked := _unasked(snapshot)) or _unlisted(snapshot, observer):
        if time.monotonic() >= ends:
            if unasked:
                # A look takes long where a server hangs, and then few questions had their turn.
                await observer.names.ask_plainly(unasked)
                snapshot = await observer.look(Scope.ALL)
            break
        await asyncio.sleep(min(0.1, max(0.0, ends - time.monotonic())))
        snapshot = await observer.look(Scope.ALL)
    if any(pod.bus is not None for pod in snapshot.pods):
        await asyncio.sleep(_SETTLING)  # links between nodes that have just met are still to come
        snapshot = await observer.look(Scope.ALL)
    if _nameless(snapshot, observer.topology):
        # What the Service's own name says tells why no pod has one.
        await observer.names.ask_plainly([observer.topology.subdomain])
        snapshot = await observer.look(Scope.ALL)
    said, found = await asyncio.gather(
        _sidecars(snapshot, observer.topology, http), observer.dialled(snapshot)
    )
    memory = sidecar_report.remembered(
        snapshot.timers, said, observer.topology.name, snapshot.names
    )
    snapshot = dataclasses.replace(snapshot, timers=memory, primary_answer=found, reports=said)
    snapshot = sidecars.explained(snapshot)
    return snapshot, planning.plan(snapshot, observer.topology)


async def _sidecars(
    snapshot: Snapshot, topology: Topology, http: tuple[str, int] | None
) -> tuple[sidecar_report.SidecarReport, ...]:
    """What the sidecars say that can be asked: our own pod's, and those of the others."""
    places = {pod.name: pod.address for pod in snapshot.pods if pod.address}
    places.pop(topology.name, None)
    own, others = await asyncio.gather(
        other_sidecars.own(topology.name, http), other_sidecars.others(places, http)
    )
    return (*([own] if own else ()), *others)


def _nameless(snapshot: Snapshot, topology: Topology) -> bool:
    """Whether DNS denies every other pod, and has not been asked about the Service itself."""
    others = [pod for pod in snapshot.pods if pod.name != topology.name]
    told = snapshot.service is not None and snapshot.service.state != "unknown"
    return bool(others) and not told and all(pod.resolved.state == "absent" for pod in others)


def _unasked(snapshot: Snapshot) -> list[str]:
    """Names of pods that DNS has not been asked about yet, and that were not found without it."""
    return [
        pod.hostname
        for pod in snapshot.pods
        if pod.node is None and pod.resolved.reason.startswith("not asked")
    ]


def _unlisted(snapshot: Snapshot, observer: Observer) -> bool:
    """Whether the service has not said yet who there is, though that matters."""
    if snapshot.listed:
        return False
    # Without a size no pod is expected by name. The seed asks the service itself only when it has
    # found all of them, each proven.
    everybody = all(observer.node_of(pod.name) for pod in snapshot.pods)
    return observer.topology.size is None or (observer.topology.seed and everybody)
