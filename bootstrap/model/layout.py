"""Which replica follows which primary at first formation: even shards, replicas kept apart.

A replica on its primary's host fails together with the primary. So different hosts matter most,
then different zones, then the plain round-robin order.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from bootstrap.model import slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pod runs, as far as its sidecar was told; None: not known."""

    host: str | None = None
    """The name of the Kubernetes node."""
    zone: str | None = None


UNKNOWN = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which ordinal becomes what."""

    ranges: tuple[tuple[int, slots.Range], ...]
    """Each primary's ordinal and its slots."""
    replicas: tuple[tuple[int, int], ...]
    """Each replica's ordinal and its primary's."""

    def slots_of(self, ordinal: int) -> slots.Ranges:
        """Return the slots of a primary; empty for a replica."""
        return tuple(span for primary, span in self.ranges if primary == ordinal)

    def primary_of(self, ordinal: int) -> int | None:
        """Return the primary of a replica; None for a primary or a later pod."""
        return next((primary for replica, primary in self.replicas if replica == ordinal), None)


def together(one: Place, other: Place) -> tuple[bool, bool]:
    """Whether two places are known to be the same host, and the same zone."""
    return (
        one.host is not None and one.host == other.host,
        one.zone is not None and one.zone == other.zone,
    )


@functools.lru_cache(maxsize=8)
def layout(ordinals: tuple[int, ...], shards: int, places: tuple[Place, ...]) -> Layout:
    """Lay out the expected pods. `ordinals` has primaries first; `places` has the same order."""
    primaries, replicas = ordinals[:shards], ordinals[shards:]
    ranges = tuple(zip(primaries, slots.share(shards), strict=True))
    followed = [index % shards for index in range(len(replicas))]
    wanted = [
        [
            _cost(places[shards + row], places[column], column != followed[row], len(replicas))
            for column in range(shards)
        ]
        for row in range(len(replicas))
    ]
    plain = sum(costs[column] for costs, column in zip(wanted, followed, strict=True))
    if plain:  # some replica would share its primary's host or zone: find the best assignment
        followed = _even_assignment(wanted, shards)
    return Layout(
        ranges=ranges,
        replicas=tuple(
            (replica, primaries[column]) for replica, column in zip(replicas, followed, strict=True)
        ),
    )


def share_out(
    newcomers: Sequence[Place], vacancies: Sequence[Place], moved: Sequence[Sequence[bool]]
) -> list[int | None]:
    """Return which vacancy each newcomer takes; None if there is one for each of the others only.

    A vacancy is a replica that a primary lacks: its place is the primary's. `moved` says of each
    newcomer which vacancies are not the one that another order has for it.
    """
    size = max(len(newcomers), len(vacancies))
    rows = [
        [_cost(one, other, far, size) for other, far in zip(vacancies, beside, strict=True)]
        + [0] * (size - len(vacancies))
        for one, beside in zip(newcomers, moved, strict=True)
    ]
    rows += [[0] * size for _ in range(size - len(newcomers))]
    taken = _assign(rows)[: len(newcomers)]
    return [column if column < len(vacancies) else None for column in taken]


def _cost(replica: Place, primary: Place, moved: bool, replicas: int) -> int:
    """One shared host costs more than all shared zones, one shared zone more than all moves."""
    host, zone = together(replica, primary)
    weight = replicas + 1
    return host * weight * weight + zone * weight + moved


def _even_assignment(costs: Sequence[Sequence[int]], shards: int) -> list[int]:
    """Return the cheapest shard for each replica; shards differ by one replica at most.

    Each shard has one column for each of its places. If the replicas do not divide evenly, each
    shard has one spare place, and dummy rows take the spare places that remain.
    """
    each, extra = divmod(len(costs), shards)
    columns = [shard for _ in range(each) for shard in range(shards)]
    rows = [[row[shard] for shard in columns] for row in costs]
    if extra:
        never = sum(max(row) for row in costs) + 1
        rows = [row + list(cost) for row, cost in zip(rows, costs, strict=True)]
        unused = [never] * len(columns) + [0] * shards
        rows += [unused] * (shards - extra)
        columns += range(shards)
    return [columns[column] for column in _assign(rows)[: len(costs)]]


def _assign(costs: Sequence[Sequence[int]]) -> list[int]:
    """Return the minimum-cost matching of rows to columns (Kuhn-Munkres, potentials, O(n^3))."""
    size = len(costs)
    row_price, column_price = [0] * (size + 1), [0] * (size + 1)
    row_at = [size] * (size + 1)  # which row holds a column; `size` stands for none
    for row in range(size):
        came_from, column = [size] * size, size
        slack: list[float] = [float("inf")] * size
        done = [False] * (size + 1)
        row_at[size] = row
        while row_at[column] != size:
            done[column], here = True, row_at[column]
            delta, nearest = float("inf"), size
            for candidate in range(size):
                if done[candidate]:
                    continue
                reduced = costs[here][candidate] - row_price[here] - column_price[candidate]
                if reduced < slack[candidate]:
                    slack[candidate], came_from[candidate] = reduced, column
                if slack[candidate] < delta:
                    delta, nearest = slack[candidate], candidate
            for candidate in range(size + 1):
                if done[candidate]:
                    row_price[row_at[candidate]] += int(delta)
                    column_price[candidate] -= int(delta)
                else:
                    slack[candidate] -= delta
            column = nearest
        while column != size:
            row_at[column] = row_at[came_from[column]]
            column = came_from[column]
        row_at[size] = size
    return sorted(range(size), key=lambda column: row_at[column])
