"""A loop whose looks and plans are written down, and what it says and does."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from bootstrap import log
from bootstrap import plan as planning
from bootstrap.config import errors, secret
from bootstrap.dns import client
from bootstrap.model import actions
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.timers import Timers
from bootstrap.model.topology import Topology
from bootstrap.observe import observer
from bootstrap.plan.verdict import LookFurther, Plan
from bootstrap.redis import connection, node
from bootstrap.run import loop, pace
from bootstrap.show import board
from tests.shell import seen

Written = Plan | Exception


class Observer(observer.Observer):
    """Sees a healthy node at every look, notes how wide it was, and reaches no other."""

    def __init__(self) -> None:
        """Without a network."""
        names = client.Discovery(service="svc", nameservers=[("192.0.2.53", 53)], family=4)
        access = connection.Access(credentials=secret.Credentials())
        super().__init__(seen.TOPOLOGY, "192.0.2.1", access, names, lambda: 0.0)
        self.scopes: list[Scope] = []
        self.rests = 0

    async def look(self, scope: Scope) -> Snapshot:
        """Look."""
        self.scopes.append(scope)
        found = seen.seen(seen.STEADY, seen.view()).snapshot
        assert found is not None
        # As if there was a second between two looks, and the gate was shut since the first.
        memory = Timers(shut=float(len(self.scopes) - 1))
        return Snapshot(scope=scope, pods=found.pods, timers=memory)

    def node_of(self, pod: str) -> node.Node | None:  # noqa: ARG002 - as its parent
        """Nobody is there to be asked."""
        return None

    async def rest(self) -> None:
        """Let go of peers."""
        self.rests += 1


class Life:
    """One run of the loop through the plans that are written down; the last goes on for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, plans: Sequence[Written]) -> None:
        """Write them down."""
        self.observer = Observer()
        self.board = board.Board()
        self.said = io.StringIO()
        self.planned = 0
        self._plans = self._endless(plans)
        monkeypatch.setattr(planning, "decide", self._decide)
        monkeypatch.setattr(pace, "rest", lambda *_args, **_facts: 0.0)
        log.configure("debug", "json", self.said)

    def run(self, *, once: bool = False, timeout: float | None = None) -> errors.Exit:
        """Until its end."""
        return asyncio.run(self._run(loop.Terms(once=once, timeout=timeout, interval=10.0), None))

    def run_until(
        self, plans: int, *, once: bool = False, timeout: float | None = None
    ) -> errors.Exit:
        """Stop it when so many plans were made."""
        return asyncio.run(self._run(loop.Terms(once=once, timeout=timeout, interval=10.0), plans))

    def monotonic(self) -> float:
        """As the module `time` has it, if each plan took a second."""
        return float(self.planned)

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it logged under this name."""
        entries = [json.loads(line) for line in self.said.getvalue().splitlines()]
        return [entry for entry in entries if entry["event"] == name]

    async def _run(self, terms: loop.Terms, stop_after: int | None) -> errors.Exit:
        self._stop_after = stop_after
        self._loop = loop.Loop(self.observer, self.board, terms)
        async with asyncio.timeout(60):
            return await self._loop.run()

    def _decide(self, snapshot: Snapshot, _topology: Topology) -> Plan | LookFurther:
        self.planned += 1
        if self.planned == self._stop_after:
            self._loop.stop()
        written = next(self._plans)
        if isinstance(written, Exception):
            raise written
        if written.look > snapshot.scope:
            return LookFurther(scope=written.look, why="a look at more")
        return written

    @staticmethod
    def _endless(plans: Sequence[Written]) -> Iterator[Written]:
        yield from plans
        while True:
            yield plans[-1]


EPOCH = actions.SetConfigEpoch(pod="app-0", epoch=1, why="a test")
