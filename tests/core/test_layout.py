"""The layout against all layouts: even, then apart by host, by zone, then near the plain order."""

from __future__ import annotations

import collections
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootstrap.model import layout as layouts
from bootstrap.model import slots
from bootstrap.model.layout import Place
from tests.core import build

Ladder = tuple[int, int, int]

_place = st.builds(
    Place,
    host=st.sampled_from([None, "a", "b", "c"]),
    zone=st.sampled_from([None, "x", "y"]),
)


def price(places: list[Place], shards: int, followed: tuple[int, ...]) -> Ladder:
    """Shared hosts, shared zones, moves: fewer of the first outweighs all of the rest."""
    hosts = zones = moves = 0
    for row, column in enumerate(followed):
        one, other = places[shards + row], places[column]
        hosts += one.host is not None and one.host == other.host
        zones += one.zone is not None and one.zone == other.zone
        moves += column != row % shards
    return hosts, zones, moves


def even(followed: tuple[int, ...], shards: int) -> bool:
    counts = collections.Counter(dict.fromkeys(range(shards), 0))
    counts.update(followed)
    return max(counts.values()) - min(counts.values()) <= 1


def best(places: list[Place], shards: int) -> Ladder:
    replicas = len(places) - shards
    every = itertools.product(range(shards), repeat=replicas)
    return min(price(places, shards, one) for one in every if even(one, shards))


def laid_out(places: list[Place], shards: int, start: int = 0) -> tuple[int, ...]:
    found = layouts.layout(tuple(range(start, start + len(places))), shards, tuple(places))
    return tuple(primary - start for _, primary in found.replicas)


@settings(build.ANYWHERE, max_examples=150)
@given(
    places=st.lists(_place, min_size=3, max_size=9),
    shards=st.integers(1, 4),
    start=st.sampled_from([0, 1, 7]),
)
def test_no_layout_is_better(places: list[Place], shards: int, start: int) -> None:
    shards = min(shards, len(places))
    found = laid_out(places, shards, start)
    assert even(found, shards)
    assert price(places, shards, found) == best(places, shards)


def test_a_host_outweighs_all_zones_and_a_zone_all_moves() -> None:
    """Keeping one replica off its primary's host may cost every other a shared zone."""
    places = [Place(host="a", zone="x"), Place(host="b", zone="y"), Place(host="c", zone="y"),
              Place(host="a", zone="y"), Place(host="d", zone="x"), Place(host="e", zone="x")]  # fmt: skip
    found = laid_out(places, 3)
    assert price(places, 3, found) == best(places, 3)
    assert price(places, 3, found)[0] == 0


@pytest.mark.parametrize(("size", "shards"), [(3, 3), (6, 3), (9, 3), (7, 3), (120, 60), (11, 4)])
def test_without_places_the_order_is_plain(size: int, shards: int) -> None:
    found = laid_out([layouts.UNKNOWN] * size, shards)
    assert found == tuple(row % shards for row in range(size - shards))


def test_big_and_crowded_layouts_are_found_too() -> None:
    """60 shards on 20 hosts, each host with its primaries' own replicas in the plain order."""
    places = [Place(host=f"host-{index % 20}") for index in range(120)]
    found = laid_out(places, 60)
    assert even(found, 60)
    assert price(places, 60, found)[0] == 0


def test_slots_hang_on_ordinals_alone() -> None:
    ordinals = tuple(range(3, 9))
    found = layouts.layout(ordinals, 3, (Place(host="a"),) * 6)
    assert [found.slots_of(ordinal) for ordinal in ordinals] == [
        *((one,) for one in slots.share(3)),
        (),
        (),
        (),
    ]
    assert [found.primary_of(ordinal) for ordinal in (*ordinals, 9)] == [
        None, None, None, 3, 4, 5, None,
    ]  # fmt: skip
    assert found.slots_of(9) == ()


@settings(build.ANYWHERE, max_examples=150)
@given(newcomers=st.lists(_place, max_size=4), vacancies=st.lists(_place, max_size=4))
def test_no_sharing_out_is_better(newcomers: list[Place], vacancies: list[Place]) -> None:
    moved = [[row != column for column in range(len(vacancies))] for row in range(len(newcomers))]
    found = layouts.share_out(newcomers, vacancies, moved)
    some = [one for one in found if one is not None]
    assert len(some) == len({*some}) == min(len(newcomers), len(vacancies))

    def price_of(taken: tuple[int | None, ...]) -> Ladder:
        pairs = [(row, column) for row, column in enumerate(taken) if column is not None]
        same = [layouts.together(newcomers[row], vacancies[column]) for row, column in pairs]
        hosts, zones = sum(host for host, _ in same), sum(zone for _, zone in same)
        return hosts, zones, sum(row != column for row, column in pairs)

    columns = [*range(len(vacancies)), *[None] * max(0, len(newcomers) - len(vacancies))]
    every = itertools.permutations(columns, len(newcomers))
    assert price_of(tuple(found)) == min(map(price_of, every))
