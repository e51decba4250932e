"""Looks once at all pods, for `status` and a dry run. Never writes."""

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
from bootstrap.plan.verdict import LookFurther, Plan
from bootstrap.show import cluster_table, headline, plan_text, shards, sidecars
from bootstrap.show.cause import Verdict
from bootstrap.show.headline import Headline

_SECONDS = 3.0
"""Seconds for which DNS is asked again about names that it has not answered."""
_SETTLING = 1.5
"""Seconds after which a look that finds links of the cluster bus missing is repeated."""

_BOTH = {
    Exit.FAILED: "this pod's own Redis could not be looked at",
    Exit.BLOCKED: "blocked: the sidecar does nothing more until a person has acted",
    Exit.CONFIGURATION: "configuration: no cluster can be formed with it",
}
_DRY_RUN = _BOTH | {
    Exit.REACHED: "this pod has nothing to do; `status` judges the others too",
    Exit.NOT_YET: "not there yet: steps are pending, something is waited for, or a fault is to be"
    " mended",
}
"""What the exit status of a dry run means."""
_STATUS = _BOTH | {
    Exit.REACHED: "all is well",
    Exit.NOT_YET: "something of the cluster is missing, in trouble, or not there yet",
}
"""What the exit status of `status` means."""


async def dry_run(observer: Observer, output: str, http: tuple[str, int] | None = None) -> int:
    """Print what is seen of all pods, and what would be done; return the exit status.

    `output` is `json` or text, and `http` is BOOTSTRAP_HTTP, where sidecars are asked.
    """
    snapshot, plan = await _look(observer, http)
    if not plan.reached:
        # If all is well, there is no such danger now, and the note would appear each time.
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
    """Print the cluster by its shards; return the exit status. The arguments are as above."""
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
    """Return the text with the meaning of the exit status below the headline."""
    first, _, rest = text.partition("\n")
    return f"{first}\nexit status {ended:d}: {meaning}\n{unasked}{rest}"


def _unasked_sidecar(snapshot: Snapshot, found: Headline, http: tuple[str, int] | None) -> str:
    """Say why durations are not known, if the headline is WAIT; else empty."""
    if found.verdict is not Verdict.WAIT or any(one.memory for one in snapshot.reports):
        return ""
    where = (
        f"no sidecar answered at port {http[1]} of this pod" if http else "BOOTSTRAP_HTTP is off"
    )
    return f"{where}: for how long it has been so is not known, look again in a minute\n"


def _verdict(snapshot: Snapshot, plan: Plan, topology: Topology, found: Headline) -> Exit:
    """Return the exit status for a snapshot and its plan."""
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
    """Look at all pods, whatever the plan needs, and plan."""
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
    snapshot = sidecars.explained(snapshot)
    decided = planning.decide(snapshot, observer.topology)
    if isinstance(decided, LookFurther):  # a look at all pods lacks nothing but counted keys
        snapshot = await observer.counted(snapshot, decided.counting)
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
