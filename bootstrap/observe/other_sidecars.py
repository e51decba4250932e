"""Asks the sidecars of pods what they saw last, for people: over HTTP, with a short deadline."""

from __future__ import annotations

import asyncio
from typing import Final

from bootstrap.model import sidecar_report
from bootstrap.model.sidecar_report import SidecarReport

_SECONDS: Final = 1.0
"""Seconds for an answer, at most. A sidecar answers from memory, in milliseconds."""
_ALL: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound
"""Hosts in BOOTSTRAP_HTTP that mean all addresses of a pod."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


async def own(pod: str, where: tuple[str, int] | None) -> SidecarReport | None:
    """Return what our own pod's sidecar says, if it answers; `where` is BOOTSTRAP_HTTP."""
    if where is None:
        return None
    host, port = where
    return await _ask(pod, "127.0.0.1" if host in _ALL else host, port)


async def others(
    places: dict[str, str], where: tuple[str, int] | None
) -> tuple[SidecarReport, ...]:
    """Return what the sidecars of other pods say; nothing if they listen on loopback only.

    `places` are the pods with their addresses; `where` is BOOTSTRAP_HTTP.
    """
    if where is None or where[0] in _LOOPBACK:
        return ()
    answers = (_ask(pod, address, where[1]) for pod, address in places.items())
    return tuple(one for one in await asyncio.gather(*answers) if one is not None)


async def _ask(pod: str, host: str, port: int) -> SidecarReport | None:
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
