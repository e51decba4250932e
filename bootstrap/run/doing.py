"""What the loop does now, from its plan. Its rest depends on that."""

from __future__ import annotations

from typing import Final

from bootstrap.model import actions
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import View
from bootstrap.plan.verdict import Phase, Plan
from bootstrap.run.pace import Doing

_STUCK: Final = 2.0
"""Seconds of the same actions after which the loop slows down: they are refused, or do not help."""
_SLOW: Final = (actions.Meet, actions.Replicate)
"""Actions whose effect takes time. The effect of all others can be seen at once."""
_MOVES: Final = (actions.MigrateSlots, actions.ImportSlots)
"""Actions after which our own server tells when all is done."""


def doing(plan: Plan, mine: View | None, *, seed: bool, same: float, took: float) -> Doing:
    """Return what the loop does now.

    Args:
        plan: The plan whose first step was applied.
        mine: What our own server answered; None if it did not.
        seed: Whether our pod is the seed.
        same: Seconds for which the plan has not changed.
        took: Seconds that the last look took.

    """
    if plan.reached:
        return Doing.NOTHING
    done = plan.steps[0].actions if plan.steps else ()
    # Only for a new plan: a loop whose action is refused again and again must not spin.
    if done and same <= took and not any(isinstance(one, _SLOW) for one in done):
        return Doing.MOVING if any(isinstance(one, _MOVES) for one in done) else Doing.DONE
    if plan.phase is Phase.HEAL and plan.look > Scope.SEED:
        return Doing.HALVES if plan.look is Scope.HALF else Doing.HEALING
    stuck = bool(done) and same > _STUCK
    if plan.phase in {Phase.FORM, Phase.JOIN, Phase.HEAL} and plan.steps and not stuck:
        return Doing.FORMING if plan.phase is Phase.FORM else Doing.ACTING
    if plan.phase is Phase.BLOCKED:
        return Doing.BLOCKED
    return _waiting(plan, mine, seed=seed)


def _waiting(plan: Plan, mine: View | None, *, seed: bool) -> Doing:
    if plan.mover and mine and any(one.running for one in mine.migrations):
        return Doing.MOVING
    if plan.mover or (seed and plan.phase is not Phase.RESHARD):
        return Doing.AWAITED
    if plan.look > Scope.LOCAL:
        return Doing.SEARCHING
    return Doing.WAITING if mine else Doing.SERVERLESS
