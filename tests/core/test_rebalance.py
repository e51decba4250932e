"""Which slots move: as few as can be, evenly, one transfer a pair, the same for every sidecar."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import hypothesis
import pytest
from hypothesis import strategies as st

from bootstrap.model import rebalance, slots
from bootstrap.model.rebalance import Transfer
from bootstrap.model.slots import SLOTS, Ranges
from tests.core import build

Owned = dict[str, Ranges]


def formed(shards: int) -> Owned:
    return {f"n{number}": (span,) for number, span in enumerate(slots.share(shards))}


def after(owned: Owned, moves: tuple[Transfer, ...]) -> Owned:
    """What each node owns once all transfers are done; nobody gives what he has not."""
    held = dict(owned)
    for move in moves:
        assert move.ranges
        assert not slots.without(move.ranges, held[move.source_id])
        held[move.source_id] = slots.without(held[move.source_id], move.ranges)
        held[move.target_id] = slots.normalise((*held.get(move.target_id, ()), *move.ranges))
    return held


def test_one_shard_more_takes_a_part_of_each() -> None:
    moves = rebalance.transfers(formed(3), ["n0", "n1", "n2", "n3"])
    assert moves == (
        Transfer("n0", "n3", ((4096, 5460),)),
        Transfer("n1", "n3", ((9557, 10921),)),
        Transfer("n2", "n3", ((15018, 16383),)),
    )


def test_one_shard_fewer_gives_to_all() -> None:
    moves = rebalance.transfers(formed(4), ["n0", "n1", "n2"])
    assert [(one.source_id, one.target_id, slots.count(one.ranges)) for one in moves] == [
        ("n3", "n0", 1366),
        ("n3", "n1", 1365),
        ("n3", "n2", 1365),
    ]


def test_a_formed_cluster_needs_nothing() -> None:
    for shards in range(1, 31):
        assert rebalance.transfers(formed(shards), list(formed(shards))) == ()


@pytest.mark.parametrize(("extra", "moves"), [(80, 0), (82, 1)])
def test_a_little_uneven_is_left_alone(extra: int, moves: int) -> None:
    """Two in a hundred of 4096 slots are 81.92."""
    spans = slots.share(4)
    owned: Owned = {
        "n0": ((spans[0][0], spans[0][1] + extra),),
        "n1": ((spans[1][0] + extra, spans[1][1]),),
        "n2": (spans[2],),
        "n3": (spans[3],),
    }
    assert len(rebalance.transfers(owned, list(owned))) == moves


def test_a_node_that_is_to_own_nothing_gives_even_a_single_slot() -> None:
    owned: Owned = {**formed(3), "n0": ((0, 5459),), "gone": ((5460, 5460),)}
    (move,) = rebalance.transfers(owned, ["n0", "n1", "n2"])
    assert move == Transfer("gone", "n0", ((5460, 5460),))


@st.composite
def clusters(draw: st.DrawFn) -> tuple[Owned, list[str]]:
    """Nodes with any slots, in many pieces, some with none; and those that are to own slots."""
    owners = draw(st.integers(1, 12))
    cuts = sorted(draw(st.lists(st.integers(1, SLOTS - 1), max_size=40)))
    held: dict[str, list[slots.Range]] = {f"n{number}": [] for number in range(owners)}
    edges = [0, *sorted(set(cuts)), SLOTS]
    for first, last in itertools.pairwise(edges):
        held[f"n{draw(st.integers(0, owners - 1))}"].append((first, last - 1))
    names = [f"n{number}" for number in range(owners + draw(st.integers(0, 6)))]
    keepers = [one for one in names if draw(st.booleans())] or names[:1]
    return {one: slots.normalise(spans) for one, spans in held.items()}, keepers


@hypothesis.given(clusters())
@build.ANYWHERE
def test_it_is_even_minimal_and_ends(given: tuple[Owned, list[str]]) -> None:
    owned, keepers = given
    moves = rebalance.transfers(owned, keepers)
    end = after(owned, moves)
    counts = {one: slots.count(ranges) for one, ranges in end.items() if ranges}
    assert sum(counts.values()) == SLOTS
    assert counts.keys() <= set(keepers)
    assert rebalance.transfers(end, keepers) == ()
    pairs = Counter((one.source_id, one.target_id) for one in moves)
    assert all(count == 1 for count in pairs.values())
    givers, takers = {one.source_id for one in moves}, {one.target_id for one in moves}
    assert not givers & takers
    assert len(moves) <= max(0, len(givers) + len(takers) - 1)
    if not moves:
        return
    share = SLOTS // len(keepers)
    assert set(counts.values()) <= {share, share + 1}
    before = {one: slots.count(owned.get(one, ())) for one in {*owned, *keepers}}
    moved = sum(slots.count(one.ranges) for one in moves)
    assert moved == sum(max(0, before[one] - counts.get(one, 0)) for one in before)
    assert moved == _fewest(before, keepers)


def _fewest(before: dict[str, int], keepers: list[str]) -> int:
    """The fewest slots that any even result takes: who has most keeps the larger shares."""
    share, more = divmod(SLOTS, len(keepers))
    have = sorted((before[one] for one in keepers), reverse=True)
    kept = [min(count, share + (place < more)) for place, count in enumerate(have)]
    return SLOTS - sum(kept)


@hypothesis.given(clusters(), st.randoms(use_true_random=False))
@build.ANYWHERE
def test_all_sidecars_find_the_same(given: tuple[Owned, list[str]], chance: random.Random) -> None:
    owned, keepers = given
    shuffled = list(owned.items())
    chance.shuffle(shuffled)
    assert rebalance.transfers(dict(shuffled), keepers) == rebalance.transfers(owned, keepers)


@hypothesis.given(clusters(), st.data())
@build.ANYWHERE
def test_what_was_cut_off_goes_on_without_moving_a_slot_twice(
    given: tuple[Owned, list[str]], data: st.DataObject
) -> None:
    """Any transfers may be done, or half done, when the rest is found anew."""
    owned, keepers = given
    moves = rebalance.transfers(owned, keepers)
    done: list[Transfer] = []
    for move in moves:
        numbers = [n for first, last in move.ranges for n in range(first, last + 1)]
        many = data.draw(st.sampled_from([0, len(numbers) // 2, len(numbers)]))
        if many:
            spans = slots.normalise((n, n) for n in numbers[len(numbers) - many :])
            done.append(Transfer(move.source_id, move.target_id, spans))
    middle = after(owned, tuple(done))
    rest = rebalance.transfers(middle, keepers)
    total = sum(slots.count(one.ranges) for one in (*done, *rest))
    assert total <= sum(slots.count(one.ranges) for one in moves)
    assert rebalance.transfers(after(middle, rest), keepers) == ()


@hypothesis.given(clusters())
@build.ANYWHERE
def test_as_many_moves_as_were_planned_if_each_is_followed_by_a_new_plan(
    given: tuple[Owned, list[str]],
) -> None:
    """Sidecars make the first transfer, and plan anew. Each transfer costs a pause of writes."""
    owned, keepers = given
    planned = rebalance.transfers(owned, keepers)
    made = 0
    while rest := rebalance.transfers(owned, keepers):
        owned = after(owned, rest[:1])
        made += 1
    assert made <= len(planned)


def test_two_shards_become_three_by_two_moves() -> None:
    first, second = rebalance.transfers(formed(2), ["n0", "n1", "n2"])
    assert rebalance.transfers(after(formed(2), (first,)), ["n0", "n1", "n2"]) == (second,)
