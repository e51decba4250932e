"""Whether a bus port takes a connection from here: what a NetworkPolicy lets through, both know."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_SECONDS = 1.0
"""Seconds that a connection within one cluster may take. One that is dropped takes for ever."""
_PATIENCE = 1.5
"""How long a pod has to be without a link, in seconds, before its port is tried: handshakes and
restarts are over by then."""
_FRESH = 3.0
"""How long a result is good for, in seconds."""


async def knock(address: str, port: int) -> str:
    """Why the port takes no connection; empty when it does. Nothing is said on it."""
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except OSError as error:
        return unopened(error, _SECONDS)
    writer.close()
    return ""


def unopened(error: OSError, seconds: float) -> str:
    """Why no connection came about within so many seconds."""
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s, as where packets are dropped"
    return os.strerror(error.errno).lower() if error.errno else str(error)


class Ports:
    """Remembers since when a pod has been without a link, and what its port last said."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Know of nothing yet; `clock` gives seconds."""
        self._clock = clock
        self._since: dict[str, float] = {}
        self._said: dict[tuple[str, int], tuple[float, str]] = {}
        self.at_once = False
        """Try at once: for a look that no other one follows."""

    async def try_all(self, places: dict[str, tuple[str, int]]) -> dict[str, str]:
        """What the bus ports of these pods say; of those only that have had their time."""
        now = self._clock()
        self._since = {name: self._since.get(name, now) for name in places}
        due = {
            name: place
            for name, place in places.items()
            if self.at_once or now - self._since[name] >= _PATIENCE
        }
        old = [at for at in due.values() if self._said.get(at, (-_FRESH,))[0] <= now - _FRESH]
        for at, said in zip(old, await asyncio.gather(*(knock(*at) for at in old)), strict=True):
            self._said[at] = (now, said)
        return {name: self._said[at][1] for name, at in due.items()}
