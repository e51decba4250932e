"""Sets of hash slots as the bits of one integer: quick to unite, to part, and to compare."""

from __future__ import annotations

from typing import Final

from bootstrap.model.slots import Ranges

SLOTS: Final = 16384
ALL: Final = (1 << SLOTS) - 1


def of(ranges: Ranges) -> int:
    """Return the set of these slots."""
    found = 0
    for first, last in ranges:
        found |= (1 << (last + 1)) - (1 << first)
    return found


def words(slots: int) -> list[str]:
    """Return the ranges as CLUSTER NODES writes them."""
    found: list[str] = []
    start = 0
    while slots >> start:
        start += ((slots >> start) & -(slots >> start)).bit_length() - 1
        rest = slots >> start
        length = ((rest + 1) & ~rest).bit_length() - 1
        last = start + length - 1
        found.append(str(start) if start == last else f"{start}-{last}")
        start = last + 1
    return found
