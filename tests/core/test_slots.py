from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.model import slots
from tests.core import build

_ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair)))
)


def numbers(ranges: slots.Ranges) -> set[int]:
    return {slot for first, last in ranges for slot in range(first, last + 1)}


@build.ANYWHERE
@given(_ranges)
def test_equal_sets_of_slots_are_written_alike(ranges: list[slots.Range]) -> None:
    found = slots.normalise(ranges)
    assert numbers(found) == numbers(tuple(ranges))
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(found))
    assert slots.count(found) == len(numbers(found))


@build.ANYWHERE
@given(_ranges)
def test_what_is_missing_is_the_rest(ranges: list[slots.Range]) -> None:
    found = slots.missing(ranges)
    assert numbers(found) == set(range(slots.SLOTS)) - numbers(tuple(ranges))
    assert found == slots.normalise(found)


@pytest.mark.parametrize("shards", [*range(1, 130), 1000, slots.SLOTS])
def test_everybody_gets_a_share_and_none_is_left(shards: int) -> None:
    shares = slots.share(shards)
    sizes = {last - first + 1 for first, last in shares}
    assert len(shares) == shards
    assert slots.normalise(shares) == ((0, slots.SLOTS - 1),)
    assert max(sizes) - min(sizes) <= 1


def test_the_shares_of_three() -> None:
    assert slots.share(3) == ((0, 5460), (5461, 10921), (10922, 16383))


@pytest.mark.parametrize(
    ("ranges", "text"),
    [((), "none"), (((5, 5),), "5"), (((0, 9), (11, 11), (13, 14)), "0-9 11 13-14")],
)
def test_people_read_ranges(ranges: slots.Ranges, text: str) -> None:
    assert slots.render(ranges) == text
    assert slots.brief(ranges) == text


def test_scattered_slots_fit_a_line() -> None:
    scattered = tuple((slot, slot) for slot in range(0, 20, 2))
    assert slots.brief(scattered) == "0 2 4 6 ... (10 slots)"


def test_each_slot_of_some_ranges() -> None:
    assert list(slots.numbers(((0, 2), (7, 7)))) == [0, 1, 2, 7]
    assert list(slots.numbers(())) == []
