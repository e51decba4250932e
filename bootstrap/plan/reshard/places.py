"""Which pods serve which shard, where a number of shards is wished.

The wish needs the first pods: for each shard a primary and its replicas. These stand inside the
wish, and all others beyond. The target is:

- Each shard that stays has its primary and its replicas inside. So it lacks nothing when the pods
  beyond are gone.
- The pods beyond stand empty, as shards of their own: an empty primary, and its replicas. With
  their old volumes they are seats when more shards are wished again. No key has to leave them, and
  a replica could become no primary of new slots (`seats`).

Where failovers, or the first layout, have put pods elsewhere, three kinds of steps lead there. Each
sidecar commands its own node, the first step in order comes first, and none is made while slots
move:

1. A primary hands its role over: in a shard that stays from beyond to inside, and in one that is
   drained from inside to beyond. So the drained shard's empty primary is one that goes.
2. A replica inside that its shard does not need follows a shard that lacks one: a replica of a
   drained shard, once that has lost its last slot, or one of a shard that has more than it should.
3. A replica beyond that its shard does not need follows an empty primary beyond. Its shard has all
   its replicas inside by then, with their links.

A primary without slots inside the wish follows by itself, as any node without a role (`follow`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bootstrap.model import layout, slots
from bootstrap.model.actions import Failover, Replicate
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import Member
from bootstrap.plan import successor
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import durations
from bootstrap.plan.reshard import seen_shards
from bootstrap.plan.reshard.standing import Shard, Standing
from bootstrap.plan.verdict import Phase, Plan, Step, Wait

AGAIN = 5.5
"""Seconds after which a hand-over that did not happen is tried again: servers give up after 5 s
(cluster.c, CLUSTER_MF_TIMEOUT). Sent earlier, the command would only begin anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A replica."""

    node_id: str
    ordinal: int
    linked: bool
    """Whether it was read, and has its link."""


def roles(facts: Facts, found: Standing) -> Plan | None:
    """Return the plan while a primary has to hand its role over; None if none has to.

    To be asked only while no slot moves.
    """
    for shard, heirs in _misplaced(facts, found):
        return _hand_over(facts, found, shard, heirs)
    return None


def replicas(facts: Facts, found: Standing) -> Plan | None:
    """Return the plan while a replica has to follow another shard; None if none has to."""
    for one, source, target in _moves(facts, found):
        return _lead(facts, found, one, source, target)
    return None


def calm(facts: Facts, found: Standing) -> bool:
    """Whether our own node's view shows nothing that the others would have to be asked about."""
    return not any(True for _ in _misplaced(facts, found)) and not any(
        True for _ in _moves(facts, found)
    )


def inside(facts: Facts, found: Standing, shard: Shard) -> list[Follower]:
    """Return the shard's replicas inside the wish."""
    return [one for one in followers(facts, shard.node_id) if not found.beyond(one.ordinal)]


def followers(facts: Facts, primary_id: str) -> list[Follower]:
    """Return the replicas of a node, by ordinal, those included that may come back.

    What a node says of itself counts most.
    """
    said: dict[str, Member] = {}
    for view in (*(view for _, view in facts.viewed), facts.my):
        said |= {one.node_id: one for one in view.others if one.is_replica}
    said |= {view.node_id: view.myself for _, view in facts.viewed}
    return sorted(
        (
            Follower(node_id=node_id, ordinal=ordinal, linked=_linked(facts, node_id))
            for node_id, one in said.items()
            if one.primary_id == primary_id and facts.pod_of_ghost(one) is None
            if (ordinal := seen_shards.ordinal(facts, one)) is not None
        ),
        key=lambda one: (one.ordinal, one.node_id),
    )


def _misplaced(facts: Facts, found: Standing) -> Iterator[tuple[Shard, list[Follower]]]:
    """Yield the shards whose primary stands on the wrong side, with the replicas on the right."""
    for shard in found.owners:
        goes = shard in found.drained
        if found.beyond(shard.ordinal) == goes:
            continue
        right = [
            one for one in followers(facts, shard.node_id) if found.beyond(one.ordinal) == goes
        ]
        heirs = [one for one in right if _seems_linked(facts, one)]
        if heirs:
            yield shard, heirs


def _hand_over(facts: Facts, found: Standing, shard: Shard, heirs: list[Follower]) -> Plan:
    name = facts.pod_name(shard.node_id)
    if shard.node_id != facts.my.node_id:
        what = f"its role to be handed over to {_named(facts, heirs)}: only then slots move"
        return _waiting(Wait(pod=name, what=what, usual=durations.ELECTED))
    ids = {one.node_id for one in heirs}
    lines = [one for one in facts.my.others if one.node_id in ids]
    judged = [(successor.judge(facts, one), successor.pod_of(facts, one)) for one in lines]
    fit = [pod for (fitness, _), pod in judged if pod and fitness is successor.Fitness.FIT]
    tried = facts.snapshot.timers.failed_over
    if not fit or (tried is not None and tried < AGAIN):
        why = "; ".join(sorted(reason for (_, reason), _ in judged))
        return _waiting(Wait(pod=name, what=f"a replica to take over ({why})"))
    best = successor.best(facts, fit, ()).name
    side = "go" if shard in found.drained else "stay"
    why = f"its shard is to have its primary among the pods that {side}"
    action = Failover(pod=best, primary=facts.me.name, why=why)
    step = Step(actions=(action,), until=f"{best} has taken over", confirm=True)
    return Plan(phase=Phase.RESHARD, steps=(step,), look=Scope.ALL)


def _moves(facts: Facts, found: Standing) -> Iterator[tuple[Follower, Shard, Shard]]:
    """Yield replicas that are to follow another shard: which, where from, and where to."""
    for target in found.keepers:
        if len(inside(facts, found, target)) < found.topology.replicas_per_shard:
            yield from ((*one, target) for one in _spare_inside(facts, found, target))
    if not found.done:
        return
    for target in found.idle:
        if len(followers(facts, target.node_id)) < found.topology.replicas_per_shard:
            yield from ((*one, target) for one in _spare_beyond(facts, found, target))


def _spare_inside(facts: Facts, found: Standing, target: Shard) -> Iterator[tuple[Follower, Shard]]:
    """Yield the replicas inside the wish that their shards do not need, the best first."""
    free = [
        (one, shard)
        for shard in found.empty
        if shard not in found.keepers
        for one in inside(facts, found, shard)
        if _seems_linked(facts, one)
    ]
    more = [
        (one, shard)
        for shard in found.keepers
        if shard is not target
        for one in _surplus(facts, found, shard)
    ]
    yield from _nearest_last(facts, target, free)
    yield from _nearest_last(facts, target, more)


def _surplus(facts: Facts, found: Standing, shard: Shard) -> list[Follower]:
    """Return a shard's replicas inside the wish that are more than it should have."""
    wanted = found.topology.replicas_per_shard
    there = [one for one in inside(facts, found, shard) if _seems_linked(facts, one)]
    return there if len(there) > wanted else []


def _spare_beyond(facts: Facts, found: Standing, target: Shard) -> Iterator[tuple[Follower, Shard]]:
    """Yield the replicas beyond the wish whose shards have all that they need inside."""
    wanted = found.topology.replicas_per_shard
    spare = [
        (one, shard)
        for shard in found.owners
        if sum(_seems_linked(facts, one) for one in inside(facts, found, shard)) >= wanted
        for one in followers(facts, shard.node_id)
        if found.beyond(one.ordinal) and _seems_linked(facts, one)
    ]
    yield from _nearest_last(facts, target, spare)


def _nearest_last(
    facts: Facts, target: Shard, some: list[tuple[Follower, Shard]]
) -> list[tuple[Follower, Shard]]:
    """Order replicas: another host than the target's first, then another zone, then by ordinal."""

    def rank(one: tuple[Follower, Shard]) -> tuple[bool, bool, int]:
        pod = facts.pod_by_id.get(one[0].node_id)
        there = facts.place(pod) if pod else layout.UNKNOWN
        return (*layout.together(there, target.place), one[0].ordinal)

    return sorted(some, key=rank)


def _lead(facts: Facts, found: Standing, one: Follower, source: Shard, target: Shard) -> Plan:
    pod = facts.topology.name_of(one.ordinal)
    to = facts.pod_name(target.node_id)
    if one.node_id != facts.my.node_id:
        return _waiting(Wait(pod=pod, what=f"to follow {to}", usual=durations.COPIED))
    was = facts.pod_name(source.node_id)
    many = slots.many(found.wish, "shard")
    why = f"{many} are wished; {to} lacks a replica, and {was} does not need {pod}"
    action = Replicate(pod=pod, primary=to, primary_id=target.node_id, why=why)
    step = Step(actions=(action,), until=f"its link to {to} is up", confirm=True)
    return Plan(phase=Phase.RESHARD, steps=(step,), look=Scope.ALL)


def _waiting(wait: Wait) -> Plan:
    return Plan(phase=Phase.RESHARD, waiting=(wait,), look=Scope.ALL)


def _named(facts: Facts, some: list[Follower]) -> str:
    return " or ".join(facts.topology.name_of(one.ordinal) for one in some)


def _linked(facts: Facts, node_id: str) -> bool:
    pod = facts.pod_by_id.get(node_id)
    return pod is not None and pod.view is not None and pod.view.following


def _seems_linked(facts: Facts, one: Follower) -> bool:
    """Whether a replica has its link, or may have it: a look at our own node does not show that."""
    return one.linked or facts.snapshot.scope < Scope.ALL
