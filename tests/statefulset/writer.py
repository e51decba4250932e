"""A client that never stops writing, and what became of each write that was acknowledged."""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import redis.backoff
import redis.cluster
import redis.exceptions
import redis.retry

from tests.statefulset import process

KEYS: Final = 256
"""Sets that the numbers go to by turns. Their slots are all over the cluster."""
TIMEOUT: Final = 1.0
"""Seconds that one exchange may take before it is tried again."""
ANEW: Final = 1.0
"""Seconds without an acknowledgement after which all that is known of the cluster is forgotten."""
NOTED: Final = 0.05
"""Seconds without an acknowledgement that are worth noting."""
FAILURES: Final = (
    redis.exceptions.RedisError,
    redis.exceptions.RedisClusterException,
    OSError,
)

Addresses = Callable[[], Sequence[tuple[str, int]]]
"""Where servers are at present: pods move."""


class Writer:
    """Adds 0, 1, 2, ... to sets, each until it is acknowledged. A context manager.

    To add a number twice does no harm, so what was sent may be sent again whatever became of it.
    """

    def __init__(
        self,
        where: Addresses,
        *,
        pause: float = 0.001,
        access: Mapping[str, Any] | None = None,
    ) -> None:
        """Write nothing yet. `pause` is the time between two writes, in seconds.

        `access` is what servers want to see before they let anybody in.
        """
        self.acknowledged = 0
        """All numbers below this one."""
        self.gaps: list[tuple[float, float]] = []
        """When, in seconds since the beginning, nothing came for how many seconds."""
        self.failures: collections.Counter[str] = collections.Counter()
        """By kind, what kept a write from being acknowledged at once."""
        self._where = where
        self._pause = pause
        self._access = access or {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)
        self._began = self._last = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Let the present write be the last. The time since the last acknowledgement counts."""
        self._stopped.set()
        self._thread.join()

    def wait_for(self, more: int, timeout: float = 60.0) -> None:
        """Wait until so many more writes were acknowledged; TimeoutError when they are not."""
        wanted = self.acknowledged + more
        process.wait_for(
            lambda: self.acknowledged >= wanted, timeout, f"{more} more writes; {self.report()}"
        )

    def lost(self) -> set[int]:
        """The numbers that were acknowledged and are nowhere; the cluster must be whole."""
        with contextlib.closing(self._connect()) as client:
            found = {int(number) for key in range(KEYS) for number in client.smembers(_name(key))}
        return {*range(self.acknowledged)} - found

    @property
    def longest(self) -> float:
        """The longest time between two acknowledgements, in seconds; 0 below NOTED."""
        return max((seconds for _, seconds in self.gaps), default=0.0)

    def report(self) -> str:
        """What happened, on a line."""
        gaps = ", ".join(f"{seconds:.2f} s at {when:.1f} s" for when, seconds in self.gaps)
        failures = ", ".join(f"{count} {kind}" for kind, count in sorted(self.failures.items()))
        return f"{self.acknowledged} writes; gaps: {gaps or 'none'}; failures: {failures or 'none'}"

    def _write(self) -> None:
        client: redis.cluster.RedisCluster | None = None
        self._began = self._last = time.monotonic()
        while not self._stopped.wait(self._pause):
            number = self.acknowledged
            try:
                client = client or self._connect()
                client.sadd(_name(number % KEYS), number)
            except FAILURES as error:
                self.failures[type(error).__name__] += 1
                if client and time.monotonic() - self._last > ANEW:
                    client.close()
                    client = None
                continue
            self.acknowledged += 1
            self._note(time.monotonic())
        self._note(time.monotonic())
        if client:
            client.close()

    def _note(self, now: float) -> None:
        if now - self._last >= NOTED:
            self.gaps.append((self._last - self._began, now - self._last))
        self._last = now

    def _connect(self) -> redis.cluster.RedisCluster:
        nodes = [
            redis.cluster.ClusterNode(*place)  # type: ignore[no-untyped-call]  # redis-py
            for place in self._where()
        ]
        return redis.cluster.RedisCluster(
            startup_nodes=nodes,
            retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 3),
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            **self._access,
        )


def _name(key: int) -> str:
    return f"writer:{key}"
