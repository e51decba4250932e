"""Which slots have to move so that given nodes own all slots evenly: as few as can be.

Nodes are named by their ids. They are given in an order that all sidecars share, so that all find
the same transfers, whatever they looked at first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bootstrap.model import slots
from bootstrap.model.slots import SLOTS, Ranges

TOLERANCE: Final = 0.02
"""The part of its share by which a node may own more or fewer slots before any is moved."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Slots that move from one node to another."""

    source_id: str
    target_id: str
    ranges: Ranges


def transfers(owned: Mapping[str, Ranges], keepers: Sequence[str]) -> tuple[Transfer, ...]:
    """Return what has to move until each keeper owns its share, and all others own nothing.

    Each pair of nodes has one transfer at most, since each costs a pause of all writes to its
    source. Nothing moves while all is nearly even (`even`).

    Args:
        owned: What each node owns. Nodes that own nothing may be missing.
        keepers: The nodes that are to own slots, at least one.

    """
    if even(owned, keepers):
        return ()
    wanted = goals({one: slots.count(owned.get(one, ())) for one in keepers})
    # Owners that are no keepers come first, by id: any order will do that all sidecars share.
    givers = [*sorted(owned.keys() - wanted.keys()), *keepers]
    surplus = {one: slots.count(owned.get(one, ())) - wanted.get(one, 0) for one in givers}
    rest = {one: owned.get(one, ()) for one in givers}
    found: list[Transfer] = []
    takers = [one for one in keepers if surplus[one] < 0]
    for giver in givers:
        while surplus[giver] > 0:
            taker = takers[0]
            count = min(surplus[giver], -surplus[taker])
            rest[giver], given = tail(rest[giver], count)
            found.append(Transfer(giver, taker, given))
            surplus[giver] -= count
            surplus[taker] += count
            if not surplus[taker]:
                takers.pop(0)
    return tuple(found)


def even(owned: Mapping[str, Ranges], keepers: Sequence[str]) -> bool:
    """Whether the keepers own all slots, and each its share within the tolerance."""
    share = SLOTS / len(keepers)
    counts = [slots.count(owned.get(one, ())) for one in keepers]
    return sum(counts) == SLOTS and all(
        abs(count - share) <= max(1.0, TOLERANCE * share) for count in counts
    )


def goals(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many slots each keeper is to own.

    Keepers with most get one more: that moves least. A keeper that has its share already keeps it,
    with one more or without: else the next transfer would be to or from it again.
    """
    least, more = divmod(SLOTS, len(counts))
    done = {least + 1: 0, least: 2}
    # The sort is stable: among equals the order of the keepers decides.
    by_count = sorted(counts, key=lambda one: (done.get(counts[one], 1), -counts[one]))
    return {one: least + (place < more) for place, one in enumerate(by_count)}


def tail(ranges: Ranges, count: int) -> tuple[Ranges, Ranges]:
    """Cut off the last `count` slots, so that what stays and what goes has few ranges."""
    stays, goes = list(ranges), list[slots.Range]()
    while count:
        first, last = stays.pop()
        size = min(count, last - first + 1)
        goes.append((last - size + 1, last))
        count -= size
        if first <= last - size:
            stays.append((first, last - size))
    return tuple(stays), tuple(reversed(goes))
