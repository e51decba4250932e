"""Seconds from a name's being there to its being found, beside plain repetition of the question."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, TypeAlias

import dns.asyncresolver
import dns.exception

from bootstrap.dns import client
from tests.statefulset import addresses, nameserver

Asker: TypeAlias = Callable[[nameserver.NameServer, list[str]], Awaitable[None]]

_SERVICE: Final = ("redis-service", "default")
_RUNS: Final = 12
_RESTS: Final = (0.08, 0.12)
"""Seconds between two looks of a sidecar that waits, as `bootstrap.run.pace` has it."""
_EVERY: Final = 0.5
_AT_MOST: Final = 60.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenario:
    """What DNS is like, and how many names come."""

    name: str
    ttl: int = 5
    cache: int = 0
    takes: float = 0.0
    loses: float = 0.0
    pods: int = 1
    late: tuple[float, float] = (2.0, 6.0)
    """The bounds of the seconds after which the last name is there."""


SCENARIOS: Final = (
    Scenario(name="TTL 5, no cache"),
    Scenario(name="TTL 30, no cache", ttl=30),
    Scenario(name="cache 30", cache=30, late=(3.0, 33.0)),
    Scenario(name="60 pods, no cache", pods=60, late=(0.0, 3.0)),
    Scenario(name="60 pods, 20 ms a question", pods=60, takes=0.02, late=(0.0, 3.0)),
    Scenario(name="60 pods, 5 % lost", pods=60, loses=0.05, late=(0.0, 3.0)),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """What one scenario came to: of each run the seconds, sorted."""

    scenario: str
    sidecar: Sequence[float]
    repeater: Sequence[float]


def scenarios() -> Iterator[Found]:
    """Run each scenario a few times, with the sidecar's looks and with plain repetition."""
    for one in SCENARIOS:
        yield Found(
            scenario=one.name,
            sidecar=sorted(asyncio.run(_runs(one, _sidecar))),
            repeater=sorted(asyncio.run(_runs(one, _repeater))),
        )


async def _runs(scenario: Scenario, asker: Asker) -> list[float]:
    """With one name all runs are at once, each with a name server of its own."""
    at_once = _RUNS if scenario.pods == 1 else 1
    return [
        seconds
        for start in range(0, _RUNS, at_once)
        for seconds in await asyncio.gather(
            *(_run(scenario, asker, number) for number in range(start, start + at_once))
        )
    ]


async def _run(scenario: Scenario, asker: Asker, number: int) -> float:
    book = addresses.Addresses()
    try:
        with nameserver.NameServer(
            book.nameserver,
            0,
            ttl=scenario.ttl,
            cache_seconds=scenario.cache,
            takes=scenario.takes,
            loses=scenario.loses,
        ) as names:
            late = random.Random(number).uniform(*scenario.late)
            there = time.monotonic() + late
            for pod in range(scenario.pods):
                after = late * (pod + 1) / scenario.pods
                names.publish(f"redis-app-{pod}", *_SERVICE, [f"127.9.0.{pod + 1}"], after=after)
            await asker(names, [_name(pod) for pod in range(scenario.pods)])
            return time.monotonic() - there
    finally:
        book.release()


def _name(pod: int) -> str:
    return f"redis-app-{pod}.{'.'.join(_SERVICE)}.svc.cluster.local."


async def _sidecar(names: nameserver.NameServer, wanted: list[str]) -> None:
    looking = client.Discovery(
        service=_name(0).partition(".")[2],
        nameservers=[(names.address, names.port)],
        family=4,
    )
    missing, ends = wanted, time.monotonic() + _AT_MOST
    while missing and time.monotonic() < ends:
        known = await looking.ask(missing)
        missing = [name for name in missing if not known.of(name).addresses]
        if missing:
            await asyncio.sleep(random.uniform(*_RESTS))


async def _repeater(names: nameserver.NameServer, wanted: list[str]) -> None:
    """Ask for each address twice a second, as most programs do."""
    asked = dns.asyncresolver.Resolver(configure=False)
    asked.nameservers, asked.port = [names.address], names.port
    missing, ends = wanted, time.monotonic() + _AT_MOST
    while missing and time.monotonic() < ends:
        there = await asyncio.gather(*(_exists(asked, name) for name in missing))
        missing = [name for name, found in zip(missing, there, strict=True) if not found]
        if missing:
            await asyncio.sleep(_EVERY)


async def _exists(asked: dns.asyncresolver.Resolver, name: str) -> bool:
    with contextlib.suppress(dns.exception.DNSException):
        await asked.resolve(name)
        return True
    return False
