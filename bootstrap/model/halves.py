"""Who of two looks after the pair that they are, so that many need not all look at all.

One MEET serves both sides: the node that is met learns the other's address from the first ping.
"""

from __future__ import annotations

from collections.abc import Collection


def half(ordinals: Collection[int], own: int) -> tuple[int, ...]:
    """The ordinals that follow ours on the ring of all, halfway round.

    Every pair of pods is in the half of at least one of the two, and of both only where they face
    each other.
    """
    ring = sorted({*ordinals, own})
    start = ring.index(own)
    return tuple(sorted((ring + ring)[start + 1 : start + 1 + len(ring) // 2]))
