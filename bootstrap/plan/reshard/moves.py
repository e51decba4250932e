"""Slots move until the wished number of shards own all of them evenly.

There is no leader. Every sidecar whose node sees that something is to be moved looks at all pods,
and finds the same transfers (`standing`). The sidecar of one node acts: that of the source where
servers push (valkey), that of the target where they pull (redis). One transfer runs at a time. The
server makes it by itself, whatever becomes of the sidecar, and lists how far it is.

Before slots leave a shard, and after that, pods may have to change places (`places`). Where all is
done, some pods may go (`going`).

A transfer begins only if nothing stands against it (`obstacles`), and if the target holds no key in
slots that it does not own. Over leftovers of another move valkey 9.1 was seen to end, and redis
8.10 to delete them. After five failures in a row within ten minutes nothing is tried until these
are older (`move-fails`).

Where servers push, a target that is about to stop cannot end a transfer. Its hand-over waits until
the source's sidecar has seen its mark, and has cancelled the transfer (`handover_moves`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from bootstrap.model import rebalance, slots
from bootstrap.model.actions import CancelMigrations, ImportSlots, MigrateSlots
from bootstrap.model.migration import Migration, Way
from bootstrap.model.snapshot import Scope
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import durations
from bootstrap.plan.reshard import astray as keys_astray
from bootstrap.plan.reshard import functions, going, obstacles, places, refusals, unfit
from bootstrap.plan.reshard.agreement import agreement
from bootstrap.plan.reshard.work import Next, Work, work
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Step, Wait

FAILURES: Final = 5
"""Failures in a row after which a transfer is not tried again until the last ones are
`work.FORGIVEN` seconds old."""


def needs(facts: Facts) -> LookFurther | None:
    """Ask for a look at all pods if our own node sees that something is to be done."""
    wish = facts.snapshot.wished.wish
    if wish is None or wish.shards is None or unfit.too_few(facts, wish):
        return None
    if facts.snapshot.scope is Scope.ALL:
        return _keys_first(facts)
    owned = {one.node_id: one.slots for one in facts.my.members if one.slots}
    even = len(owned) == wish.shards and rebalance.even(owned, [*owned])
    calm = even and places.calm(facts, facts.once(work).standing)
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
        return _cancel(facts, "it is wished that no slot moves")
    refused = unfit.too_few(facts, wish)
    if refused is not None:
        return _blocked(refused)
    if facts.snapshot.scope < Scope.ALL:
        return None
    found = facts.once(work)
    if not found.standing.done and all(view.way is None for _, view in facts.viewed):
        # Before all waits: more pods would not help.
        return _blocked(refusals.unsupported(facts, found.standing))
    plan = _towards(facts, found)
    return plan and dataclasses.replace(plan, mover=found.mover)


def _towards(facts: Facts, found: Work) -> Plan | None:
    """Return the next step towards the wished shards; None if all is as wished."""
    leaving = migrations.leaving_targets(facts)
    if leaving:
        return _cancel(facts, f"{', '.join(leaving)} is about to stop")
    done = found.standing.done
    agreed = agreement(facts)
    if agreed is not None and agreed.wish is None:
        if done and not found.running:
            return None
        what = f"all nodes to show one wish: {agreed.why}"
        return _waiting(Wait(pod=facts.me.name, what=what, usual=durations.STATED))
    if found.running:
        return _waiting(*(_under_way(facts, one) for one in found.running))
    placed = places.roles(facts, found.standing) or places.replicas(facts, found.standing)
    if placed is not None:
        return placed
    if done:
        lacking = going.waits(facts, found.standing)
        return _waiting(*lacking) if lacking else None
    restored = functions.restore(facts, found.standing.transfers)
    if restored is not None:
        return Plan(phase=Phase.RESHARD, steps=(restored,), look=Scope.ALL)
    astray = keys_astray.astray(facts, found.standing)
    if astray is not None:
        return _blocked(astray) if isinstance(astray, Block) else _waiting(astray)
    if found.waits:
        return _waiting(*found.waits)
    return _begin(facts, found)


def _cancel(facts: Facts, why: str) -> Plan | None:
    """End what our own node was commanded to move; None if it moves nothing."""
    way = facts.my.way
    if way is None or not migrations.commanded(facts):
        return None
    action = CancelMigrations(pod=facts.me.name, way=way, why=why)
    step = Step(actions=(action,), until="no slot moves from or to our node")
    return Plan(phase=Phase.RESHARD, steps=(step,))


def _keys_first(facts: Facts) -> LookFurther | None:
    """Ask how many keys the next target holds in slots that it does not own.

    Only the mover asks. Otherwise keys that come by a move just begun would seem to be left over.
    """
    found = facts.once(work)
    if found.running or found.standing.done or found.waits or found.following is None:
        return None
    if found.following.mover.node_id != facts.my.node_id:
        return None
    taker = facts.pod_name(found.following.target.node_id)
    if facts.snapshot.counted[0] == taker or not places.calm(facts, found.standing):
        return None
    why = "a count of the keys that the target has in slots it does not own"
    return LookFurther(scope=Scope.ALL, why=why, counting=taker)


def _begin(facts: Facts, found: Work) -> Plan:
    """Begin the next transfer, if our node is its mover; else wait for the mover to begin."""
    following = found.following
    if following is None:
        return _blocked(refusals.unsupported(facts, found.standing))
    source, target, ranges = following.source, following.target, following.ranges
    giver, taker = facts.pod_name(source.node_id), facts.pod_name(target.node_id)
    if len(following.failed) >= FAILURES:
        return _blocked(refusals.fails(facts, giver, taker, following.failed))
    short = obstacles.memory(source, target, ranges)
    if short:
        what = f"memory for {slots.named(ranges)}: {short}"
        return _waiting(Wait(pod=taker, what=what, fix=(obstacles.more_memory(facts, taker),)))
    if following.mover.node_id != facts.my.node_id:
        mover = facts.pod_name(following.mover.node_id)
        return _waiting(Wait(pod=mover, what=f"its sidecar to move {slots.named(ranges)}"))
    left = facts.snapshot.strays(taker)
    if isinstance(left, str):
        what = f"a count of its keys in slots it does not own: {left}"
        return _waiting(Wait(pod=taker, what=what))
    if left:
        return _blocked(refusals.leftovers(facts, taker, left))
    why = f"{slots.many(found.standing.wish, 'shard')} are wished"
    return _moving(following, giver, taker, f"{why}{_tried(following.failed)}")


def _tried(failed: Sequence[Migration]) -> str:
    """Say how often a transfer has failed by now, and why; empty if it has not."""
    if not failed:
        return ""
    times = "once" if len(failed) == 1 else f"{len(failed)} times"
    return f"; it failed {times}, and the server says: {failed[0].message or failed[0].said}"


def _moving(following: Next, giver: str, taker: str, why: str) -> Plan:
    """Command our own node to give or to fetch these slots."""
    target_id, ranges = following.target.node_id, following.ranges
    action = (
        MigrateSlots(pod=giver, ranges=ranges, target=taker, target_id=target_id, why=why)
        if following.way is Way.PUSH
        else ImportSlots(pod=taker, ranges=ranges, source=giver, why=why)
    )
    step = Step(actions=(action,), until=f"{taker} owns these slots", confirm=True)
    return Plan(phase=Phase.RESHARD, steps=(step,), look=Scope.ALL)


def _under_way(facts: Facts, one: Migration) -> Wait:
    """Wait for a transfer that runs, our own or another client's."""
    source, target = facts.pod_name(one.source_id), facts.pod_name(one.target_id)
    return Wait(pod=target, what=f"{slots.named(one.ranges)} to come from {source}", passes=True)


def _waiting(*waits: Wait) -> Plan:
    return Plan(phase=Phase.RESHARD, waiting=waits, look=Scope.ALL)


def _blocked(block: Block) -> Plan:
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=Scope.ALL)
