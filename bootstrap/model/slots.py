"""Hash slots as sorted, disjoint, inclusive ranges."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

#: Number of hash slots of every cluster (cluster.h, CLUSTER_SLOTS).
SLOTS = 16384

Range = tuple[int, int]
Ranges = tuple[Range, ...]


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
    """How many slots the ranges hold."""
    return sum(end - start + 1 for start, end in ranges)


def missing(ranges: Iterable[Range]) -> Ranges:
    """The slots of the key space that the ranges leave out."""
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
    """The slots of the ranges that are in none of the others."""
    return missing((*missing(ranges), *others))


def share(shards: int) -> tuple[Range, ...]:
    """Divide the key space evenly: shard i of n gets slots floor(i*S/n) to floor((i+1)*S/n)-1."""
    edges = [index * SLOTS // shards for index in range(shards + 1)]
    return tuple((start, end - 1) for start, end in itertools.pairwise(edges))


def render(ranges: Ranges) -> str:
    """Ranges as people read them: `0-5460 10923`; `none` for an empty set."""
    if not ranges:
        return "none"
    return " ".join(str(start) if start == end else f"{start}-{end}" for start, end in ranges)


def brief(ranges: Ranges, most: int = 4) -> str:
    """The same on less than a line: keys that a server found at its start scatter its slots."""
    if len(ranges) <= most:
        return render(ranges)
    return f"{render(ranges[:most])} ... ({count(ranges)} slots)"


def named(ranges: Ranges) -> str:
    """The same in a sentence: `slot 7`, or `slots 0-5460`."""
    return f"{'slot' if count(ranges) == 1 else 'slots'} {brief(ranges)}"


def keys(count: int) -> str:
    """A number of keys in a sentence."""
    return many(count, "key")


def many(count: int, noun: str) -> str:
    """A number of things in a sentence."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def few(names: Sequence[str], most: int = 4) -> str:
    """The names; of many only the first, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
