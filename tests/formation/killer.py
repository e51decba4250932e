"""A sidecar that dies, or kills its Redis, right after the reply to the N-th command it sends.

    python -m tests.formation.killer N VICTIM [arguments of bootstrap]

VICTIM is the pid to SIGKILL; 0 is the sidecar itself. Commands that only read do not count. The
others are sent one by one, over all nodes, where the product would pipeline them: so there is
nothing between two kill points. Says each one once it was answered.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

from bootstrap import cli, connection

READS: Final = frozenset({"CONFIG GET", "CLUSTER INFO", "CLUSTER NODES", "CLUSTER SHARDS", "INFO",
                          "REPLCONF"})  # fmt: skip
SAID: Final = "let through: "
SHOWN: Final = frozenset({"cluster-node-timeout", "cluster-ping-interval"})
"""Settings whose values are said; others may be secret."""

Exchange: TypeAlias = Callable[
    [connection.Connection, Sequence[connection.Command]], Awaitable[list[Any]]
]


class Killer:
    """Counts the writes of this process, and kills after one of them."""

    def __init__(self, exchange: Exchange, after: int, victim: int) -> None:
        """Wrap the exchange of commands with one node."""
        self.sent = 0
        self._exchange = exchange
        self._after = after
        self._victim = victim or os.getpid()
        self._turn = asyncio.Lock()

    async def exchange(
        self, where: connection.Connection, commands: Sequence[connection.Command]
    ) -> list[Any]:
        """Exchange as before; commands that write go one at a time."""
        if all(_reads(command) for command in commands):
            return await self._exchange(where, commands)
        replies: list[Any] = []
        for command in commands:
            async with self._turn:
                replies += await self._exchange(where, [command])
                self.sent += 1
                print(f"{SAID}{said(command)}", flush=True)
                if self.sent == self._after:
                    os.kill(self._victim, signal.SIGKILL)
        return replies


def said(command: connection.Command) -> str:
    """A command as it is said: `CONFIG SET cluster-ping-interval=0 masterauth`."""
    name, *rest = map(str, command)
    if name != "CONFIG":
        return " ".join([name, *rest[:1]] if name == "CLUSTER" else [name])
    pairs = zip(rest[1::2], rest[2::2], strict=False)
    return " ".join(
        [name, rest[0], *(f"{key}={value}" if key in SHOWN else key for key, value in pairs)]
    )


def _reads(command: connection.Command) -> bool:
    return str(command[0]) in READS or " ".join(map(str, command[:2])) in READS


def main(after: str, victim: str, *arguments: str) -> int:
    """Run the product's own main with the wrapped exchange."""
    killer = Killer(connection.Connection.exchange, int(after), int(victim))

    async def exchange(
        where: connection.Connection, commands: Sequence[connection.Command]
    ) -> list[Any]:
        return await killer.exchange(where, commands)

    connection.Connection.exchange = exchange  # type: ignore[method-assign,assignment]  # the point
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
