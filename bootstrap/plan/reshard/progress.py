"""How far the slots are that have to move, and how much is still to come.

All of it follows from one look. What has come is what a node owns of its share. Keys and bytes to
come are estimates: what the source has, by the share of its slots. The time left is told only if
the servers themselves show a pace, by moves that have ended, or by the memory that fills at a
target that owned nothing before. No server tells how much of a snapshot is left to send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bootstrap.model import rebalance, slots
from bootstrap.model.migration import Migration, State
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import obstacles, unfit
from bootstrap.plan.reshard.seen_shards import standing
from bootstrap.plan.reshard.standing import Standing

_NOISE: Final = 1 << 20
"""Bytes below which the data of a server show nothing: measured, an empty one has 0.4 MB of
buffers in `used_memory_dataset`."""
_LATELY: Final = 3600.0
"""Seconds for which the pace of a move that has ended counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is to move from one node to another."""

    source_id: str
    target_id: str
    ranges: slots.Ranges
    keys: int | None
    """About how many keys these slots have; None if the source was not read."""
    size: int | None
    """About how many bytes these keys take; None as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A node that gets slots."""

    node_id: str
    owns: int
    """How many slots it owns by now."""
    goal: int
    """How many it is to own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """All that is to move."""

    pairs: tuple[Pair, ...]

    @property
    def slots(self) -> int:
        """How many slots are to move."""
        return sum(slots.count(one.ranges) for one in self.pairs)

    @property
    def keys(self) -> int | None:
        """About how many keys are to move; None if a source was not read."""
        return total([one.keys for one in self.pairs])

    @property
    def size(self) -> int | None:
        """About how many bytes are to move; None if a source was not read."""
        return total([one.size for one in self.pairs])


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Moving):
    """What is still to move, and what is known of the time that it takes."""

    wish: int
    """The number of shards that is wished."""
    owners: int
    """The number of primaries that own slots."""
    missing: int
    """The number of primaries that are missing before any slot can move."""
    targets: tuple[Target, ...]
    """In the order in which they get slots."""
    seconds: float | None
    """About how long it takes until no slot has to move; None without a basis."""


def progress(facts: Facts) -> Progress | None:
    """Return what is still to move for the wish; None if nothing is, or nothing is wished."""
    wish = facts.snapshot.wished.wish
    if wish is None or wish.shards is None or facts.me.view is None or unfit.too_few(facts, wish):
        return None
    found = standing(facts, wish.shards)
    some = pairs(facts, found)
    if not some:
        return None
    return Progress(
        wish=wish.shards,
        owners=len(found.owners),
        missing=max(0, found.missing),
        pairs=some,
        targets=_targets(found.foreseen, some),
        seconds=_seconds(facts, some),
    )


def pairs(facts: Facts, found: Standing) -> tuple[Pair, ...]:
    """Return what is to move, also to primaries that are still to come."""
    views = {view.node_id: view for _, view in facts.viewed}
    return tuple(
        Pair(
            source_id=one.source_id,
            target_id=one.target_id,
            ranges=one.ranges,
            keys=obstacles.share(view.keys, view, one.ranges) if view else None,
            size=obstacles.estimate(view, one.ranges) if view else None,
        )
        for one in found.foreseen.transfers
        for view in [views.get(one.source_id)]
    )


def total(some: Sequence[int | None]) -> int | None:
    """Return the sum; None if one of the numbers is not known."""
    known = [one for one in some if one is not None]
    return sum(known) if len(known) == len(some) else None


def _targets(found: Standing, some: Sequence[Pair]) -> tuple[Target, ...]:
    owned = {one.node_id: slots.count(one.ranges) for one in found.keepers}
    wanted = rebalance.goals(owned)
    ids = dict.fromkeys(one.target_id for one in some)
    return tuple(Target(node_id=one, owns=owned[one], goal=wanted[one]) for one in ids)


def _seconds(facts: Facts, some: Sequence[Pair]) -> float | None:
    """Return the time that the rest takes at the pace of the moves until now; None without one."""
    rest = sum(slots.count(one.ranges) for one in some)
    running = migrations.running(facts)
    first = running[0] if running else None
    paced = pace(facts)
    if paced is not None:
        gone = min(first.seconds, slots.count(first.ranges) / paced) if first else 0.0
        return max(0.0, rest / paced - gone)
    part = _arrived(facts, first) if first else None
    if first is None or part is None:
        return None
    came = slots.count(first.ranges) * part
    return (rest - came) * first.seconds / came


def pace(facts: Facts) -> float | None:
    """Return how many slots a second the moves of the last hour took; None if none has ended."""
    ended = {
        one.job: one
        for _, view in facts.viewed
        for one in view.migrations
        if one.state is State.DONE and one.seconds < _LATELY and not view.myself.is_replica
    }
    took = sum(one.took for one in ended.values())
    return sum(slots.count(one.ranges) for one in ended.values()) / took if took else None


def _arrived(facts: Facts, one: Migration) -> float | None:
    """Return which part of a move has come to a target that owned nothing before; else None."""
    views = {view.node_id: view for _, view in facts.viewed}
    source, target = views.get(one.source_id), views.get(one.target_id)
    if source is None or target is None or target.myself.slots or not one.seconds:
        return None
    whole, came = obstacles.estimate(source, one.ranges), target.writing.dataset
    return came / whole if _NOISE <= came < whole else None
