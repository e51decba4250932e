"""Which pods a pod looks after once many have moved, so that not every pod looks at all others.

One MEET is enough for a pair: the node that is met learns the other's address from the first ping.
"""

from __future__ import annotations

from collections.abc import Collection


def half(ordinals: Collection[int], own: int) -> tuple[int, ...]:
    """Return the half of all ordinals that follows ours, as if all were on a ring.

    Of each pair of pods at least one has the other in its half; both have if they are opposite each
    other on the ring.
    """
    ring = sorted({*ordinals, own})
    start = ring.index(own)
    return tuple(sorted((ring + ring)[start + 1 : start + 1 + len(ring) // 2]))
