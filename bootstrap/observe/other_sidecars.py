"""Asks pods' own sidecars what they saw last, for a person: over HTTP, with a short deadline."""

from __future__ import annotations

import asyncio
from typing import Final

from bootstrap.model import sidecar_report
from bootstrap.model.sidecar_report import Heard

_SECONDS: Final = 1.0
"""Seconds for an answer. A sidecar answers from memory, in milliseconds."""
_ALL: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound
"""Addresses to listen on that stand for all of a pod's."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


async def own(pod: str, where: tuple[str, int] | None) -> Heard | None:
    """What the sidecar of our own pod says; `where` is BOOTSTRAP_HTTP. None without an answer."""
    if where is None:
        return None
    host, port = where
    return await _ask(pod, "127.0.0.1" if host in _ALL else host, port)


async def others(places: dict[str, str], where: tuple[str, int] | None) -> tuple[Heard, ...]:
    """What those of other pods say, by name and address; none where they listen for their own."""
    if where is None or where[0] in _LOOPBACK:
        return ()
    answers = (_ask(pod, address, where[1]) for pod, address in places.items())
    return tuple(one for one in await asyncio.gather(*answers) if one is not None)


async def _ask(pod: str, host: str, port: int) -> Heard | None:
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /statusz HTTP/1.0\r\n\r\n")
                answer = await reader.read()
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return None
    _, _, body = answer.partition(b"\r\n\r\n")
    return sidecar_report.parse(pod, body.decode(errors="replace"))
