"""Waiting for many answers at once, without being held up by a few that never come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

_GRACE = 0.3
"""Once half have answered, the rest get this much longer, in seconds, or this many times what it
took until then."""
_GRACE_SHARE = 2.0


async def wait(asked: Iterable[asyncio.Task[Any]], *, all_of_them: bool) -> None:
    """Wait until the tasks are done. Without `all_of_them` those that are late are cancelled."""
    began, todo = time.monotonic(), list(asked)
    if not todo:
        return
    if not all_of_them:
        for done, task in enumerate(asyncio.as_completed(todo), 1):
            await task
            if 2 * done >= len(todo):
                break
        grace = max(_GRACE, _GRACE_SHARE * (time.monotonic() - began))
        _, late = await asyncio.wait(todo, timeout=grace)
        for one in late:
            one.cancel()
    await asyncio.wait(todo)
