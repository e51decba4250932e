"""Slots move until the wished number of shards own all of them evenly.

There is no leader. Every sidecar whose node sees that something is to be moved looks at all pods,
and finds the same transfers (`standing`). The sidecar of one node acts: that of the source where
servers push (valkey), that of the target where they pull (redis). One transfer runs at a time. The
server makes it by itself, whatever becomes of the sidecar, and lists how far it is.

Before slots leave a shard, and after that, pods may have to change places (`places`). Where all is
done, some pods may go (`going`).

A transfer begins only if nothing stands against it (`obstacles`), and if the target holds no key in
these slots. Over leftovers of another move valkey 9.1 was seen to end, and redis 8.10 to delete
them. If a server's transfer fails, the next one is half as large. After five failures in a row
within ten minutes nothing is tried until these are older (`move-fails`).
"""

from __future__ import annotations

import dataclasses
from typing import Final

from bootstrap.model import rebalance, slots
from bootstrap.model.actions import CancelMigrations, ImportSlots, MigrateSlots
from bootstrap.model.migration import Migration, State, Way
from bootstrap.model.rebalance import Transfer
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import View
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import durations
from bootstrap.plan.reshard import going, obstacles, places, refusals, unfit
from bootstrap.plan.reshard.agreement import agreement
from bootstrap.plan.reshard.standing import Standing, standing
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Step, Wait

MOST_BYTES: Final = 1 << 30
"""Bytes that one transfer moves at most, about. What clients write meanwhile gathers in the memory
of the source, as for a replica."""
LEAST_SLOTS: Final = 64
"""Transfers are not halved below so many slots: each costs a pause of all writes to its source."""
FAILURES: Final = 5
"""Failures in a row after which a transfer is not tried again for `FORGIVEN` seconds."""
FORGIVEN: Final = 600.0


def needs(facts: Facts) -> LookFurther | None:
    """Ask for a look at all pods if our own node sees that something is to be done."""
    wish = facts.snapshot.wished.wish
    if wish is None or wish.shards is None or unfit.too_few(facts, wish):
        return None
    if facts.snapshot.scope is Scope.ALL:
        return _keys_first(facts, wish.shards)
    owned = {one.node_id: one.slots for one in facts.my.members if one.slots}
    even = len(owned) == wish.shards and rebalance.even(owned, [*owned])
    calm = even and places.calm(facts, standing(facts, wish.shards))
    busy = any(one.running for one in facts.my.migrations)
    if calm and not busy:
        return None
    return LookFurther(scope=Scope.ALL, why="a look at who owns which slots")


def move(facts: Facts) -> Plan | None:
    """Return the plan while slots have to move; None if none has to, or no wish is stated."""
    found = _decided(facts)
    # A node without a role comes here only if it has taken a seat.
    return found and dataclasses.replace(found, seat=not facts.settled)


def _decided(facts: Facts) -> Plan | None:
    wish = facts.snapshot.wished.wish
    if wish is None:
        return None
    if wish.shards is None:
        return _held(facts)
    refused = unfit.too_few(facts, wish)
    if refused is not None:
        return _blocked(refused)
    if facts.snapshot.scope < Scope.ALL:
        return None
    return _towards(facts, standing(facts, wish.shards))


def _towards(facts: Facts, found: Standing) -> Plan | None:
    """Return the next step towards the wished shards; None if all is as wished."""
    running = migrations.running(facts)
    agreed = agreement(facts)
    if agreed is not None and agreed.wish is None:
        if found.done and not running:
            return None
        what = f"all nodes to show one wish: {agreed.why}"
        return _waiting(Wait(pod=facts.me.name, what=what, usual=durations.STATED))
    if running:
        return _waiting(*(_under_way(facts, one) for one in running))
    placed = places.roles(facts, found) or places.replicas(facts, found)
    if placed is not None:
        return placed
    if found.done:
        lacking = going.waits(facts, found)
        return _waiting(*lacking) if lacking else None
    waits = obstacles.waits(facts, found)
    if waits:
        return _waiting(*waits)
    return _begin(facts, found)


def _held(facts: Facts) -> Plan | None:
    """End what our own node was commanded to move: it is wished that nothing moves."""
    way = facts.my.way
    running = [one for one in facts.my.migrations if one.running]
    if way is None or all(_mover(one, way) != facts.my.node_id for one in running):
        return None
    action = CancelMigrations(pod=facts.me.name, way=way, why="it is wished that no slot moves")
    step = Step(actions=(action,), until="no slot moves from or to our node")
    return Plan(phase=Phase.RESHARD, steps=(step,))


def _mover(one: Migration, way: Way) -> str:
    """Return the id of the node that was commanded to migrate."""
    return one.source_id if way is Way.PUSH else one.target_id


def _next(facts: Facts, found: Standing) -> tuple[Transfer, View, View, Way] | None:
    """Return the next transfer, cut to size, with its source and target; None if there is none."""
    way, views = obstacles.sides(facts, found)
    if way is None:
        return None
    first = found.transfers[0]
    source, target = views[first.source_id], views[first.target_id]
    mover = source if way is Way.PUSH else target
    _, ranges = rebalance.tail(first.ranges, _size(first, source, _failed(mover, first)))
    return Transfer(first.source_id, first.target_id, ranges), source, target, way


def _failed(mover: View, wanted: Transfer) -> list[Migration]:
    """Return the failures of late between two nodes since something between them succeeded."""
    found: list[Migration] = []
    for one in mover.migrations:
        if (one.source_id, one.target_id) != (wanted.source_id, wanted.target_id):
            continue
        if one.state is State.DONE or one.seconds > FORGIVEN:
            break
        if one.state is State.FAILED:
            found.append(one)
    return found


def _size(transfer: Transfer, source: View, failed: list[Migration]) -> int:
    """Return how many slots of a transfer move at once."""
    count = slots.count(transfer.ranges)
    size = obstacles.estimate(source, transfer.ranges)
    if size > MOST_BYTES:
        count = max(1, count * MOST_BYTES // size)
    if failed:
        count = min(count, max(LEAST_SLOTS, slots.count(failed[0].ranges) // 2))
    return count


def _keys_first(facts: Facts, wish: int) -> LookFurther | None:
    """Ask how many keys the next target holds in the slots that it would get."""
    found = standing(facts, wish)
    following = None if migrations.running(facts) else _next(facts, found)
    if following is None or not places.calm(facts, found) or obstacles.waits(facts, found):
        return None
    transfer, _source, target, _way = following
    asked = (facts.pod_by_id[target.node_id].name, transfer.ranges)
    if any(counted[:2] == asked for counted in facts.snapshot.counted):
        return None
    why = "a count of the keys that the target has in these slots"
    return LookFurther(scope=Scope.ALL, why=why, counting=(asked,))


def _begin(facts: Facts, found: Standing) -> Plan:
    """Begin the next transfer, if our node is its mover; else wait for the mover to begin."""
    following = _next(facts, found)
    if following is None:
        return _blocked(refusals.unsupported(facts, found))
    transfer, source, target, way = following
    giver, taker = facts.pod_by_id[source.node_id].name, facts.pod_by_id[target.node_id].name
    mover = source if way is Way.PUSH else target
    failed = _failed(mover, transfer)
    if len(failed) >= FAILURES:
        return _blocked(refusals.fails(facts, giver, taker, failed))
    short = obstacles.memory(source, target, transfer.ranges)
    if short:
        return _waiting(Wait(pod=taker, what=f"memory for {slots.named(transfer.ranges)}: {short}"))
    left = facts.snapshot.keys_in(taker, transfer.ranges)
    if left is None:
        return _waiting(Wait(pod=taker, what="a count of its keys in the slots that it is to get"))
    if left:
        return _blocked(refusals.leftovers(facts, taker, transfer, left))
    if mover.node_id != facts.my.node_id:
        who = giver if way is Way.PUSH else taker
        return _waiting(Wait(pod=who, what=f"its sidecar to move {slots.named(transfer.ranges)}"))
    why = f"{slots.many(found.wish, 'shard')} are wished"
    action = (
        MigrateSlots(
            pod=giver, ranges=transfer.ranges, target=taker, target_id=target.node_id, why=why
        )
        if way is Way.PUSH
        else ImportSlots(pod=taker, ranges=transfer.ranges, source=giver, why=why)
    )
    step = Step(actions=(action,), until=f"{taker} owns these slots", confirm=True)
    return Plan(phase=Phase.RESHARD, steps=(step,), look=Scope.ALL)


def _under_way(facts: Facts, one: Migration) -> Wait:
    """Wait for a transfer that runs, our own or another client's."""
    source, target = (migrations.pod_name(facts, node) for node in (one.source_id, one.target_id))
    return Wait(pod=target, what=f"{slots.named(one.ranges)} to come from {source}", passes=True)


def _waiting(*waits: Wait) -> Plan:
    return Plan(phase=Phase.RESHARD, waiting=waits, look=Scope.ALL)


def _blocked(block: Block) -> Plan:
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=Scope.ALL)
