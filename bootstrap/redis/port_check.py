"""Whether a server listens at all, seen without what speaks with a server.

That takes longer to load than all the rest of a sidecar together, and pods that start at the same
time share processors. While every server is still down, as at a first start, the start gate is
judged without it. Once it is loaded nothing is asked here any more.
"""

from __future__ import annotations

import asyncio
import sys

from bootstrap.model.snapshot import Unreachable
from bootstrap.redis import login

_SPEAKS = "bootstrap.redis.connection"


async def closed(address: str, port: int, seconds: float) -> Unreachable | None:
    """That no server listens there; None when one does, or when it is not known.

    It takes at most so many seconds, and says nothing to the one that listens.
    """
    if _SPEAKS in sys.modules:
        return None
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return login.refused()
    except (OSError, TimeoutError):
        return None
    writer.transport.abort()
    return None
