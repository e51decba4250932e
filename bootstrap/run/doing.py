"""What a loop is about by its plan, as far as its rest depends on it."""

from __future__ import annotations

from typing import Final

from bootstrap.model import actions
from bootstrap.model.snapshot import Scope
from bootstrap.plan.verdict import Phase, Plan
from bootstrap.run.pace import Doing

_STUCK: Final = 2.0
"""After so many seconds of the same actions there is no hurry: they are refused, or of no use."""
_SLOW: Final = (actions.Meet, actions.Replicate)
"""Actions that need time to show. What all others did can be seen at once."""


def doing(plan: Plan, *, seed: bool, up: bool, same: float, took: float) -> Doing:
    """Return it.

    Args:
        plan: The plan whose first step was applied.
        seed: Whether this pod is the one that forms.
        up: Whether our own server answers.
        same: Seconds for which the plan has been this one.
        took: Seconds that the last look took.

    """
    if plan.reached:
        return Doing.NOTHING
    done = plan.steps[0].actions if plan.steps else ()
    # Only after a plan that is new: one that is refused again and again must not spin.
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
    if seed:
        return Doing.AWAITED
    if plan.look > Scope.LOCAL:
        return Doing.SEARCHING
    return Doing.WAITING if up else Doing.SERVERLESS
