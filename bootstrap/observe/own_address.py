"""Tries our own server like a peer: at its pod's address, not over loopback.

`bind`, protected-mode, and a default user without a password may keep peers out, and our user may
not read all of these. So the sidecar tries what a peer would be told.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.observe import bus_port
from bootstrap.redis import login

_WORD: Final = b"QUIT\r\n"
"""A command without any right or login, after which the server closes the connection (server.c)."""
_DENIED: Final = b"-DENIED"
"""The first word of a server in protected mode to a client on another host (networking.c)."""


async def tried(address: str, port: int, access: login.Access) -> Unreachable | None:
    """Return why a peer cannot use our server there; None if it can, or if that is not known."""
    tls, seconds = access.tls, access.timeout
    context, name = (tls.blind(), "") if tls else (None, None)
    try:
        async with asyncio.timeout(seconds):
            streams = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=name
            )
    except (ssl.SSLError, ConnectionResetError):
        return None  # the server took the connection
    except OSError as error:
        trouble = Trouble.TIMEOUT if isinstance(error, TimeoutError) else Trouble.REFUSED
        return Unreachable(trouble=trouble, reason=bus_port.unopened(error, seconds))
    line = await _heard(seconds, *streams)
    if not line.startswith(_DENIED):
        return None
    said = line[1:].decode(errors="replace").partition(". ")[0].strip()
    return Unreachable(trouble=Trouble.PROTECTED, reason=said)


async def _heard(
    seconds: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bytes:
    """Return the first line that the server sends; empty if there is none."""
    try:
        async with asyncio.timeout(seconds):
            writer.write(_WORD)
            return await reader.readline()
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.transport.abort()
