"""Waiting for what a cluster does, which is asked by a program a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

POLL: Final = 1.0
"""Seconds between two questions: each starts a kubectl."""


def until_nothing(lacking: Callable[[], str], timeout: float, what: str) -> None:
    """Ask what is lacking until it is nothing; TimeoutError with the last answer after that."""
    deadline = time.monotonic() + timeout
    while said := lacking():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}; lacking:\n{said}")
        time.sleep(POLL)
