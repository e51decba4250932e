"""Tries our own server as a peer would: at its pod's address, and not over loopback.

What keeps peers out is the server's to know: `bind`, protected-mode, and whether the default user
has a password, which our user may not ask for. So the sidecar hears what a peer would be told.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.observe import bus_port
from bootstrap.redis import login

_WORD: Final = b"QUIT\r\n"
"""Needs no right and no login, and lets the server hang up in order (server.c)."""
_DENIED: Final = b"-DENIED"
"""How a server in protected mode begins what it says to another host (networking.c)."""


async def tried(address: str, port: int, access: login.Access) -> Unreachable | None:
    """Why a peer would not be heard there; None when it would, and when that can't be told."""
    tls, seconds = access.tls, access.timeout
    context, name = (tls.blind(), "") if tls else (None, None)
    try:
        async with asyncio.timeout(seconds):
            streams = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=name
            )
    except (ssl.SSLError, ConnectionResetError):
        return None  # it did take the connection
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
    """The first line that the server says; empty where it says none."""
    try:
        async with asyncio.timeout(seconds):
            writer.write(_WORD)
            return await reader.readline()
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.transport.abort()
