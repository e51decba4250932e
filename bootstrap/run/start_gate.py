"""Does what the plan says of the start gate: lets the server start or not, and logs why.

The kubelet starts the redis container once `/startupz` answers 200, and never asks again. So an
open gate stays open for the life of the process.
"""

from __future__ import annotations

from bootstrap.log import GATE_OPEN, GATE_SHUT, get
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.todo import line
from bootstrap.model.topology import Topology
from bootstrap.plan import verdict
from bootstrap.plan.verdict import Gate, Plan
from bootstrap.show.board import Board

_RUNS = "a server runs already"
_LASTING_SECONDS = 2.0
"""Seconds for which a gate without a code has to be shut before that is logged. By then a look at
all pods is over, and at the first start of a blank pod the look finds nothing to wait for."""


def mind(board: Board, snapshot: Snapshot, plan: Plan, topology: Topology) -> bool:
    """Put the gate on the board, and log each change once; return whether the gate is open."""
    before, now = board.gate, plan.gate
    if before is not None and before.open:
        return True
    board.gate = now
    board.gate_seconds = max(board.gate_seconds, snapshot.timers.shut)
    # At a first start every gate is shut during the first look, so that is not logged.
    news = now.open or now.code or board.gate_seconds >= _LASTING_SECONDS
    if topology.guarded and news and board.gate_said != (now.open, now.code):
        board.gate_said = now.open, now.code
        _say(now, board.gate_seconds, topology)
    return now.open


def pin(board: Board, gate: Gate, topology: Topology) -> None:
    """Put a gate on the board that was opened before there was a board."""
    board.gate = gate
    if topology.guarded:
        board.gate_said = gate.open, gate.code
        _say(gate, 0.0, topology)


def _say(gate: Gate, seconds: float, topology: Topology) -> None:
    """Log the gate: as an error if a person is needed, as a warning if it only waits."""
    log = get(pod=topology.name)
    say = log.error if gate.code else log.info if gate.open else log.warning
    facts = {"why": gate.why or _RUNS, "code": gate.code or "", "fix": line(gate.fix)}
    facts["runbook"] = verdict.runbook(gate.code) if gate.code else ""
    event = GATE_OPEN if gate.open else GATE_SHUT
    say(event, seconds=round(seconds, 1), **{name: fact for name, fact in facts.items() if fact})
