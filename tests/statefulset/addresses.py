"""Loopback addresses that no other test process uses at the same time.

A /24 of 127.0.0.0/8 is claimed by binding an abstract unix socket that bears its name. Such
sockets are counted per network namespace, as the addresses are, and the kernel frees them
when the process dies, however it dies.
"""

from __future__ import annotations

import os
import random
import socket
from typing import Final

PODS_PER_BLOCK: Final = 200
FIRST_POD: Final = 10
"""The last byte of a block's first pod; .2 is the name server's."""
LAST_FRESH: Final = 249
TRIES: Final = 1000


class NoBlockError(Exception):
    """No free /24 was found."""


class Addresses:
    """The addresses of one StatefulSet; more blocks are claimed as they are needed."""

    def __init__(self, seed: str | None = None) -> None:
        """Claim the first block. The same seed tries the same blocks; None means this process."""
        # Not a choice that needs to be unpredictable: it only spreads concurrent processes.
        self._random = random.Random(os.getpid() if seed is None else seed)
        self._claims: dict[str, socket.socket] = {}
        self._pod_blocks: dict[int, str] = {}
        self._fresh_block = ""
        self._fresh_next = LAST_FRESH + 1
        self.nameserver = f"{self._pod_block(0)}.2"

    def of(self, ordinal: int) -> str:
        """Return the first address of the pod with this ordinal; always the same."""
        block, place = divmod(ordinal, PODS_PER_BLOCK)
        return f"{self._pod_block(block)}.{FIRST_POD + place}"

    def fresh(self) -> str:
        """Return an address that no pod of this set has had yet."""
        if self._fresh_next > LAST_FRESH:
            self._fresh_block, self._fresh_next = self._claim(), FIRST_POD
        self._fresh_next += 1
        return f"{self._fresh_block}.{self._fresh_next - 1}"

    def release(self) -> None:
        """Let others have the blocks; call it when nothing listens there any more."""
        for claim in self._claims.values():
            claim.close()
        self._claims.clear()

    def _pod_block(self, number: int) -> str:
        if number not in self._pod_blocks:
            self._pod_blocks[number] = self._claim()
        return self._pod_blocks[number]

    def _claim(self) -> str:
        """Return the first three bytes of a block that is ours from now on."""
        for _ in range(TRIES):
            # 127.0 is left to ordinary services, which like 127.0.0.1 and 127.0.1.1.
            block = f"127.{self._random.randint(1, 254)}.{self._random.randint(0, 255)}"
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                claim.bind(f"\0statefulset-{block}")
            except OSError:
                claim.close()
                continue
            self._claims[block] = claim
            return block
        raise NoBlockError(f"no free 127.x.y.0/24 in {TRIES} tries")
