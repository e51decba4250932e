"""Name servers on addresses of their own, on a clock that the tests set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.discovery import support
from tests.statefulset import addresses, nameserver


@pytest.fixture
def block() -> Iterator[addresses.Addresses]:
    claimed = addresses.Addresses()
    yield claimed
    claimed.release()


@pytest.fixture
def clock() -> support.Clock:
    return support.Clock()


@pytest.fixture
def serve(block: addresses.Addresses, clock: support.Clock) -> Iterator[support.Server]:
    """Start name servers, and stop them all."""
    started: list[nameserver.NameServer] = []

    def start(**options: Any) -> nameserver.NameServer:
        where = f"{block.nameserver.rpartition('.')[0]}.{2 + len(started)}"
        server = nameserver.NameServer(where, 0, **{"clock": clock, **options})
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
