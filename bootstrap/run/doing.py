"""What the loop does now, from its plan. Its rest depends on that."""

from __future__ import annotations

from typing import Final

from bootstrap.model import actions
from bootstrap.model.snapshot import Scope
from bootstrap.plan.verdict import Phase, Plan
from bootstrap.run.pace import Doing

_STUCK: Final = 2.0
"""Seconds of the same actions after which the loop slows down: they are refused, or do not help."""
_SLOW: Final = (actions.Meet, actions.Replicate)
"""Actions whose effect takes time. The effect of all others can be seen at once."""


def doing(plan: Plan, *, seed: bool, up: bool, same: float, took: float) -> Doing:
    """Return what the loop does now.

    Args:
        plan: The plan whose first step was applied.
        seed: Whether our pod is the seed.
        up: Whether our own server answers.
        same: Seconds for which the plan has not changed.
        took: Seconds that the last look took.

    """
    if plan.reached:
        return Doing.NOTHING
    done = plan.steps[0].actions if plan.steps else ()
    # Only for a new plan: a loop whose action is refused again and again must not spin.
    if done and same <= took and not any(isinstance(one, _SLOW) for one in done):
        return Doing.DONE
    if plan.phase is Phase.HEAL and plan.look is Scope.HALF:
        return Doing.HALVES
    if plan.phase is Phase.HEAL and plan.look is Scope.ALL:
        return Doing.HEALING
    stuck = bool(done) and same > _STUCK
    if plan.phase in {Phase.FORM, Phase.JOIN, Phase.HEAL} and plan.steps and not stuck:
        return Doing.FORMING if plan.phase is Phase.FORM else Doing.ACTING
    if plan.phase is Phase.BLOCKED:
        return Doing.BLOCKED
    if seed or plan.mover:
        return Doing.AWAITED
    if plan.look > Scope.LOCAL:
        return Doing.SEARCHING
    return Doing.WAITING if up else Doing.SERVERLESS
