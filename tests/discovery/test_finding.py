"""Every kind of question tells where pods are."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from bootstrap.model import directory
from tests.discovery.support import (
    LONGEST,
    SERVICE,
    TICK,
    WHERE,
    WINDOW,
    Clock,
    Server,
    address,
    discover,
    found,
    keep_looking,
    looking_at,
    one_round,
    pod,
    publish,
    states,
)


def test_all_pods_are_found(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    publish(names, *range(6))
    looking = discover(clock, names)
    wanted = [pod(number) for number in range(6)]
    asyncio.run(keep_looking(looking, clock, wanted, until=found(*range(6))))
    assert len(names.questions) == looking.questions <= 8


@pytest.mark.parametrize("family", [4, 6, None])
def test_addresses_are_those_of_the_family(serve: Server, clock: Clock, family: Any) -> None:
    names = serve()
    names.publish("redis-app-0", *WHERE, ["127.9.0.1", "fd00::1"])
    names.publish("redis-app-1", *WHERE, ["127.9.0.2"])
    names.publish("redis-app-2", *WHERE, ["fd00::2"])
    v4, v6 = (("127.9.0.1",), ("127.9.0.2",), ()), (("fd00::1",), (), ("fd00::2",))
    both = tuple(tuple(sorted(one + other)) for one, other in zip(v4, v6, strict=True))
    expected = {4: v4, 6: v6, None: both}[family]
    # Whatever kind of question found them: each alone, and all in turn.
    for _ in range(24):
        clock.now += 31.25  # Another turn, and everything forgotten.
        looking = discover(clock, names, family=family)
        asyncio.run(keep_looking(looking, clock, [pod(n) for n in range(3)], seconds=3))
        known = looking_at(looking)
        assert tuple(known.of(pod(n)).addresses for n in range(3)) == expected
        for number in range(3):
            assert known.of(pod(number)).state == ("found" if expected[number] else "absent")


def test_the_service_is_asked_again_at_most_once_a_second(serve: Server, clock: Clock) -> None:
    names = serve()
    publish(names, 0)
    looking = discover(clock, names)

    async def twice(seconds: float) -> directory.Directory:
        await looking.relist()
        clock.now += seconds
        await looking.relist()
        return await looking.ask(())

    assert asyncio.run(twice(0.9)).of(pod(0)).addresses == (address(0),)
    assert len(names.questions) == 1
    publish(names, 1)
    clock.now += 30
    assert asyncio.run(twice(1.0)).of(pod(1)).addresses == (address(1),)
    assert len(names.questions) == 3


def test_each_kind_of_question_tells_on_its_own(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    publish(names, 0)
    seen: dict[tuple[str, str], set[tuple[str, tuple[str, ...]]]] = {}
    for _ in range(24):
        clock.now += 31.25  # Another turn, and everything forgotten.
        before = len(names.questions)
        known = asyncio.run(discover(clock, names).ask([pod(0)]))
        (asked,) = names.questions[before:]
        seen.setdefault((asked.name, asked.type), set()).add(
            (known.of(pod(0)).state, known.nameless)
        )
    named = {("found", ())}
    nameless = {("unknown", (address(0),))}
    assert seen == {
        (SERVICE, "SRV"): named,
        (SERVICE, "A"): nameless,
        (pod(0), "A"): named,
        (pod(0), "SRV"): named,
    }


def test_a_service_without_ports_has_pods_all_the_same(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30, service_port=None)
    publish(names, 0)
    looking = discover(clock, names)
    asyncio.run(one_round(looking, clock, [pod(0), pod(1)]))
    known = looking_at(looking)
    assert states(known, 2) == ["found", "absent"]
    assert known.nameless == ()


def test_other_services_are_not_ours(serve: Server, clock: Clock) -> None:
    names = serve()
    names.publish("redis-app-0", "other", "default", ["127.9.9.9"])
    publish(names, 1)
    looking = discover(clock, names)
    asyncio.run(keep_looking(looking, clock, [pod(0)], seconds=6))
    known = looking_at(looking)
    assert states(known, 2) == ["absent", "found"]


def test_names_are_compared_without_case_and_dot() -> None:
    known = directory.Directory(
        names=((pod(0), directory.Name(state="found", addresses=("127.9.0.1",))),)
    )
    assert known.of(pod(0).upper().rstrip(".")).state == "found"
    assert known.of(pod(1)).state == "unknown"


def test_a_long_answer_comes_over_tcp(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    publish(names, *range(100))
    # A hundred answers are made by our own name server, and the machine may be busy.
    looking = discover(clock, names, timeout=20.0)
    known = asyncio.run(looking.ask([pod(0)]))  # The service's SRV has its turn.
    assert states(known, 100) == ["found"] * 100
    assert [asked.transport for asked in names.questions] == ["udp", "tcp"]
    assert looking.questions == 2


@pytest.mark.parametrize("turn", range(6))
@pytest.mark.parametrize("family", [4, None])
def test_sixty_names_are_found_by_one_question(
    serve: Server, clock: Clock, turn: int, family: Any
) -> None:
    """Whatever has its turn: on a slow name server sixty questions would take sixty times as long."""
    names = serve(cache_seconds=30, takes=0.02)
    publish(names, *range(60))
    clock.now += turn * WINDOW
    looking = discover(clock, names, family=family, timeout=20.0)
    known = asyncio.run(looking.ask([pod(number) for number in range(60)]))
    assert states(known, 60) == ["found"] * 60
    assert {(asked.name, asked.type) for asked in names.questions} == {(SERVICE, "SRV")}
    assert looking.questions == 2  # UDP, and TCP for the whole of it.


@pytest.mark.parametrize("ttl", [5, 30])
def test_names_that_come_one_by_one_are_found_by_the_list_of_all(
    serve: Server, clock: Clock, ttl: int
) -> None:
    """Where nothing caches, a list that was made just now denies those that are not on it."""
    names = serve(ttl=ttl)
    looking = discover(clock, names, timeout=20.0)
    for number in range(60):
        publish(names, number, after=2.0 + number / 12)
    wanted = [pod(number) for number in range(60)]
    took = asyncio.run(keep_looking(looking, clock, wanted, until=found(*range(60))))
    assert took <= 2.0 + 59 / 12 + 0.2 + 2 * TICK
    single = [asked for asked in names.questions if asked.name != SERVICE]
    assert len(single) <= {5: 2 * 60, 30: 0}[ttl]


def test_many_names_are_found_though_packets_are_lost(serve: Server, clock: Clock) -> None:
    names = serve(loses=0.05)
    publish(names, *range(60))
    looking = discover(clock, names)
    wanted = [pod(number) for number in range(60)]
    took = asyncio.run(keep_looking(looking, clock, wanted, until=found(*range(60))))
    assert took <= LONGEST


def test_packets_leave_no_sockets_behind(serve: Server, clock: Clock) -> None:
    names = serve()
    publish(names, *range(60))
    with socket.socket() as probe:
        before = probe.fileno()
    asyncio.run(one_round(discover(clock, names), clock, [pod(0), pod(99)]))
    with socket.socket() as probe:
        assert probe.fileno() == before
