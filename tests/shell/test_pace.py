"""How long the loop rests: a table."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model import actions
from bootstrap.model.migration import Migration, State
from bootstrap.model.snapshot import Scope
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Block, Phase, Plan, Step, Wait
from bootstrap.run import doing, pace
from tests.core import build, resharding

MEET = actions.Meet(pod="a", peer="b", address="192.0.2.1", port=1, bus_port=2, why="")
EPOCH = actions.SetConfigEpoch(pod="a", epoch=1, why="")
BARRIER = Step(actions=(), until="it is done")
WAIT = Wait(pod="a", what="something")

STEADY = Plan(phase=Phase.STEADY)
FORM = Plan(phase=Phase.FORM, steps=(BARRIER,), look=Scope.ALL)
FORM_MEET = Plan(phase=Phase.FORM, steps=(Step(actions=(MEET,), until=""),), look=Scope.ALL)
FORM_EPOCH = Plan(phase=Phase.FORM, steps=(Step(actions=(EPOCH,), until=""),), look=Scope.ALL)
JOIN = Plan(phase=Phase.JOIN, steps=(BARRIER,), look=Scope.ALL)
HEAL = Plan(phase=Phase.HEAL, steps=(BARRIER,))
JOIN_WAITS = Plan(phase=Phase.JOIN, waiting=(WAIT,))
WAITS = Plan(phase=Phase.WAITING, waiting=(WAIT,))
HEAL_WAITS = Plan(phase=Phase.HEAL, waiting=(WAIT,), look=Scope.ALL)
HEALS_BY_HALVES = Plan(phase=Phase.HEAL, waiting=(WAIT,), look=Scope.HALF)
LOOKS_AROUND = Plan(phase=Phase.WAITING, waiting=(WAIT,), look=Scope.ALL)
MOVES_SLOTS = dataclasses.replace(LOOKS_AROUND, phase=Phase.RESHARD, mover=True)
RUNNING, DONE = resharding.job(), resharding.job(State.DONE)
IMPORT = actions.ImportSlots(pod="a", ranges=((0, 9),), source="b", why="")
LET_MOVE = dataclasses.replace(MOVES_SLOTS, steps=(Step(actions=(IMPORT,), until=""),))
LOOKS_AT_SEED = Plan(phase=Phase.WAITING, waiting=(WAIT,), look=Scope.SEED)
BLOCKED = Plan(phase=Phase.BLOCKED, blocked=(Block(code=Code.SPLIT, why="y", fix="z"),))


def rest(  # as the loop calls it, but for what a case is about
    plan: Plan,
    *,
    seed: bool = True,
    up: bool = True,
    moves: tuple[Migration, ...] = (),
    same: float = 1.0,
    took: float = 0.001,
    interval: float = 10.0,
    jitter: float = 0.5,
) -> float:
    mine = dataclasses.replace(build.view(build.all_lines(0)), migrations=moves) if up else None
    about = doing.doing(plan, mine, seed=seed, same=same, took=took)
    return pace.rest(about, same=same, took=took, interval=interval, jitter=jitter)


@pytest.mark.parametrize(
    ("plan", "facts", "seconds"),
    [
        (STEADY, {}, 10.0),
        (STEADY, {"jitter": 0.0}, 8.0),
        (STEADY, {"jitter": 1.0}, 12.0),
        (STEADY, {"interval": 1.0}, 1.0),
        (FORM, {}, 0.03),
        (FORM, {"took": 0.1}, 0.1),
        (FORM, {"took": 0.5}, 0.15),
        (JOIN, {"took": 0.5}, 0.5),
        (HEAL, {"took": 0.5}, 0.5),
        (FORM_EPOCH, {"same": 0.0}, 0.0),
        (FORM_EPOCH, {"same": 1.0}, 0.03),
        (FORM_MEET, {"same": 0.0}, 0.03),
        # What has to show takes its time; what is refused need not be tried so often.
        (FORM, {"same": 9.0}, 0.03),
        (FORM_EPOCH, {"same": 2.1}, 0.1),
        (FORM_EPOCH, {"same": 60.1}, 1.0),
        (FORM, {"same": 0.0}, 0.03),
        (JOIN, {"seed": False}, 0.03),
        (HEAL, {"seed": False}, 0.03),
        (JOIN_WAITS, {}, 0.1),
        (BLOCKED, {}, 2.0),
        (BLOCKED, {"jitter": 0.0}, 1.6),
        (BLOCKED, {"interval": 0.5}, 0.5),
        (LOOKS_AROUND, {"seed": False}, 1.0),
        (LOOKS_AT_SEED, {"seed": False, "jitter": 1.0}, 1.2),
        (LOOKS_AROUND, {"seed": False, "interval": 0.5}, 0.5),
        (LOOKS_AROUND, {"seed": True}, 0.1),
        (MOVES_SLOTS, {"seed": False}, 0.1),
        # Until the move ends, or for half a second.
        (MOVES_SLOTS, {"seed": False, "moves": (RUNNING,)}, 0.5),
        (MOVES_SLOTS, {"seed": False, "moves": (RUNNING,), "took": 0.7}, 0.7),
        (MOVES_SLOTS, {"seed": False, "moves": (DONE,)}, 0.1),
        (LET_MOVE, {"seed": False, "same": 0.0}, 0.5),
        (LET_MOVE, {"seed": False, "same": 1.0}, 0.1),
        # Moves that others command concern the seed no more than any other pod.
        (dataclasses.replace(MOVES_SLOTS, mover=False), {"moves": (RUNNING,)}, 1.0),
        (WAITS, {}, 0.1),
        (WAITS, {"jitter": 1.0}, 0.12),
        (WAITS, {"same": 60.1}, 1.0),
        (WAITS, {"took": 0.4}, 0.4),
        (WAITS, {"took": 30.0}, 10.0),
        (WAITS, {"interval": 0.05}, 0.05),
        (WAITS, {"seed": False, "took": 0.005}, 0.5),
        (WAITS, {"seed": False, "took": 0.2}, 1.0),
        (WAITS, {"seed": False, "up": False, "took": 0.2}, 0.25),
        (HEAL_WAITS, {}, 0.1),
        (HEAL_WAITS, {"took": 0.3}, 0.7),
        (HEALS_BY_HALVES, {}, 0.3),
        (HEALS_BY_HALVES, {"took": 0.5}, 0.5),
    ],
)
def test_the_rest_follows_from_the_plan(
    plan: Plan, facts: dict[str, float], seconds: float
) -> None:
    assert rest(plan, **facts) == pytest.approx(seconds)  # type: ignore[arg-type]  # a table's row
