"""Pods are found soon, although everything is remembered for 30 s."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

import pytest

from bootstrap.dns import client
from bootstrap.model import directory
from tests.discovery.support import (
    LONGEST,
    SERVICE,
    TICK,
    WHERE,
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


def test_a_late_pod_is_found_soon_whenever_it_comes(serve: Server, clock: Clock) -> None:
    chance = random.Random(4)
    names = serve(cache_seconds=30)
    for number in range(30):
        # Apart enough for the caches of one to have nothing to do with the next.
        clock.now += 60 + chance.uniform(0, 30)
        late = chance.uniform(0, 65)
        publish(names, number, after=late)
        took = asyncio.run(
            keep_looking(discover(clock, names), clock, [pod(number)], until=found(number))
        )
        assert took - late < LONGEST + 3 * TICK


def test_asking_one_question_again_and_again_loses_half_a_minute(
    serve: Server, clock: Clock
) -> None:
    """The twin of the test before, as one would do it without thinking."""
    names = serve(cache_seconds=30)
    publish(names, 0, after=9)

    async def naive() -> float:
        start = clock.now
        while (await discover(clock, names).address_of(pod(0))).state != "found":
            clock.now += 0.5
        return clock.now - start

    assert asyncio.run(naive()) >= 30


def test_a_formation_finds_the_last_pod_soon(serve: Server, clock: Clock) -> None:
    """All are asked for before any exists; five come by and by, the last one 9 s late."""
    names = serve(cache_seconds=30)
    for number in range(5):
        publish(names, number, after=2.2 + number / 2)
    publish(names, 5, after=9)
    looking = discover(clock, names)

    async def form() -> float:
        start, missing = clock.now, set(range(6))
        while missing:
            known = await looking.ask([pod(number) for number in missing])
            missing = {number for number in range(6) if not known.of(pod(number)).addresses}
            clock.now += (looking.due() + TICK) if missing else 0
        return clock.now - start

    assert 9 <= asyncio.run(form()) < 9 + LONGEST + 3 * TICK
    assert looking.questions <= 50


def test_a_moved_pod_is_found_soon_though_its_old_address_is_remembered(
    serve: Server, clock: Clock
) -> None:
    chance = random.Random(5)
    names = serve(cache_seconds=30, replicas=2)
    for number in range(20):
        clock.now += 100
        publish(names, number)
        looking = discover(clock, names)
        asyncio.run(keep_looking(looking, clock, [pod(number)], until=found(number)))
        clock.now += chance.uniform(0, 40)
        names.publish(f"redis-app-{number}", *WHERE, ["127.9.9.9"])

        def moved(known: directory.Directory, name: str = pod(number)) -> bool:
            return known.of(name).addresses == ("127.9.9.9",)

        took = asyncio.run(keep_looking(looking, clock, [pod(number)], until=moved))
        assert took < LONGEST + 3 * TICK


def test_an_older_answer_does_not_replace_a_newer_one(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    publish(names, 0)
    asyncio.run(discover(clock, names).address_of(pod(0)))  # Now the cache remembers that one.
    clock.now += 10
    names.publish("redis-app-0", *WHERE, ["127.9.9.9"])
    looking = discover(clock, names)
    wanted = [pod(0)]

    def moved(known: directory.Directory) -> bool:
        return known.of(pod(0)).addresses == ("127.9.9.9",)

    asyncio.run(keep_looking(looking, clock, wanted, until=moved))
    before = len(names.questions)
    said = asyncio.run(looking.address_of(pod(0)))
    assert len(names.questions) == before + 1
    assert said.addresses == ("127.9.9.9",)


def test_a_pod_that_went_is_absent(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    publish(names, 0, 1)
    looking = discover(clock, names)
    asyncio.run(keep_looking(looking, clock, [pod(0), pod(1)], until=found(0, 1)))
    names.withdraw("redis-app-0", *WHERE)
    took = asyncio.run(
        keep_looking(looking, clock, [pod(0)], until=lambda known: not found(0)(known))
    )
    assert took < LONGEST + 3 * TICK
    assert states(looking_at(looking), 1) == ["absent"]


def test_nothing_is_asked_while_it_may_be_remembered(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    looking = discover(clock, names)
    asyncio.run(one_round(looking, clock, [pod(0), pod(1)]))
    asked = Counter(one[:4] for one in names.questions)
    bits = [(do, cd) for do in (False, True) for cd in (False, True)]
    # The very first one is repeated until it is seen that it is remembered.
    first = names.questions[0][:4]
    assert 1 < asked.pop(first) <= 7
    assert asked == {
        one: 1
        for name in (SERVICE, pod(0), pod(1))
        for kind in ("A", "SRV")
        for do, cd in bits
        if (one := (name, kind, do, cd)) != first
    }


def test_a_denial_is_believed_for_as_long_as_it_says(serve: Server, clock: Clock) -> None:
    """Where nothing remembers it, it is asked again at once whatever it says."""
    for ttl, latest in ((5, 0.2), (30, 0.2), (600, 0.2), (0, 0.5)):
        names = serve(ttl=ttl)
        looking = discover(clock, names)
        asyncio.run(one_round(looking, clock, [pod(0)]))
        for _ in range(20):
            asyncio.run(looking.ask([pod(0)]))
            assert looking.due() <= latest + 0.01, ttl
            clock.now += looking.due() + TICK


@pytest.mark.parametrize("ttl", [5, 30])
def test_without_a_cache_a_name_is_found_as_soon_as_it_is_there(
    serve: Server, clock: Clock, ttl: int
) -> None:
    """Its answers may say that they can be remembered for long: nothing in between does."""
    chance = random.Random(6)
    names = serve(ttl=ttl)
    for number in range(6):
        clock.now += 60 + chance.uniform(0, 30)
        late = chance.uniform(0, 12)
        publish(names, number, after=late)

        def there(known: directory.Directory, one: int = number) -> bool:
            return found(one)(known) or address(one) in known.nameless

        took = asyncio.run(keep_looking(discover(clock, names), clock, [pod(number)], until=there))
        assert took - late <= 2 * 0.2 + 3 * TICK


def test_looking_early_asks_nothing(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    looking = discover(clock, names)
    assert looking.due() == 0
    asyncio.run(looking.ask([]))
    assert names.questions == []
    asyncio.run(looking.ask([pod(0)]))
    assert len(names.questions) == 1
    clock.now += looking.due() - 0.001
    asyncio.run(looking.ask([pod(0)]))
    assert len(names.questions) == 1
    clock.now += 0.002
    asyncio.run(looking.ask([pod(0)]))
    assert len(names.questions) == 2


def test_two_who_share_a_cache_do_not_blind_each_other(serve: Server, clock: Clock) -> None:
    """One looks since long, the other starts in the midst of it and sees what is there now."""
    names = serve(cache_seconds=30)
    early, late = discover(clock, names), discover(clock, names)
    asyncio.run(keep_looking(early, clock, [pod(0)], seconds=9))
    publish(names, 1)
    took = asyncio.run(keep_looking(late, clock, [pod(1)], until=found(1)))
    assert took < LONGEST + 3 * TICK


def test_one_address_is_asked_for_as_everybody_does(serve: Server, clock: Clock) -> None:
    names = serve(cache_seconds=30)
    publish(names, 0, after=4)
    looking = discover(clock, names)
    for _ in range(3):
        assert asyncio.run(looking.address_of(pod(0))).state == "absent"
        clock.now += 5
    assert [one[:4] for one in names.questions] == [(pod(0), "A", False, False)]
    # Who looks in earnest is none the worse for it.
    took = asyncio.run(keep_looking(discover(clock, names), clock, [pod(0)], until=found(0)))
    assert took < LONGEST + 3 * TICK


@pytest.mark.slow
def test_a_late_pod_in_real_time(serve: Server) -> None:
    names = serve(cache_seconds=30, clock=time.monotonic)
    publish(names, 0, after=8)
    looking = client.Discovery(service=SERVICE, nameservers=[(names.address, names.port)], family=4)

    async def look() -> float:
        began = time.monotonic()
        while True:
            if found(0)(await looking.ask([pod(0)])):
                return time.monotonic() - began
            await asyncio.sleep(looking.due())

    assert asyncio.run(look()) < 11
