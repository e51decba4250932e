"""Whether a server listens at all, found out without the module that speaks with servers.

That module (`connection`) takes longer to load than the rest of the sidecar, and pods that start
together share processors. While all servers are down, as at a first start, the start gate is judged
without it. Once it is loaded, this check does nothing.
"""

from __future__ import annotations

import asyncio
import sys

from bootstrap.model.snapshot import Unreachable
from bootstrap.redis import login

_SPEAKS = "bootstrap.redis.connection"


async def closed(address: str, port: int, seconds: float) -> Unreachable | None:
    """Return that no server listens there; None if one does, or if that is not known.

    The check takes at most this many seconds, and sends nothing.
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
