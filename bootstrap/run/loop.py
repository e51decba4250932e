"""Observe, plan, apply the first step, look again. The loop is the only retry of an action."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import time
from dataclasses import dataclass

from bootstrap import log
from bootstrap.config.errors import Exit
from bootstrap.model import actions
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.view import View
from bootstrap.observe.observer import Observer
from bootstrap.plan import codes
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Phase, Plan, Step
from bootstrap.run import apply, decision, doing, pace, start_gate
from bootstrap.run.pace import Doing
from bootstrap.show import summary
from bootstrap.show.board import Board

_MOVE_SECONDS = 0.03
"""Seconds after which our own server is asked again whether slots move. Nothing else is asked
meanwhile, since looks at all pods would take the processors from the servers."""
_WISH_SECONDS = 1.0
"""Seconds after which a file that states the wish is read again while the loop rests."""
_REFUSAL_SECONDS = 2.0
"""Seconds for which a refusal has to last before it ends a run that may end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a run ends by itself, and its pace; from the settings. Times are in seconds."""

    once: bool
    """Whether the run ends at the goal (`--once`)."""
    timeout: float | None
    """How long the goal may be missed at a stretch; None: without limit."""
    interval: float
    """The pause between two looks at the goal."""


class Loop:
    """The loop of one sidecar. `stop` ends it after the present look."""

    def __init__(self, observer: Observer, board: Board, terms: Terms) -> None:
        """Look at nothing yet."""
        self._observer = observer
        self._board = board
        self._terms = terms
        self.looked = asyncio.Event()
        """Set once the first look is over, whatever its result."""
        self._stopped = asyncio.Event()
        self._scope = Scope.LOCAL
        self._shown: tuple[object, ...] = ()
        self._same_since = time.monotonic()
        self._refused: tuple[Code, ...] = ()
        self._refused_since = self._same_since
        self._unwilling: list[str] = []
        self._refusals: dict[str, str] = {}
        self._log = log.get(pod=observer.topology.name)

    def stop(self) -> None:
        """End after the present look."""
        self._stopped.set()

    async def run(self) -> Exit:
        """Run until stopped, or until the terms end the run; return the exit status."""
        # None while the goal is reached: the time-out counts from when the goal was missed.
        trying_since: float | None = time.monotonic()
        while not self._stopped.is_set():
            self._board.due = started = time.monotonic()
            plan = await self._guarded_tick()
            self.looked.set()
            now = time.monotonic()
            if plan is not None:
                ended = self._ended(plan, now)
                if ended is not None:
                    return ended
            if plan is not None and plan.reached:
                trying_since = None
            elif trying_since is None:
                trying_since = now
            timeout = self._terms.timeout
            if timeout is not None and trying_since is not None and now - trying_since >= timeout:
                why = "; ".join([*self._unwilling, summary.summary(plan)])
                self._log.error(log.TIMED_OUT, seconds=timeout, why=why, **summary.to_do(plan))
                return _refusal(plan) if plan is not None and plan.blocked else Exit.FAILED
            await self._rest(plan, now - started)
        return self.interrupted()

    def interrupted(self) -> Exit:
        """Return the exit status of a stopped run: a failure only with `--once`."""
        if not self._terms.once:
            return Exit.REACHED
        seen = self._board.status
        why = summary.summary(seen.plan) if seen.tick else "nothing has been looked at yet"
        self._log.error(log.INTERRUPTED, why=why, **summary.to_do(seen.plan))
        return Exit.FAILED

    async def _guarded_tick(self) -> Plan | None:
        """Look and act once. Unexpected errors are caught only here, logged and counted."""
        try:
            return await self._tick()
        except Exception:  # noqa: BLE001 - the loop goes on after any error
            self._board.errors += 1
            self._log.exception(log.UNEXPECTED)
            # What the last good look found does not say how things are now.
            failed = f"the last look met an unexpected error: the log has it, {log.UNEXPECTED}"
            self._board.status = dataclasses.replace(self._board.status, failed=failed)
            return None

    async def _tick(self) -> Plan:
        snapshot, plan, step = await decision.decide(self._observer, self._scope)
        self._publish(snapshot, plan)
        self._unwilling = []
        if step is not None and step.actions:
            await self._apply(step)
        self._scope = plan.look if not plan.reached else Scope.LOCAL
        if plan.reached:
            self._refusals.clear()
        return plan

    async def _apply(self, step: Step) -> None:
        outcomes = await apply.apply(step.actions, self._observer.node_of)
        self._unwilling = [f"{one.pod}: {one.refused}" for one in outcomes if one.refused]
        for outcome in outcomes:
            result = "ok" if outcome.refused is None else "refused"
            kind = outcome.action.kind
            self._board.actions[kind, result] += 1
            if outcome.answered:
                said, forbidden = outcome.refused, outcome.forbidden
                self._observer.answered(outcome.pod, kind, said, forbidden=forbidden)
            text = actions.describe(outcome.action)
            if outcome.refused is None:
                self._refusals.pop(text, None)
                self._log.debug(log.DONE, action=text)
            elif self._refusals.get(text) != outcome.refused:
                # Each look tries it again, and it is logged once.
                self._refusals[text] = outcome.refused
                self._log.warning(log.REFUSED, action=text, reason=outcome.refused)

    def _publish(self, snapshot: Snapshot, plan: Plan) -> None:
        before = self._board.status
        if before.plan is None or before.plan.phase is not plan.phase:
            self._board.phases[plan.phase] += 1
        self._board.questions = self._observer.names.questions
        if start_gate.mind(self._board, snapshot, plan, self._observer.topology):
            self._observer.gate_opened()
        self._board.status = before.then(self._observer.topology, snapshot, plan)
        self._board.looked = time.monotonic()
        shown = summary.fingerprint(plan)
        if shown != self._shown:
            self._shown, self._same_since = shown, time.monotonic()
            self._say(snapshot, plan)

    def _say(self, snapshot: Snapshot, plan: Plan) -> None:
        """Log the plan: one line for each change."""
        for block in plan.blocked:
            if block.code is Code.SAFETY:
                self._board.errors += 1
                self._log.error(log.UNSAFE, why=block.why, runbook=block.runbook)
        facts: dict[str, object] = {"headline": self._board.status.first_line}
        facts |= summary.facts(snapshot, plan, self._observer.topology)
        calls = plan.phase is Phase.BLOCKED or "warning" in facts
        say = self._log.warning if calls else self._log.info
        say(log.PLAN, **facts)

    def _ended(self, plan: Plan, now: float) -> Exit | None:
        # Only the reasons count: what is done for our own node meanwhile does not change them.
        refused = tuple(block.code for block in plan.blocked)
        if refused != self._refused:
            self._refused, self._refused_since = refused, now
        if plan.reached:
            return Exit.REACHED if self._terms.once else None
        if not plan.blocked or now - self._refused_since < _REFUSAL_SECONDS:
            return None
        ended = _refusal(plan)
        return ended if self._terms.once or ended is Exit.CONFIGURATION else None

    @property
    def _mine(self) -> View | None:
        """What our own Redis answered at the last look; None if it did not."""
        seen = self._board.status.snapshot
        me = seen.pod(self._observer.topology.name) if seen else None
        return me.view if me else None

    async def _rest(self, plan: Plan | None, took: float) -> None:
        now = time.monotonic()
        seconds, what = 1.0, Doing.NOTHING
        if plan is not None:
            if plan.reached:
                await self._observer.rest()
            same, seed = now - self._same_since, self._observer.topology.seed
            what = doing.doing(plan, self._mine, seed=seed, same=same, took=took)
            seconds = pace.rest(
                what,
                same=same,
                took=took,
                interval=self._terms.interval,
                jitter=random.random(),  # noqa: S311 - spreads load, guards nothing
            )
        self._board.due = time.monotonic() + seconds
        await self._pause(seconds, moving=what is Doing.MOVING)

    async def _pause(self, seconds: float, *, moving: bool) -> None:
        """Rest until the loop is stopped, another wish is stated, or no slot moves any more."""
        ends = time.monotonic() + seconds
        often = _WISH_SECONDS if self._observer.topology.wish_file else seconds
        often = _MOVE_SECONDS if moving else often
        while (left := ends - time.monotonic()) > 0 and not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, often)):
                    await self._stopped.wait()
            if self._observer.wish_changed() or (moving and not await self._observer.migrating()):
                return


def _refusal(plan: Plan) -> Exit:
    """Return the exit status of a refusal; a missing or wrong size is a fault of configuration."""
    sizeless = any(block.code in codes.SIZE for block in plan.blocked)
    return Exit.CONFIGURATION if sizeless else Exit.BLOCKED
