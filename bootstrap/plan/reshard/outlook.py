"""What would move if another number of shards were wished. The same planner answers that.

`stated` returns the look as it would be if all nodes showed that wish already. What the rules plan
from it tells what stands in the way, and `standing` tells what moves.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from bootstrap.model import human_name, slots
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.wish import Wish, Wished
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import obstacles, refusals, seen_shards, work
from bootstrap.plan.reshard.progress import Moving, Pair, pace, pairs, total
from bootstrap.plan.reshard.seen_shards import standing
from bootstrap.plan.reshard.standing import Standing, first_beyond
from bootstrap.plan.verdict import Block, Phase, Plan, Wait

PAUSE: Final = 0.25
"""Seconds within which each hand-off's pause of writes to its source stayed: measured with values
of up to 1 KB on 2 busy cores, 7 ms to 193 ms."""
_KEYS: Final = (625_000.0, 500_000.0)
"""Keys a second. Measured on 2 cores with valkey 9.1 and redis 8.10: 250,000 keys of 100 bytes took
0.4 s to 0.5 s."""
_BYTES: Final = 200e6
"""Bytes a second. Measured as above: 250,000 keys of 1 KB took 1.1 s with valkey 9.1."""
_BETWEEN: Final = (0.2, 2.0)
"""Seconds from one hand-off to the beginning of the next move. Measured as above: 0.2 s with redis
8.10; with valkey 9.1, whose new replicas hear late of a hand-off, up to 1.7 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook(Moving):
    """What a wish would lead to."""

    wish: int
    now: Standing
    handoffs: int
    """How many moves that takes, each with its hand-off."""
    primaries: tuple[str, ...]
    """The pods that would become primaries with slots."""
    missing: tuple[str, ...]
    """The pods that are not there, and that the wish needs."""
    replicas: int | None
    """The number of replicas of the StatefulSet that brings them; None if it has as many."""
    refill: tuple[str, ...]
    """Those of `primaries` that are replicas now: they need an empty volume first."""
    drained: tuple[str, ...]
    """The pods whose primaries would give all their slots away."""
    leaving: tuple[str, ...]
    """The pods that the wish does not need."""
    waits: tuple[Wait, ...]
    """What stands in the way now, and passes or is mended."""
    blocks: tuple[Block, ...]
    """Why it would be refused."""
    seconds: tuple[float, float] | None
    """How long the moves would take, about, from and to; None if a source was not read."""
    paced: bool
    """Whether moves that have ended here tell the time; else measurements elsewhere do."""


def stated(snapshot: Snapshot, shards: int) -> Snapshot:
    """Return the look as it would be if all nodes showed the wish for so many shards."""
    wish = Wish(shards)
    pods = tuple(
        dataclasses.replace(one, node=human_name.showing(one.view, wish)) if one.view else one
        for one in snapshot.pods
    )
    return dataclasses.replace(snapshot, pods=pods, wished=Wished(wish=wish))


def outlook(facts: Facts, plan: Plan, shards: int) -> Outlook:
    """Return what the wish would lead to. `facts` and `plan` are of the look that is `stated`."""
    now = standing(facts, shards)
    then, topology = now.foreseen, facts.topology
    moving = pairs(facts, now)
    beyond = first_beyond(topology, shards)
    there = seen_shards.there(facts, now)
    named = topology.name_of
    blocks = _blocks(facts, plan, now)
    seconds, paced = _seconds(facts, moving)
    return Outlook(
        wish=shards,
        now=now,
        pairs=moving,
        handoffs=sum(_moves(one) for one in moving),
        primaries=tuple(named(one.ordinal) for one in then.seats),
        missing=tuple(seen_shards.to_come(facts, now)),
        replicas=beyond - topology.ordinal_start if max(there) < beyond - 1 else None,
        refill=tuple(named(one) for one in now.awaited if one in now.known),
        drained=tuple(facts.pod_name(one.node_id) for one in now.drained),
        leaving=tuple(named(one) for one in sorted(there) if one >= beyond),
        waits=() if blocks else _waits(facts, plan, now),
        blocks=blocks,
        seconds=seconds,
        paced=paced,
    )


def _moves(one: Pair) -> int:
    """Return in how many moves the slots of a pair would go."""
    return max(1, -(-(one.size or 0) // work.MOST_BYTES))


def _blocks(facts: Facts, plan: Plan, now: Standing) -> tuple[Block, ...]:
    """Return why the wish would be refused; servers that cannot move slots are always told."""
    ways = {view.way for _, view in facts.viewed}
    if not now.foreseen.transfers or (len(ways) == 1 and None not in ways):
        return plan.blocked
    found = refusals.unsupported(facts, now.foreseen)
    # Its command has ids of nodes, which new primaries do not have yet.
    return (dataclasses.replace(found, fix="upgrade the servers") if now.awaited else found,)


def _waits(facts: Facts, plan: Plan, now: Standing) -> tuple[Wait, ...]:
    """Return what would be waited for before the first slot moves, besides new pods."""
    if plan.phase is not Phase.RESHARD or migrations.running(facts):
        first = [Wait(pod=facts.me.name, what=one.until) for one in plan.steps[:1]]
        return plan.waiting or tuple(first)
    then = now.foreseen
    views = {view.node_id: view for _, view in facts.viewed}
    full = [
        Wait(pod=facts.pod_name(one.target_id), what=f"memory: {short}")
        for one in then.transfers
        if one.source_id in views and one.target_id in views
        if (short := obstacles.memory(views[one.source_id], views[one.target_id], one.ranges))
    ]
    shards = [one for one in (*then.owners, *then.seats) if one.ordinal not in now.awaited]
    return (*obstacles.of_shards(facts, then, shards), *full)


def _seconds(facts: Facts, some: tuple[Pair, ...]) -> tuple[tuple[float, float] | None, bool]:
    """Return about how long the moves take, and whether moves that have ended here tell it."""
    paced = pace(facts)
    if paced is not None:
        count = sum(slots.count(one.ranges) for one in some)
        many = sum(map(_moves, some))
        low, high = (count / paced + many * between for between in _BETWEEN)
        return (low, high), True
    keys, size = total([one.keys for one in some]), total([one.size for one in some])
    if keys is None or size is None:
        return None, False
    many = sum(map(_moves, some))
    quick, slow = _KEYS
    low = keys / quick + many * _BETWEEN[0]
    return (low, max(keys / slow, size / _BYTES) + many * _BETWEEN[1]), False
