"""What is to be moved next and how much of it, what moves now, and what stands against it.

Big data move in parts. If a server's transfer fails, the next one is half as large.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from bootstrap.model import rebalance, slots
from bootstrap.model.migration import Migration, State, Way
from bootstrap.model.rebalance import Transfer
from bootstrap.model.view import View
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import obstacles
from bootstrap.plan.reshard.seen_shards import wished
from bootstrap.plan.reshard.standing import Standing
from bootstrap.plan.verdict import Wait

MOST_BYTES: Final = 1 << 30
"""Bytes that one transfer moves at most, about. What clients write meanwhile gathers in the memory
of the source, as for a replica."""
LEAST_SLOTS: Final = 64
"""Transfers are not halved below so many slots: each costs a pause of all writes to its source."""
FORGIVEN: Final = 600.0
"""Seconds after which a failed transfer does not count any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The transfer that is next, cut to size."""

    ranges: slots.Ranges
    source: View
    target: View
    way: Way
    """How both servers migrate."""
    failed: tuple[Migration, ...]
    """The failures of late between the two nodes since something between them succeeded."""

    @property
    def mover(self) -> View:
        """The node that is commanded."""
        return self.source if self.way is Way.PUSH else self.target


@dataclass(frozen=True)
class Work:
    """What a look at all pods shows of the moves."""

    facts: Facts
    standing: Standing

    @functools.cached_property
    def running(self) -> tuple[Migration, ...]:
        """The migrations that run."""
        return migrations.running(self.facts)

    @functools.cached_property
    def mover(self) -> bool:
        """Whether our own node is commanded for any of the transfers that are still to be made."""
        ids = {one.source_id for one in self.standing.transfers}
        if self.facts.my.way is Way.PULL:
            ids = {one.target_id for one in self.standing.transfers}
        return self.facts.my.node_id in ids

    @functools.cached_property
    def waits(self) -> tuple[Wait, ...]:
        """What is waited for before the next slot moves."""
        return tuple(obstacles.waits(self.facts, self.standing))

    @functools.cached_property
    def following(self) -> Next | None:
        """The next transfer; None if there is none, or if the servers do not migrate in one way."""
        way, views = obstacles.sides(self.facts, self.standing)
        if way is None:
            return None
        first = self.standing.transfers[0]
        source, target = views[first.source_id], views[first.target_id]
        failed = _failed(source if way is Way.PUSH else target, first)
        _, ranges = rebalance.tail(first.ranges, _size(first, source, failed))
        return Next(ranges=ranges, source=source, target=target, way=way, failed=failed)


def work(facts: Facts) -> Work:
    """Return what a look at all pods shows. A number of shards has to be wished."""
    found = facts.once(wished)
    assert found is not None
    return Work(facts, found)


def _failed(mover: View, wanted: Transfer) -> tuple[Migration, ...]:
    found: list[Migration] = []
    for one in mover.migrations:
        if (one.source_id, one.target_id) != (wanted.source_id, wanted.target_id):
            continue
        if one.state is State.DONE or one.seconds > FORGIVEN:
            break
        if one.state is State.FAILED:
            found.append(one)
    return tuple(found)


def _size(transfer: Transfer, source: View, failed: tuple[Migration, ...]) -> int:
    """Return how many slots of a transfer move at once."""
    count = slots.count(transfer.ranges)
    size = obstacles.estimate(source, transfer.ranges)
    if size > MOST_BYTES:
        count = max(1, count * MOST_BYTES // size)
    if failed:
        count = min(count, max(LEAST_SLOTS, slots.count(failed[0].ranges) // 2))
    return count
