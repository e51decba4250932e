"""A node that was met and has no role yet: it follows a primary, or waits, or refuses.

`GUARDS` has the reasons to wait or refuse. They are asked in their order, and the first that has an
answer decides. If none has one, the node follows the primary of the shard that its pod served
before, or else the primary with the fewest replicas (`choose_shard`).
"""

from __future__ import annotations

import functools

from bootstrap.model import fast_form, slots
from bootstrap.model.snapshot import Scope
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member
from bootstrap.plan import (
    choose_shard,
    foreign_cluster,
    introduce,
    lost_slots,
    migrations,
    ownership,
    seed_patience,
)
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, durations, forced_failover
from bootstrap.plan.reshard import seats
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Step, Wait


def needs(facts: Facts) -> LookFurther | None:
    """Ask for a look at all pods, unless our own node already shows what it waits for."""
    seen = _Seen(facts)
    enough = _receives_slots(seen) or _seed_is_forming(seen) or seats.stands_calmly(facts)
    if facts.snapshot.scope is Scope.ALL or enough:
        return None
    return LookFurther(scope=Scope.ALL, why="a look at where its peers run")


class _Seen:
    """What several guards ask, computed once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    @functools.cached_property
    def owners(self) -> tuple[ownership.Owner, ...]:
        """The owners of slots, by what all nodes say."""
        return self.facts.once(ownership.owners)

    @functools.cached_property
    def primaries(self) -> list[Member]:
        """The owners that our node knows as primaries with slots, and that have not failed."""
        return primaries(self.facts)

    @functools.cached_property
    def before(self) -> set[str]:
        """Ids of the nodes in the shard that our pod served before it lost its volume."""
        return choose_shard.former_shard(self.facts)


def primaries(facts: Facts) -> list[Member]:
    """Return the owners that our node knows as primaries with slots, and that have not failed."""
    known = (facts.my.member(one.member.node_id) for one in facts.once(ownership.owners))
    return [
        one
        for one in known
        if one is not None
        and one.slots
        and not (one.is_replica or one.failed or facts.pod_of_ghost(one))
    ]


def follow(facts: Facts) -> Plan:
    """Return the plan of a node that knows others, and has no slots, no keys and no primary."""
    seen = _Seen(facts)
    for guard in GUARDS:
        found = guard(seen)
        if found is not None:
            return found
    former = seats.former(facts, seen.before)
    return choose_shard.replicate(facts, [*seen.primaries, *seats.others(facts)], former)


def _receives_slots(seen: _Seen) -> Plan | None:
    """Wait while slots are being moved to our node: it is about to become a primary."""
    facts = seen.facts
    if not facts.my.myself.open_slots:
        return None
    what = "the slots that are open on it to be moved here, or CLUSTER SETSLOT STABLE"
    return Plan(phase=Phase.JOIN, waiting=(Wait(pod=facts.me.name, what=what),))


def _in_a_foreign_cluster(seen: _Seen) -> Plan | None:
    """Refuse if our node is in a cluster with foreign nodes."""
    found = foreign_cluster.met(seen.facts)
    if found is None:
        return None
    return _refused(found) if isinstance(found, Block) else _waiting(found)


def _seed_is_forming(seen: _Seen) -> Plan | None:
    """Wait while the seed forms: it tells an expected pod which primary to follow."""
    facts = seen.facts
    # A temporary setting shows that a seed is forming. If that seed died, `own_settings` puts the
    # setting back after a while, which ends this wait.
    early = facts.snapshot.timers.idle < seed_patience.SEED_SECONDS or fast_form.marked(facts.my)
    if facts.topology.ordinal not in facts.topology.ordinals or not early:
        return None
    what = "the seed to say which primary to follow"
    return _waiting(Wait(pod=facts.me.name, what=what, usual=durations.FORMED), Scope.LOCAL)


def _was_reset(seen: _Seen) -> Plan | None:
    """Wait for a person if our node was a primary, and was reset, as by CLUSTER RESET.

    Its peers still list slots under it, and send clients to it, but the node owns none.
    """
    facts = seen.facts
    owned = {owner.member.node_id: owner.ranges for owner in seen.owners}
    if facts.my.node_id not in owned:
        return None
    me, topology = facts.me.name, facts.topology
    copies = [
        (pod.name, view.keys)
        for pod, view in facts.viewed
        if view.myself.primary_id == facts.my.node_id
    ]
    named = slots.named(owned[facts.my.node_id])
    wait = Wait(
        pod=me,
        what=f"an owner for {named}: the other nodes list them under {me}, but {me} owns none (as"
        " after CLUSTER RESET)",
        fix=(
            *(
                forced_failover.once_found(
                    facts,
                    Todo(
                        what=f"{pod}, a replica, holds {slots.keys(many)}: let it serve the slots",
                        command=f"{commands.ask(topology, pod)} CLUSTER FAILOVER TAKEOVER",
                    ),
                )
                for pod, many in copies
                if many
            ),
            advice.nodes(
                topology,
                me,
                f"does another node own some of {named} by now?",
                f"expected: no line but that of {me} lists them",
            ),
            Todo(
                what=f"only if no replica holds their keys: give them back to {me}, which is empty",
                command=f"{commands.ask(topology, me)} CLUSTER ADDSLOTSRANGE"
                f" {' '.join(f'{first} {last}' for first, last in owned[facts.my.node_id])}",
                destructive=True,
            ),
        ),
    )
    return _waiting(wait)


def _unknown_to_owners(seen: _Seen) -> Plan | None:
    """Introduce our node again if no owner of slots knows it: none would vote for it."""
    facts = seen.facts
    refused = introduce.refusal(facts)
    if refused is not None:
        return _refused(refused)
    actions = introduce.introduction(facts)
    if actions is None:
        return None
    step = Step(actions=actions, until="an owner of slots knows our node")
    return Plan(phase=Phase.JOIN, look=Scope.ALL, steps=(step,))


def _shards_uncertain(seen: _Seen) -> Plan | None:
    """Wait until it is certain which shards have a primary.

    An election may be under way, or gossip may not have named all primaries yet.
    """
    facts = seen.facts
    primaries = seen.primaries
    if any(primary.node_id in seen.before for primary in primaries):
        return None  # the shard that our pod served has a primary: other shards do not matter
    owners = [owner.member for owner in seen.owners]
    living = {one.node_id for one in primaries}
    away = [one for one in owners if one.node_id not in living]
    failed = [one for one in away if one.failed or facts.pod_of_ghost(one)]
    election = [facts.name(one) for one in failed if ownership.successors(facts, one.node_id)]
    if election:
        what = f"an election to end: {', '.join(election)} failed"
        return _waiting(Wait(pod=facts.me.name, what=what, usual=durations.ELECTED))
    if len(failed) < len(away) or not primaries:
        what = "gossip to name the primaries"
        return _waiting(Wait(pod=facts.me.name, what=what, usual=durations.GOSSIP))
    return None


def _shard_is_lost(seen: _Seen) -> Plan | None:
    """Refuse if the shard that our pod served lost its primary, and no replica can succeed it."""
    facts = seen.facts
    lost = [block for ghost_id, block in lost_slots.of_ghosts(facts) if ghost_id in seen.before]
    return _refused(*lost) if lost else None


def _stands_empty(seen: _Seen) -> Plan | None:
    """Stay an empty primary if our shard was drained, until its replicas have another."""
    return seats.stand(seen.facts)


def _takes_a_seat(seen: _Seen) -> Plan | None:
    """Stay an empty primary if more shards are wished than there are: slots will come."""
    served = any(primary.node_id in seen.before for primary in seen.primaries)
    return seats.take(seen.facts, served=served)


def _gets_slots(seen: _Seen) -> Plan | None:
    """Wait while servers move slots to our node: as a replica it would end the move."""
    if not migrations.comes(seen.facts.my):
        return None
    return _waiting(Wait(pod=seen.facts.me.name, what="the slots that move to it"))


GUARDS = (
    _receives_slots,
    _in_a_foreign_cluster,
    _seed_is_forming,
    _was_reset,
    _unknown_to_owners,
    _shards_uncertain,
    _shard_is_lost,
    _stands_empty,
    _takes_a_seat,
    _gets_slots,
)


def _waiting(wait: Wait, look: Scope = Scope.ALL) -> Plan:
    return Plan(phase=Phase.JOIN, waiting=(wait,), look=look)


def _refused(*blocked: Block) -> Plan:
    return Plan(phase=Phase.BLOCKED, blocked=blocked, look=Scope.ALL)
