"""What may listen where a Redis was expected."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

HANGS = b""
"""Accept, read, and never answer."""


@contextlib.asynccontextmanager
async def listening(answer: bytes, *, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Answer every command with the same bytes, on a port that is returned."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                # Each command of a pipeline is an array of bulk strings: "*" begins no other line.
                writer.write(answer * chunk.count(b"*"))
                await writer.drain()

    server = await asyncio.start_server(serve, host, 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


@contextlib.asynccontextmanager
async def hanging_up() -> AsyncIterator[int]:
    """Accept, and close at once."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
