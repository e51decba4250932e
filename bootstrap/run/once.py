"""A single look for a person: `status` and a dry run. Never writes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from bootstrap.config.errors import Exit
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.observe.observer import Observer
from bootstrap.plan import codes, start_gate
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Plan
from bootstrap.run import look
from bootstrap.show import cluster_table, headline, plan_text, shards
from bootstrap.show.cause import Verdict
from bootstrap.show.headline import Headline

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
    snapshot, plan = await look.look(observer, http)
    if not plan.reached:
        # If all is well, there is no such danger now, and the note would appear each time.
        plan = dataclasses.replace(
            plan, notes=(*plan.notes, *start_gate.unguarded(observer.topology))
        )
    found = headline.headline(Facts(snapshot, observer.topology), plan)
    ended = verdict_of(snapshot, plan, observer.topology, found)
    if output == "json":
        print(json.dumps(plan_text.as_json(snapshot, plan, observer.topology), indent=1))
    else:
        text = plan_text.as_text(snapshot, plan, observer.topology)
        print(_told(text, _DRY_RUN[ended], ended, _unasked_sidecar(snapshot, found, http)))
    await observer.close()
    return ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look for `status` has found."""

    facts: Facts
    plan: Plan
    headline: Headline
    ended: Exit
    """The exit status of this look."""
    text: str
    """What `status` prints."""


async def see(observer: Observer, output: str, http: tuple[str, int] | None = None) -> Seen:
    """Look once for `status`. The arguments are as above."""
    snapshot, plan = await look.look(observer, http)
    topology = observer.topology
    cluster, facts = shards.cluster(snapshot, topology), Facts(snapshot, topology)
    found = headline.headline(facts, plan, cluster)
    verdict = verdict_of(snapshot, plan, topology, found)
    ended = Exit.NOT_YET if verdict is Exit.REACHED and not cluster.well else verdict
    if output == "json":
        text = json.dumps(cluster_table.as_json(cluster, snapshot, plan, topology), indent=1)
    else:
        text = cluster_table.as_text(cluster, snapshot, plan, topology)
        text = _told(text, _STATUS[ended], ended, _unasked_sidecar(snapshot, found, http))
    return Seen(facts=facts, plan=plan, headline=found, ended=ended, text=text)


async def shards_of(observer: Observer, output: str, http: tuple[str, int] | None = None) -> int:
    """Print the cluster by its shards; return the exit status. The arguments are as above."""
    seen = await see(observer, output, http)
    print(seen.text)
    await observer.close()
    return seen.ended


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


def verdict_of(snapshot: Snapshot, plan: Plan, topology: Topology, found: Headline) -> Exit:
    """Return the exit status for a snapshot and its plan."""
    me = snapshot.pod(topology.name)
    refusal = refused(plan)
    if refusal is not None:
        return refusal
    if me is None or me.view is None:
        return Exit.FAILED
    well = plan.reached and not plan.alarms and found.verdict is Verdict.HEALTHY
    return Exit.REACHED if well else Exit.NOT_YET


def refused(plan: Plan) -> Exit | None:
    """Return the exit status of a plan's refusals; None if it refuses nothing."""
    if any(block.code in codes.SIZE for block in plan.blocked):
        return Exit.CONFIGURATION
    return Exit.BLOCKED if plan.blocked else None
