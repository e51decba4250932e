"""Tries a primary's port like the replica in our own pod, to learn why there is no link.

The primary tells only the replica's server, which writes the reason to its log. The sidecar shares
its pod's network, so what stops the server stops the sidecar too. It never asks for a copy.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from bootstrap.model import primary_answer
from bootstrap.model.primary_answer import PrimaryAnswer, Refusal
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.redis import login, node

_UNASKED: Final = 0.1
"""Seconds to wait for a message that a server sends unasked before it hangs up."""
_BETWEEN: Final = 2.5
"""Seconds between two tries: a replica whose copy is refused asks each second (replicationCron)."""
_SETTINGS: Final = ("masterauth", "masteruser", "tls-replication")
"""The settings that decide how the replica connects and logs in."""
_GOES_ON: Final = (Refusal.LOGIN_WANTED, Refusal.RIGHTS)
"""Refusals of its first PING, sent before the login, after which a replica continues
(replication.c, syncWithMaster)."""
_TROUBLES: Final = {
    Trouble.REFUSED: Refusal.CLOSED,
    Trouble.TIMEOUT: Refusal.SILENT,
    Trouble.TLS_EXPIRED: Refusal.CERTIFICATE,
    Trouble.TLS_UNTRUSTED: Refusal.CERTIFICATE,
    Trouble.TLS_OURS: Refusal.CERTIFICATE,
}


class Trials:
    """Tries the primary from time to time, while the link is down."""

    def __init__(self, own: node.Node, access: login.Access, clock: Callable[[], float]) -> None:
        """Nothing was tried yet. `own` is our own server; `clock` gives seconds."""
        self._own = own
        self._access = access
        self._clock = clock
        self._last: PrimaryAnswer | None = None
        self._at = 0.0

    async def lately(self, mine: View | Unreachable) -> PrimaryAnswer | None:
        """Return the result of a try that is at most `LASTING_SECONDS` old; else try now."""
        if self._last is None or self._clock() - self._at >= primary_answer.LASTING_SECONDS:
            await self.tried(mine)
        return self._last

    async def twice(self, mine: View | Unreachable) -> PrimaryAnswer | None:
        """Try now, for a single look; once more if only a second try can tell."""
        found = await self.tried(mine)
        if found and found.refusal is None and found.count:
            await asyncio.sleep(_BETWEEN)
            found = await self.tried(mine)
        return found

    async def tried(self, mine: View | Unreachable) -> PrimaryAnswer | None:
        """Try now. None if our node is no replica, or has its link, or does not tell its settings.

        A count of refused copies says something only if it has grown since the last try.
        """
        before, self._last = self._last, None
        if not isinstance(mine, View) or mine.link_up or not mine.primary_host:
            return None
        settings = await self._own.settings(*_SETTINGS)
        if settings is None:
            return None
        found = await _tried(mine.primary_host, mine.primary_port, settings, self._access)
        if before is not None and before.address == found.address and before.count:
            grown = max(0, found.count - before.count)
            found = dataclasses.replace(found, copies_refused=grown)
        self._last, self._at = found, self._clock()
        return found


async def _tried(
    address: str, port: int, settings: Mapping[str, str], access: login.Access
) -> PrimaryAnswer:
    """Connect and begin like the server with these settings."""
    found = PrimaryAnswer(address=address, port=port)
    encrypts = settings.get("tls-replication") == "yes"
    tls = access.tls if encrypts else None
    try:
        async with asyncio.timeout(access.timeout):
            if encrypts and tls is None:
                return await _plain(found)
            async with _connected(address, port, tls.context("") if tls else None) as streams:
                return await _conversed(found, settings, *streams)
    except (OSError, EOFError, TimeoutError, ValueError) as error:
        from bootstrap.redis import diagnosis  # noqa: PLC0415 - see `redis.port_check`

        server = diagnosis.Server(address=address, port=port, name="", tls=tls, known=False)
        trouble, said = await diagnosis.explain(error, server)
    refusal = _TROUBLES.get(trouble)
    if trouble is Trouble.TLS:
        refusal = Refusal.PLAIN if encrypts else Refusal.ENCRYPTED
    return dataclasses.replace(found, refusal=refusal, said=said)


async def _plain(found: PrimaryAnswer) -> PrimaryAnswer:
    """Check only for TLS: our server replicates with TLS, and the sidecar has none configured."""
    from bootstrap.redis import diagnosis  # noqa: PLC0415 - see `redis.port_check`

    if await diagnosis.speaks_plainly(found.address, found.port):
        said = "expected TLS, saw a server that speaks without"
        return dataclasses.replace(found, refusal=Refusal.PLAIN, said=said)
    return found


@contextlib.asynccontextmanager
async def _connected(
    address: str, port: int, context: ssl.SSLContext | None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    name = "" if context else None
    streams = await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
    try:
        yield streams
    finally:
        streams[1].transport.abort()


async def _conversed(
    found: PrimaryAnswer,
    settings: Mapping[str, str],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> PrimaryAnswer:
    """Send what a replica sends first, up to its request for a copy."""
    # A server that refuses all clients says so at once, and hangs up. Data sent to it before that
    # is read may lose the message.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_UNASKED):
            return _judged(found, await _line(reader))
    password, user = settings.get("masterauth", ""), settings.get("masteruser", "")
    # REPLCONF without arguments changes nothing at the server.
    words = [("AUTH", *filter(None, (user, password)))] * bool(password)
    for command in (("PING",), *words, ("REPLCONF",)):
        said = _judged(found, await _asked(reader, writer, *command))
        if said.refusal and not (command == ("PING",) and said.refusal in _GOES_ON):
            return said
    line = await _asked(reader, writer, "INFO", "commandstats")
    if not line.startswith("$"):
        return found
    text = await reader.readexactly(int(line[1:]))
    return dataclasses.replace(found, count=primary_answer.copies_refused(text.decode()))


def _judged(found: PrimaryAnswer, line: str) -> PrimaryAnswer:
    """Add the refusal that a reply means, if any."""
    refusal = primary_answer.refusal(line)
    said = line[1:].partition(". ")[0] if refusal else ""
    return dataclasses.replace(found, refusal=refusal, said=said)


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: str) -> str:
    """Send one command; return the first line of its reply."""
    parts = [word.encode() for word in words]
    lengths = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
    writer.write(b"*%d\r\n%s" % (len(parts), lengths))
    return await _line(reader)


async def _line(reader: asyncio.StreamReader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise EOFError("closed by server")
    return line.decode(errors="replace").strip()
