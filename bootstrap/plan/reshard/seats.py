"""A new node that stays an empty primary, since more shards are wished than there are.

Such a node takes a seat: it waits for slots. The next new node becomes its replica, as of any other
primary with few. Slots move only to a seat with its replicas (`moves`), so each key has its copies
from the beginning. That a node is an empty primary stands in its nodes.conf. So a seat outlives
each restart, and no other memory is needed.

A node takes a seat if all of this is so; else it follows a primary, as without a wish:

- All nodes show the same wish, and it is for more shards than there are owners of slots. While it
  is wished that nothing moves, or the wish cannot be read, an empty primary stays what it is.
- No shard lacks a replica: else the node is needed there, first of all in the shard that its pod
  served before it lost its volume. Replicas and former primaries that are away come back.
- The wish needs the pod: pods beyond that stay replicas.
- Among the nodes that could take a seat it is one of the first. Hosts and zones with fewest
  primaries come first, then the lowest ordinals. If two took the same seat before they knew each
  other, the later one yields: it is empty, and follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bootstrap.model import human_name, slots
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import places, unfit
from bootstrap.plan.reshard.agreement import agreement
from bootstrap.plan.reshard.seen_shards import (
    agreed,
    kept,
    lost,
    newcomers,
    standing,
    to_come,
    wished,
)
from bootstrap.plan.reshard.standing import Shard, Standing
from bootstrap.plan.verdict import Phase, Plan, Wait


def take(facts: Facts, *, served: bool) -> Plan | None:
    """Return the plan of a node that takes a seat, or may take one soon; None if it follows.

    The plan is empty if the node has a seat, and lacks nothing but slots.

    Asked of a node that was met and has no role.

    Args:
        facts: What was seen.
        served: Whether the pod served a shard before that has a primary. While it is wished that
            nothing moves, or the wish cannot be read, such a pod goes back there.

    """
    if facts.snapshot.wished.fault:
        return _stay(facts, "a number of shards that can be read", served=served)
    shown, mine = agreement(facts), facts.snapshot.wished.wish
    if shown is None or mine is None or unfit.too_few(facts, mine):
        return None
    if mine.shards is None:
        return _stay(facts, "a number of shards to be wished", served=served)
    found = standing(facts, mine.shards)
    enough = len(found.owners) >= found.wish
    if enough or found.beyond(facts.topology.ordinal) or _needed(facts, found):
        return None
    if shown.wish is None:
        # A node that follows now could not take a seat any more: a replica gets no slots.
        return _seat(facts, f"all nodes to show the same wish ({shown.why}): it may get slots")
    if all(one.node_id != facts.my.node_id for one in found.seats):
        return None
    return _seat(facts, *_lacks(facts, found))


def _stay(facts: Facts, lacks: str, *, served: bool) -> Plan | None:
    """Nothing is to change: an empty primary stays one, unless it is needed as a replica."""
    shows = facts.my.setting(human_name.SETTING) is not None
    if not shows or served or _lacking(facts, standing(facts, len(facts.owner_ids) + 1).owners):
        return None
    moving = any(one.running for one in facts.my.migrations)
    return _seat(facts, *([] if moving else [lacks]))


def stand(facts: Facts) -> Plan | None:
    """Return the plan of an empty primary that was drained; None if it is to follow another.

    Beyond the wish it stands empty, and lacks nothing. Inside, it follows another primary, but only
    once its replicas do: they would be led along with it otherwise.
    """
    found = facts.once(wished)
    if found is None or not kept(facts, facts.my.node_id):
        return None
    if found.beyond(facts.topology.ordinal):
        return _seat(facts)
    if len(found.owners) < found.wish:
        return None
    some = places.inside(facts, found, Shard(node_id=facts.my.node_id, ordinal=0, ranges=()))
    left = [facts.topology.name_of(one.ordinal) for one in some if one.linked]
    return _seat(facts, f"{', '.join(left)} to follow another shard first") if left else None


def stands_calmly(facts: Facts) -> bool:
    """Whether our own node's view shows that it stands empty, and that nothing is to be done."""
    found = facts.once(wished)
    if found is None or not kept(facts, facts.my.node_id):
        return False
    known = bool(facts.my.reached_by is None or facts.my.reached_by)
    return known and found.beyond(facts.topology.ordinal) and found.done


def others(facts: Facts) -> list[Member]:
    """Return the seats that other nodes have taken. A replica may follow these as well."""
    found = facts.once(agreed)
    known = (facts.my.member(one.node_id) for one in (found.seats if found else ()))
    return [one for one in known if one is not None and one is not facts.my.myself]


def former(facts: Facts, served: set[str]) -> set[str]:
    """Return what a replica is to prefer of the shard that its pod served before: ids of its nodes.

    While there are seats it is not bound to a shard that has enough replicas: a seat has none yet.
    """
    owners = standing(facts, len(facts.owner_ids)).owners
    home = [one for one in owners if one.node_id in served]
    return served if any(_lack(facts, one) for one in home) or not others(facts) else set()


def _lacks(facts: Facts, found: Standing) -> Iterator[str]:
    """Say which replicas a node with a seat lacks. Without them it gets no slots."""
    mine = next(one for one in found.seats if one.node_id == facts.my.node_id)
    wanted, linked = facts.topology.replicas_per_shard, len(mine.replicas)
    if linked < wanted:
        late = to_come(facts, found)
        told = f"; {slots.few(late)} to come" if late else ""
        yield f"its replicas, before it gets slots: {linked} of {wanted} have their link{told}"


def _seat(facts: Facts, *lacks: str) -> Plan:
    waits = tuple(Wait(pod=facts.me.name, what=what) for what in lacks)
    # Where servers pull, its sidecar is the one that will move slots.
    return Plan(phase=Phase.JOIN, waiting=waits, look=Scope.ALL, seat=True, mover=bool(waits))


def _needed(facts: Facts, found: Standing) -> bool:
    """Whether our node is needed as a replica of an owner of slots.

    If it is the one to take a seat, the other new nodes become such replicas first.
    """
    taken = {one.node_id for one in found.seats}
    spare = len(newcomers(facts, taken)) if facts.my.node_id in taken else 0
    return _lacking(facts, found.owners, spare)


def _lacking(facts: Facts, owners: Iterable[Shard], spare: int = 0) -> bool:
    """Whether owners of slots have fewer replicas than they should, those away included.

    So many `spare` nodes are going to be their replicas.
    """
    lack = sum(_lack(facts, one) for one in owners) - spare
    return lack > sum(_returns(facts, one) for one in facts.my.others)


def _lack(facts: Facts, shard: Shard) -> int:
    """How many replicas a shard has fewer than it should, those away included."""
    return max(0, facts.topology.replicas_per_shard - len(_replicas(facts, shard)))


def _returns(facts: Facts, one: Member) -> bool:
    """Whether a node is a former primary that is away: it comes back as a replica.

    A primary that hands over and stops at once, or that dies, is still a primary to most nodes.
    An empty primary has no config epoch, or seldom.
    """
    primary = one.epoch > 0 and not (one.slots or one.is_replica or one.handshake)
    comes = one.node_id not in facts.pod_by_id and facts.pod_of_ghost(one) is None
    return primary and comes and facts.pod_named(one) is not None and not lost(facts, one)


def _replicas(facts: Facts, shard: Shard) -> set[str]:
    """Return the ids of a shard's replicas, without those that will not come back."""
    known = {
        member.node_id: member
        for _, view in facts.viewed
        for member in view.members
        if member.primary_id == shard.node_id
    }
    return {node_id for node_id, member in known.items() if not lost(facts, member)}
