"""What the tests of discovery have in common."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bootstrap.dns import client
from bootstrap.model import directory
from tests.statefulset import nameserver

WHERE = ("redis-service", "default")
SERVICE = "redis-service.default.svc.cluster.local."
TICK = 0.01
"""Seconds that the tests' loop comes late each time."""


WINDOW = 30 / 22
"""Seconds per window where answers are remembered for 30 s: a round has two more than that."""
ROUND = 24 * WINDOW
LONGEST = 2 * WINDOW
"""The longest time between two fresh questions, in seconds."""


class Clock:
    now = 50_000_000 * ROUND + 1 / 1024
    """Where answers are remembered for 30 s, a round of questions has just begun."""

    def __call__(self) -> float:
        return self.now


def pod(number: int) -> str:
    return f"redis-app-{number}.{SERVICE}"


def address(number: int) -> str:
    return f"127.9.0.{number}"


Server = Callable[..., nameserver.NameServer]


def publish(names: nameserver.NameServer, *numbers: int, after: float = 0.0) -> None:
    for number in numbers:
        names.publish(f"redis-app-{number}", *WHERE, [address(number)], after=after)


def discover(clock: Clock, *names: nameserver.NameServer, **options: Any) -> client.Discovery:
    where = [(server.address, server.port) for server in names]
    given = {"nameservers": where, "family": 4, "clock": clock, "wall": clock, **options}
    return client.Discovery(service=SERVICE, **given)


async def keep_looking(
    looking: client.Discovery,
    clock: Clock,
    wanted: Sequence[str],
    *,
    until: Callable[[directory.Directory], bool] = lambda _: False,
    seconds: float = 100.0,
) -> float:
    """Look whenever it is due; return the seconds that it took."""
    start = clock.now
    while clock.now < start + seconds:
        if until(await looking.ask(wanted)):
            return clock.now - start
        clock.now += looking.due() + TICK
    return clock.now - start


def found(*numbers: int) -> Callable[[directory.Directory], bool]:
    return lambda known: all(known.of(pod(one)).addresses == (address(one),) for one in numbers)


def looking_at(looking: client.Discovery) -> directory.Directory:
    """Return what it knows; that asks nothing."""
    return asyncio.run(looking.ask([]))


async def timed(asking: Awaitable[object]) -> float:
    """Return the real seconds that it takes."""
    began = time.monotonic()
    await asking
    return time.monotonic() - began


def states(known: directory.Directory, count: int) -> list[str]:
    return [known.of(pod(number)).state for number in range(count)]


async def one_round(looking: client.Discovery, clock: Clock, wanted: Sequence[str]) -> None:
    await keep_looking(looking, clock, wanted, seconds=ROUND - 0.1)
