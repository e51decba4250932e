"""Waiting for many answers at once, without waiting for a few that never come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

_GRACE = 0.3
"""Seconds that the late half has, at least, after the first half has answered."""
_GRACE_SHARE = 2.0
"""The same as a multiple of the time that the first half took."""


async def wait(asked: Iterable[asyncio.Task[Any]], *, all_of_them: bool) -> None:
    """Wait until all tasks are done. Unless `all_of_them`, cancel those that are late.

    A wait that is cut off cancels them all, and no task outlives it: what they use is closed next.
    """
    began, todo = time.monotonic(), list(asked)
    if not todo:
        return
    try:
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
    finally:
        for one in todo:
            one.cancel()
        await asyncio.gather(*todo, return_exceptions=True)
