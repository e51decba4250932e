"""Chooses the shard that a node without a role joins as a replica.

It is the shard that the pod served before it lost its volume, or else the one with fewest replicas.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

from bootstrap.model import layout as layouts
from bootstrap.model.actions import Replicate
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import formation
from bootstrap.plan.reshard import seen_shards
from bootstrap.plan.reshard.standing import first_beyond
from bootstrap.plan.verdict import Phase, Plan, Step


def _followers(facts: Facts) -> Counter[str | None]:
    """The number of replicas of each primary, by its id.

    What a peer says of itself is newer than what gossip says of that peer, and counts. If a number
    of shards is wished, and needs our pod, only replicas count that it needs too: others may go.
    """
    known = [member for member in facts.my.members if member.is_replica and not member.failed]
    known += [view.myself for _, view in facts.viewed if view.myself.is_replica]
    needed = {one.node_id: one.primary_id for one in known if not _may_go(facts, one)}
    return Counter(needed.values())


def _may_go(facts: Facts, member: Member) -> bool:
    """Whether our pod is one that the wished shards need, and a replica's pod is none."""
    wish, topology = facts.snapshot.wished.wish, facts.topology
    if wish is None or wish.shards is None:
        return False
    beyond = first_beyond(topology, wish.shards)
    ordinal = seen_shards.ordinal(facts, member)
    return topology.ordinal < beyond and ordinal is not None and ordinal >= beyond


def replicate(facts: Facts, primaries: list[Member], former: set[str]) -> Plan:
    """The plan to follow the primary of the chosen shard. `former` are ids of the pod's old shard.

    Shards with equally few replicas are chosen in this order: the primary owns slots, then it runs
    on another host, then in another zone, then the layout has our pod in that shard. The layout has
    no pods beyond the first formation. Several of these may come at once, and not see each other
    yet: so each starts with another shard, by its ordinal. Those that see each other are shared
    out, so that none takes the last shard that another could follow.
    """
    followers = _followers(facts)
    planned = _planned_shard(facts, facts.topology.ordinal)
    here = facts.place(facts.me)
    in_order = sorted(primaries, key=lambda member: member.slots)

    def preference(member: Member) -> tuple[bool, int, bool, bool, bool, bool, int]:
        pod = facts.pod_by_id.get(member.node_id)
        there = facts.place(pod) if pod else layouts.UNKNOWN
        host, zone = layouts.together(here, there)
        unplanned = pod is None or pod.ordinal not in planned
        turn = _turn(in_order, member, facts.topology.ordinal)
        elsewhere = member.node_id not in former
        empty = not member.slots
        return elsewhere, followers[member.node_id], empty, host, zone, unplanned, turn

    shared = None if former else _shared_out(facts, in_order, followers)
    chosen = shared or min(primaries, key=preference)
    pod = facts.pod_by_id.get(chosen.node_id)
    why = f"its shard has {followers[chosen.node_id]} replicas, none has fewer"
    if chosen.node_id in former:
        why = f"{facts.me.name} served its shard before it lost its volume"
    action = Replicate(
        pod=facts.me.name,
        primary=pod.name if pod else facts.name(chosen),
        primary_id=chosen.node_id,
        why=why,
    )
    step = Step(actions=(action,), until="its link to the primary is up")
    return Plan(phase=Phase.JOIN, steps=(step,), look=Scope.ALL)


def _shared_out(
    facts: Facts, primaries: list[Member], followers: Counter[str | None]
) -> Member | None:
    """Return the primary that is our pod's if all that wait for one are shared out; None: any.

    Only where it matters: where one of them is on the host, or in the zone, of such a primary.
    """
    newcomers = seen_shards.newcomers(facts, {one.node_id for one in primaries})
    vacancies = [
        one
        for one in primaries
        for _ in range(facts.topology.replicas_per_shard - followers[one.node_id])
    ]
    owners = [one for one in vacancies if one.slots]
    # Where there are fewer newcomers, those that wait for slots come last.
    lacking = owners if len(newcomers) <= len(owners) else vacancies
    pods = [facts.pod_by_id.get(one.node_id) for one in lacking]
    there = [facts.place(pod) if pod else layouts.UNKNOWN for pod in pods]
    here = [facts.place(pod) for pod in newcomers]
    if len(here) <= 1 or not any(True in layouts.together(*pair) for pair in product(here, there)):
        return None

    def elsewhere(newcomer: Pod, pod: Pod | None, primary: Member) -> bool:
        planned = _planned_shard(facts, newcomer.ordinal)
        if planned:
            return pod is None or pod.ordinal not in planned
        return _turn(primaries, primary, newcomer.ordinal) > 0

    moved = [
        [elsewhere(one, pod, primary) for pod, primary in zip(pods, lacking, strict=True)]
        for one in newcomers
    ]
    taken = layouts.share_out(here, there, moved)[newcomers.index(facts.me)]
    return None if taken is None else lacking[taken]


def _turn(primaries: list[Member], primary: Member, ordinal: int) -> int:
    """Return how late a primary's turn is for a pod that the layout does not have."""
    return (primaries.index(primary) - ordinal) % len(primaries)


def _planned_shard(facts: Facts, ordinal: int) -> set[int]:
    """Ordinals of the shard that the layout has a pod in; empty for pods beyond the layout.

    All its pods count, since the first primary may have handed its role over to a replica.
    """
    found = formation(facts)
    if found is None or ordinal not in facts.topology.ordinals:
        return set()
    first = found.layout.primary_of
    mine = first(ordinal)
    shard = ordinal if mine is None else mine
    return {one for one in facts.topology.ordinals if shard in (one, first(one))}


def former_shard(facts: Facts) -> set[str]:
    """Ids of our pod's former nodes, and of the nodes that were in one shard with these.

    A ghost that was a replica still names its primary. A ghost whose slots a replica took over
    names no node, and only `CLUSTER SHARDS` (redis 7.2) still has its shard.
    """
    known = {member.node_id: member for _, view in facts.viewed for member in view.members}
    ids = {one.node_id for one in known.values() if facts.pod_of_ghost(one) is facts.me}
    ids |= {one.primary_id for one in known.values() if one.node_id in ids and one.primary_id}
    for _, view in facts.viewed:
        for together in view.shards:
            if together & ids:
                ids |= together
    return ids
