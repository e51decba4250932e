"""Whether a bus port takes a connection. A NetworkPolicy treats sidecar and server alike."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_SECONDS = 1.0
"""Seconds for a connection within one cluster, at most. If packets are dropped, none is made."""
_PATIENCE = 1.5
"""Seconds that a pod is without a link before its port is tried: handshakes and restarts take
less."""
_FRESH = 3.0
"""Seconds for which a result is used."""


async def knock(address: str, port: int) -> str:
    """Return why the port takes no connection; empty if it takes one. Sends nothing."""
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except OSError as error:
        return unopened(error, _SECONDS)
    writer.close()
    return ""


def unopened(error: OSError, seconds: float) -> str:
    """Say why there was no connection within this many seconds."""
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s, as where packets are dropped"
    return os.strerror(error.errno).lower() if error.errno else str(error)


class Ports:
    """Tries bus ports. Remembers since when each pod has had no link, and the last result."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Know nothing yet; `clock` gives seconds."""
        self._clock = clock
        self._since: dict[str, float] = {}
        self._said: dict[tuple[str, int], tuple[float, str]] = {}
        self.at_once = False
        """Whether to try at once, for a single look: without waiting for `_PATIENCE`."""

    async def try_all(self, places: dict[str, tuple[str, int]]) -> dict[str, str]:
        """Return what `knock` says by pod, for pods that have been without a link long enough.

        `places` are the pods without a link, with address and bus port.
        """
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
