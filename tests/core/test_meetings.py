"""Who meets whom, and which side is told."""

from __future__ import annotations

import itertools

import pytest

from bootstrap.model import layout as layouts
from bootstrap.model.actions import Meet
from bootstrap.model.snapshot import Pod
from bootstrap.model.view import View
from bootstrap.plan import meetings
from tests.core import build


def pairs(size: int, replicas: int, start: int = 0) -> tuple[tuple[int, int], ...]:
    ordinals = tuple(range(start, start + size))
    shards = size // (1 + replicas)
    return meetings.pairs(ordinals, layouts.layout(ordinals, shards, (layouts.UNKNOWN,) * size))


def hops(size: int, found: tuple[tuple[int, int], ...]) -> int:
    """The farthest that news has to travel from the first; more than `size` when it cannot."""
    near, reached = {0}, 0
    while len(near) < size and reached <= size:
        near |= {other for pair in found for other in pair if near & set(pair)}
        reached += 1
    return reached


@pytest.mark.parametrize("replicas", [0, 1, 2])
@pytest.mark.parametrize("size", [*range(3, 70), 90, 120])
def test_everybody_is_connected_and_every_replica_has_its_primary(size: int, replicas: int) -> None:
    found = pairs(size, replicas)
    shards = size // (1 + replicas)
    assert hops(size, found) <= (size.bit_length() if size <= 30 else 2)
    met = {frozenset(pair) for pair in found}
    assert len(met) == len(found)
    assert all(one != other for one, other in found)
    for index in range(size - shards):
        assert frozenset({shards + index, index % shards}) in met
    assert len(found) <= size * (size.bit_length() + 1)


def test_many_pods_meet_the_seed_and_their_primary_alone() -> None:
    assert len(pairs(31, 0)) == 30
    assert all(0 in pair for pair in pairs(61, 0))
    assert len(pairs(30, 0)) > 60
    assert len(pairs(120, 1)) == 119 + 59


def test_ordinals_need_not_start_at_zero() -> None:
    assert pairs(6, 1, 5) == tuple((one + 5, other + 5) for one, other in pairs(6, 1))


def node(ordinal: int, *lines: str) -> tuple[Pod, View]:
    pod = build.own(ordinal, [build.line(ordinal, "myself,master"), *lines])
    assert pod.view is not None
    return pod, pod.view


def told(*pods: tuple[Pod, View]) -> list[tuple[str, str]]:
    found = meetings.missing(pods, ((0, 1),), why="because")
    assert all(isinstance(one, Meet) and one.why == "because" for one in found)
    return [(one.pod, one.peer) for one in found]


KNOWS_0, KNOWS_1 = build.line(0), build.line(1)
SHAKES_0, SHAKES_1 = (
    f"h{ordinal} {build.address(ordinal)}:6379@16379 handshake - 0 0 0 connected"
    for ordinal in (0, 1)
)
THERE, BACK = ("redis-app-0", "redis-app-1"), ("redis-app-1", "redis-app-0")


@pytest.mark.parametrize(
    ("zero", "one", "expected"),
    [
        ((), (), [THERE]),
        ((KNOWS_1,), (KNOWS_0,), []),
        ((KNOWS_1,), (), [BACK]),
        ((), (KNOWS_0,), [THERE]),
        ((SHAKES_1,), (), []),
        ((), (SHAKES_0,), []),
        ((KNOWS_1,), (SHAKES_0,), []),
    ],
)
def test_the_side_that_lacks_the_other_is_told(
    zero: tuple[str, ...], one: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert told(node(0, *zero), node(1, *one)) == expected


def test_somebody_elses_handshake_does_not_count() -> None:
    other = "h9 10.0.0.77:6379@16379 handshake - 0 0 0 connected"
    assert told(node(0, other), node(1)) == [THERE]


def test_a_meeting_is_at_the_address_that_was_seen_and_the_ports_that_it_says() -> None:
    me, mine = node(0)
    lines = [f"n1 {build.address(1)}:7001@9001,x myself,master - 0 0 0 connected"]
    peer = build.pod(1, build.view(lines), at="10.1.1.1")
    assert peer.view is not None
    found = meetings.meet(me, mine, peer, peer.view, why="")
    assert (found.address, found.port, found.bus_port) == ("10.1.1.1", 7001, 9001)


def test_no_pair_of_a_small_set_is_far_apart() -> None:
    """Up to five pods everybody meets everybody."""
    for size in (3, 4, 5):
        expected = {frozenset(pair) for pair in itertools.combinations(range(size), 2)}
        assert {frozenset(pair) for pair in pairs(size, 0)} >= (expected if size != 4 else set())
