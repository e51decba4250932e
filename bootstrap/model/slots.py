"""Hash slots as sorted, disjoint, inclusive ranges."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

SLOTS = 16384
"""Number of hash slots of every cluster (cluster.h, CLUSTER_SLOTS)."""

Range = tuple[int, int]
"""First and last slot."""
Ranges = tuple[Range, ...]
"""Sorted, disjoint ranges."""


def normalise(ranges: Iterable[Range]) -> Ranges:
    """Sort and merge ranges, so that two equal sets of slots compare equal."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def count(ranges: Ranges) -> int:
    """Return the number of slots in the ranges."""
    return sum(end - start + 1 for start, end in ranges)


def numbers(ranges: Ranges) -> Iterator[int]:
    """Yield each slot of the ranges."""
    for start, end in ranges:
        yield from range(start, end + 1)


def missing(ranges: Iterable[Range]) -> Ranges:
    """Return the slots that are in none of the ranges."""
    gaps: list[Range] = []
    expected = 0
    for start, end in normalise(ranges):
        if start > expected:
            gaps.append((expected, start - 1))
        expected = end + 1
    if expected < SLOTS:
        gaps.append((expected, SLOTS - 1))
    return tuple(gaps)


def without(ranges: Ranges, others: Iterable[Range]) -> Ranges:
    """Return the slots of the ranges that are in none of the others."""
    return missing((*missing(ranges), *others))


def overlap(some: Iterable[Range], others: Iterable[Range]) -> bool:
    """Whether a slot is in both; `others` is read more than once."""
    spans = tuple(others)
    return any(a <= end and start <= b for a, b in some for start, end in spans)


def share(shards: int) -> tuple[Range, ...]:
    """Divide all slots evenly: shard i of n gets slots floor(i*S/n) to floor((i+1)*S/n)-1."""
    edges = [index * SLOTS // shards for index in range(shards + 1)]
    return tuple((start, end - 1) for start, end in itertools.pairwise(edges))


def render(ranges: Ranges) -> str:
    """Return the ranges for people: `0-5460 10923`; `none` for an empty set."""
    if not ranges:
        return "none"
    return " ".join(str(start) if start == end else f"{start}-{end}" for start, end in ranges)


def brief(ranges: Ranges, most: int = 4) -> str:
    """Return the same, of many ranges only the first: keys found at a start scatter the slots."""
    if len(ranges) <= most:
        return render(ranges)
    return f"{render(ranges[:most])} ... ({count(ranges)} slots)"


def named(ranges: Ranges) -> str:
    """Return the same for a sentence: `slot 7`, or `slots 0-5460`."""
    return f"{'slot' if count(ranges) == 1 else 'slots'} {brief(ranges)}"


def keys(count: int) -> str:
    """Return a number of keys for a sentence."""
    return many(count, "key")


def many(count: int, noun: str) -> str:
    """Return a number of things for a sentence."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def few(names: Sequence[str], most: int = 4) -> str:
    """Return the names; of many only the first, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
