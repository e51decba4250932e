"""Hands our own node's role over before its server stops: looks, lets the plan decide, acts.

Each request gets an answer in time, since a shutdown can only be prepared, not stopped.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

from bootstrap import log
from bootstrap.config import secret
from bootstrap.model import actions
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.observe import neighbours
from bootstrap.plan import handover, handover_run
from bootstrap.plan.handover_run import Ended, Result, Run
from bootstrap.plan.verdict import Step
from bootstrap.redis import login
from bootstrap.run import apply
from bootstrap.show.board import Board

_BRISK = 0.03
"""Seconds between two looks; at least as long as the last look took, so looking is half of the
work."""
_SPARE = 0.1
"""The part of the time-out that is kept for removing the mark, and for the answer to arrive."""
AGAIN = 60.0
"""Seconds after which a failed hand-over may be tried again: in each try the primary may pause
writes for seconds."""


class Handover:
    """One pod's hand-overs, one at a time."""

    def __init__(  # noqa: PLR0913 - all that a hand-over depends on
        self,
        topology: Topology,
        local: str,
        access: login.Access,
        board: Board,
        clock: Callable[[], float] = time.monotonic,
        *,
        folder: Path | None = None,
    ) -> None:
        """`local` is the address of our own Redis, `folder` its volume; `clock` gives seconds."""
        self._folder = folder
        self._topology = topology
        self._local = local
        self._access = access
        self._board = board
        self._clock = clock
        self._log = log.get(pod=topology.name)
        self._running: asyncio.Task[Ended] | None = None
        self._attempt: _Attempt | None = None
        self._failed: tuple[float, Ended] | None = None

    @property
    def limit(self) -> float:
        """Seconds within which each request is answered."""
        return self._topology.handover_timeout

    async def ask(self) -> Ended:
        """Hand over. A request that comes while another one waits gets the same answer."""
        if self._running is None or self._running.done():
            if self._failed is not None:
                ago = self._clock() - self._failed[0]
                if ago < AGAIN:
                    ended = self._failed[1]
                    text = f"tried {ago:.0f} s ago, not tried again so soon: {ended.text}"
                    return dataclasses.replace(ended, text=text)
            self._running = asyncio.create_task(self._guarded())
        return await asyncio.shield(self._running)

    def unfinished(self) -> str:
        """Return the answer for when the time is over. Any thread may call it."""
        late = f"not within {self.limit:g} s"
        return f"{late}; {self._attempt.waits()}" if self._attempt else late

    async def close(self) -> None:
        """Cancel the hand-over that runs, if any."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _guarded(self) -> Ended:
        """Run one hand-over with its log lines and counts. Never raises."""
        began = self._clock()
        self._log.info(log.HANDOVER_BEGINS, limit=self.limit)
        try:
            ended = await self._run()
        except Exception as error:  # noqa: BLE001 - the pod is about to stop, and needs an answer
            self._board.errors += 1
            self._log.exception(log.UNEXPECTED)
            ended = Ended(result=Result.FAILED, text=f"unexpected: {type(error).__name__}")
        seconds = self._clock() - began
        self._failed = None if ended.result.good else (self._clock(), ended)
        self._board.handovers[ended.result.value] += 1
        self._board.handover_seconds = seconds
        say = self._log.info if ended.result.good else self._log.warning
        say(
            log.HANDOVER_ENDS,
            result=ended.result.value,
            why=ended.text,
            seconds=round(seconds, 3),
        )
        return ended

    async def _run(self) -> Ended:
        # With connections of its own: the loop runs meanwhile, and may close its connections.
        around = neighbours.Neighbours(self._topology, self._local, self._access, self._folder)
        self._attempt = _Attempt(self._topology, around, self._board, self._clock)
        try:
            ended = await self._attempt.run()
        finally:
            await around.close()
        late = Ended(result=Result.TIMED_OUT, text=self.unfinished())
        return ended or late


class _Attempt:
    """One hand-over, from its first look to its last."""

    def __init__(
        self,
        topology: Topology,
        around: neighbours.Neighbours,
        board: Board,
        clock: Callable[[], float],
    ) -> None:
        self._topology = topology
        self._around = around
        self._board = board
        self._clock = clock
        self._began = clock()
        self._state = Run(limit=topology.handover_timeout)
        self._seen: Snapshot | None = None
        self._until = "our own Redis answers"
        self._refused = ""
        self._log = log.get(pod=topology.name)

    async def run(self) -> Ended | None:
        """Run to the end; None if the time is over before."""
        ended = None
        try:
            async with asyncio.timeout(self._state.limit * (1 - _SPARE)):
                ended = await self._turns()
        except TimeoutError:
            await self._around.close()  # an exchange that was cut off may still get an answer
        if self._seen and self._state.marked and not (ended and ended.result.good):
            # It is still a primary, and others wait until its mark is gone.
            await self._apply(handover.unmark(self._seen, self._topology))
        return ended

    def waits(self) -> str:
        """Say what it waits for, and what was refused."""
        text = f"still waiting until {self._until}"
        return f"{text}; {self._refused}" if self._refused else text

    async def _turns(self) -> Ended:
        while True:
            started = self._clock()
            snapshot = await self._around.observe(handover.neighbours)
            self._seen = snapshot
            found = self._decide(snapshot)
            if isinstance(found, Ended):
                return found
            self._until = found.until
            await self._apply(found)
            await asyncio.sleep(max(_BRISK, self._clock() - started))

    def _decide(self, snapshot: Snapshot) -> Step | Ended:
        state = dataclasses.replace(self._state, seconds=self._clock() - self._began)
        self._state = handover_run.seen(state, snapshot, self._topology)
        return handover.decide(snapshot, self._topology, self._state)

    async def _apply(self, step: Step) -> None:
        for outcome in await apply.apply(step.actions, self._around.node_of):
            accepted = outcome.refused is None
            text = actions.describe(outcome.action)
            self._state = handover_run.done(self._state, outcome.action, accepted=accepted)
            result = "ok" if accepted else "refused"
            self._board.actions[outcome.action.kind, result] += 1
            if accepted:
                self._log.debug(log.DONE, action=text)
            else:
                self._refused = f"refused by {outcome.action.pod}: {outcome.refused}"
                self._log.warning(log.REFUSED, action=text, reason=outcome.refused)


class Endpoint:
    """Answers `GET /handover`: from a thread of the HTTP server, through the event loop."""

    def __init__(
        self,
        handed: Handover,
        turning: asyncio.AbstractEventLoop,
        token: secret.Secret | None,
    ) -> None:
        """With a token, only requests that contain it are accepted."""
        self._handed = handed
        self._turning = turning
        self._token = token

    def handle(self, authorization: str | None) -> tuple[int, str]:
        """Return status and text: 401 at once, or 200 in time, whatever the result."""
        if self._token is not None and not self._welcome(authorization or ""):
            return 401, "the token of BOOTSTRAP_HANDOVER_TOKEN is needed\n"
        asked = self._handed.ask()
        try:
            asking = asyncio.run_coroutine_threadsafe(asked, self._turning)
            ended = asking.result(self._handed.limit)
        except (futures.CancelledError, TimeoutError):
            return 200, f"{Result.TIMED_OUT}: {self._handed.unfinished()}\n"
        except RuntimeError:  # the event loop has ended, and the process is about to end
            asked.close()
            return 200, f"{Result.FAILED}: the sidecar is stopping\n"
        return 200, f"{ended.result}: {ended.text}\n"

    def _welcome(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        # Secrets compare in constant time.
        return scheme.lower() == "bearer" and secret.Secret(given.strip()) == self._token
