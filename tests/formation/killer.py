"""A sidecar that dies, or kills its Redis, right after the reply to one command that it sends.

    python -m tests.formation.killer POINT VICTIM [arguments of bootstrap]

POINT is that command's number, or what it is like: of those, the first. VICTIM is the pid to
SIGKILL; 0 is the sidecar itself. Commands that only read do not count. The others are sent one by
one, over all nodes, where the product would pipeline them: so there is nothing between two kill
points. Says each one once it was answered.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

from bootstrap import cli
from bootstrap.redis import connection

READS: Final = frozenset(
    {
        "CONFIG GET",
        "CLUSTER SLOT-STATS",
        "CLUSTER GETSLOTMIGRATIONS",
        "CLUSTER INFO",
        "CLUSTER LINKS",
        "CLUSTER MIGRATION STATUS",
        "CLUSTER NODES",
        "CLUSTER SHARDS",
        "INFO",
        # Without arguments, as they are sent, these change nothing.
        "PSYNC",
        "REPLCONF",
    }
)
SAID: Final = "let through: "
SHOWN: Final = frozenset({"cluster-node-timeout", "cluster-ping-interval"})
"""Settings whose values are said; others may be secret."""

Exchange: TypeAlias = Callable[
    [connection.Connection, Sequence[connection.Command]], Awaitable[list[Any]]
]


class Killer:
    """Counts the writes of this process, and kills after one of them."""

    def __init__(self, exchange: Exchange, point: str, victim: int) -> None:
        """Wrap the exchange of commands with one node."""
        self._sent: list[str] = []
        self._killed = False
        self._exchange = exchange
        self._point = point
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
                self._sent.append(said(command))
                print(f"{SAID}{self._sent[-1]}", flush=True)
                if not self._killed and found(self._sent, self._point):
                    self._killed = True
                    os.kill(self._victim, signal.SIGKILL)
        return replies


def found(sent: Sequence[str], point: str) -> str:
    """The command at a point, a number from 1 on or a pattern; empty while it was not sent."""
    if point.isdigit():
        return sent[int(point) - 1] if int(point) <= len(sent) else ""
    return next((one for one in sent if re.search(point, one)), "")


def said(command: connection.Command) -> str:
    """A command as it is said: `CONFIG SET cluster-ping-interval=0 masterauth`."""
    name, *rest = map(str, command)
    if name != "CONFIG":
        # CLUSTER MIGRATION says what it is about in a third word.
        told = 2 if rest[:1] == ["MIGRATION"] else 1
        return " ".join([name, *rest[:told]] if name == "CLUSTER" else [name])
    pairs = zip(rest[1::2], rest[2::2], strict=False)
    return " ".join(
        [name, rest[0], *(f"{key}={value}" if key in SHOWN else key for key, value in pairs)]
    )


def _reads(command: connection.Command) -> bool:
    return any(" ".join(map(str, command[:words])) in READS for words in (1, 2, 3))


def main(point: str, victim: str, *arguments: str) -> int:
    """Run the product's own main with the wrapped exchange."""
    killer = Killer(connection.Connection.exchange, point, int(victim))

    async def exchange(
        where: connection.Connection, commands: Sequence[connection.Command]
    ) -> list[Any]:
        return await killer.exchange(where, commands)

    connection.Connection.exchange = exchange  # type: ignore[method-assign,assignment]  # the point
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
