"""Seconds lost to a name server that remembers for 30 s what did not exist when it was asked."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from typing import Final

import dns.exception
import dns.resolver

from tests.bench import poller
from tests.statefulset import addresses, nameserver, servers, sets

SIZE: Final = 6
SPREAD: Final = 2.0
"""Seconds after which the pods' names exist where all are asked for before they do."""
LATE: Final = 9.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loss:
    """What one scenario cost, in seconds after the last pod's name was published."""

    scenario: str
    cache: int
    formed: float | None
    naive: float
    """When a client that repeats the plain question twice a second had every address."""


class Naive(threading.Thread):
    """Asks for every pod's address twice a second, as most programs do."""

    def __init__(self, app: sets.LocalStatefulSet) -> None:
        """Start asking at `start`; `found` is when it had all (monotonic)."""
        super().__init__(daemon=True)
        self.found = 0.0
        self._names = [f"{pod.fqdn}." for pod in app.pods]
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = [app.names.address]
        self._resolver.port = app.names.port

    def run(self) -> None:
        """Ask until all are found, or for a minute."""
        missing, ends = self._names, time.monotonic() + 60.0
        while missing and time.monotonic() < ends:
            missing = [name for name in missing if not self._exists(name)]
            time.sleep(0.5 if missing else 0.0)
        self.found = time.monotonic()

    def _exists(self, name: str) -> bool:
        with contextlib.suppress(dns.exception.DNSException):
            self._resolver.resolve(name)
            return True
        return False


def scenarios(server: servers.Server) -> list[Loss]:
    """Run each scenario without a cache and with one."""
    return [
        loss
        for scenario, late in (("all asked for before they exist", 0.0), ("one pod late", LATE))
        for cache in (0, 30)
        for loss in [_lost(server, scenario, late=late, cache=cache)]
    ]


def _lost(server: servers.Server, scenario: str, *, late: float, cache: int) -> Loss:
    book = addresses.Addresses()
    try:
        with (
            nameserver.NameServer(book.nameserver, cache_seconds=cache) as names,
            sets.LocalStatefulSet(SIZE, server, names=names) as app,
        ):
            asking = Naive(app)
            published = _start(app, asking, late)
            goal = poller.Goal(nodes=SIZE, replicas=SIZE // 2)
            formed = poller.formed(app.pods, goal, began=published, timeout=60.0, every=0.05)
            asking.join()
    finally:
        book.release()
    return Loss(
        scenario=scenario, cache=cache, formed=formed, naive=max(0.0, asking.found - published)
    )


def _start(app: sets.LocalStatefulSet, asking: Naive, late: float) -> float:
    """Start the pods, and return when the last one's name was published (monotonic)."""
    first = app.pods[:-1] if late else app.pods
    after = 0.0 if late else SPREAD
    for pod in first:
        pod.publish(after=after)
        pod.start_server()
        pod.start_sidecar()
    asking.start()
    if not late:
        return time.monotonic() + after
    time.sleep(late)
    app.pods[-1].start_server()
    app.pods[-1].wait_server_up()
    app.pods[-1].start_sidecar()
    return time.monotonic()
