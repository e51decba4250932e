"""The answers of the sidecar's HTTP paths, from the board only."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any, Final

from bootstrap import __version__
from bootstrap.show import plan_text
from bootstrap.show.board import Board
from bootstrap.show.http import TEXT, Answer, Path

_PATIENCE: Final = 60.0
"""Seconds by which the loop may be late before `/livez` fails: a long look ends within them."""


def of(board: Board) -> dict[str, Path]:
    """Return the paths that read a board, with the functions that answer."""
    return _Routes(board).by_path


class _Routes:
    """The answers of all paths, from the board only."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.by_path: dict[str, Path] = {
            "/startupz": self._startup,
            "/livez": self._live,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/statusz": self._status,
        }

    def _startup(self) -> Answer:
        """Say whether Redis may start. Never waits for Redis, which starts only after a 200."""
        gate = self._board.gate
        if gate is None:
            return 503, TEXT, "the loop has not run yet\n"
        if not gate.open:
            return 503, TEXT, f"the gate is shut: {gate.why}\n"
        return 200, TEXT, "started\n"

    def _live(self) -> Answer:
        """Say whether the loop turns, whatever it finds: a new process would find the same."""
        due = self._board.due
        late = time.monotonic() - due if due is not None else 0.0
        if late > _PATIENCE:
            return 503, TEXT, f"the loop should have turned {late:.0f} s ago\n"
        return 200, TEXT, "alive\n"

    def _ready(self) -> Answer:
        seen = self._board.status
        ready, why = seen.ready
        alarms = seen.plan.alarms if seen.plan else ()
        faults = "".join(f"{one.code}: {one.why}\n" for one in alarms)
        return (200 if ready else 503), TEXT, f"{seen.first_line}\n{why}\n{faults}"

    def _metrics(self) -> Answer:
        # Loaded by the first scrape: Redis waits for `/startupz`, before which no scrape comes.
        from bootstrap.show import metrics  # noqa: PLC0415

        return 200, *metrics.text(self._board)

    def _status(self) -> Answer:
        seen = self._board.status
        if seen.plan is None or seen.snapshot is None or seen.topology is None:
            return 503, "application/json", json.dumps({"tick": seen.tick}) + "\n"
        facts: dict[str, Any] = plan_text.as_json(seen.snapshot, seen.plan, seen.topology)
        ready, why = seen.ready
        facts |= {"tick": seen.tick, "ready": ready, "why": why, "version": __version__}
        facts["age"] = round(time.monotonic() - self._board.looked, 1)
        facts["memory"] = dataclasses.asdict(seen.snapshot.timers)
        return 200, "application/json", json.dumps(facts, indent=1) + "\n"
