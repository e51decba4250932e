"""Which shard a node without a role follows: its pod's, or the one most in need."""

from __future__ import annotations

from collections import Counter

from bootstrap.model import layout as layouts
from bootstrap.model.actions import Replicate
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import formation
from bootstrap.plan.verdict import Phase, Plan, Step


def _followers(facts: Facts) -> Counter[str | None]:
    """Replicas by primary. What a sibling says of itself is newer than what gossip says of it."""
    known = [member for member in facts.my.members if member.is_replica and not member.failed]
    known += [view.myself for _, view in facts.viewed if view.myself.is_replica]
    return Counter({member.node_id: member.primary_id for member in known}.values())


def replicate(facts: Facts, primaries: list[Member], served: set[str]) -> Plan:
    """The shard that the pod served before, or else the one with fewest replicas.

    Among equals one that is apart by host, then zone; then as laid out. No layout has later pods.
    Several may come at once and not see each other yet: by their ordinals they take the shards in
    turn.
    """
    followers = _followers(facts)
    laid_out = _laid_out(facts)
    here = facts.place(facts.me)
    in_order = sorted(primaries, key=lambda member: member.slots)

    def preference(member: Member) -> tuple[bool, int, bool, bool, bool, int]:
        pod = facts.pod_by_id.get(member.node_id)
        there = facts.place(pod) if pod else layouts.UNKNOWN
        host, zone = layouts.together(here, there)
        wrong_primary = pod is None or pod.ordinal not in laid_out
        turn = (in_order.index(member) - facts.topology.ordinal) % len(in_order)
        elsewhere = member.node_id not in served
        return elsewhere, followers[member.node_id], host, zone, wrong_primary, turn

    chosen = min(primaries, key=preference)
    pod = facts.pod_by_id.get(chosen.node_id)
    why = f"its shard has {followers[chosen.node_id]} replicas, none has fewer"
    if chosen.node_id in served:
        why = f"{facts.me.name} served its shard before it lost its volume"
    action = Replicate(
        pod=facts.me.name,
        primary=pod.name if pod else facts.name(chosen),
        primary_id=chosen.node_id,
        why=why,
    )
    step = Step(actions=(action,), until="its link to the primary is up")
    return Plan(phase=Phase.JOIN, steps=(step,), look=Scope.ALL)


def _laid_out(facts: Facts) -> set[int]:
    """Ordinals of the shard that the layout has our pod in; empty for later pods.

    Not only its primary: that may have handed over to one of its replicas.
    """
    found = formation(facts)
    if found is None or facts.topology.ordinal not in facts.topology.ordinals:
        return set()
    first = found.layout.primary_of
    mine = first(facts.topology.ordinal)
    shard = facts.topology.ordinal if mine is None else mine
    return {one for one in facts.topology.ordinals if shard in (one, first(one))}


def before(facts: Facts) -> set[str]:
    """Ids of the nodes that were in one shard with the one that our pod was before.

    A ghost that was a replica still names its primary; one whose place was taken over names
    nobody, and only `CLUSTER SHARDS` (redis 7.2) remembers.
    """
    known = {member.node_id: member for _, view in facts.viewed for member in view.members}
    ids = {one.node_id for one in known.values() if facts.ghost(one) is facts.me}
    ids |= {one.primary_id for one in known.values() if one.node_id in ids and one.primary_id}
    for _, view in facts.viewed:
        for together in view.shards:
            if together & ids:
                ids |= together
    return ids
