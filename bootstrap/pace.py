"""How long the loop rests before it looks again, in seconds."""

from __future__ import annotations

from bootstrap.core.model import Scope
from bootstrap.core.plan.outcome import Phase, Plan

#: While forming or joining: as often as looking costs little.
_BRISK = 0.03
#: While waiting for somebody: at first, and after `_PATIENT` seconds of the same plan.
_WAITING = (0.1, 1.0)
_PATIENT = 60.0
#: Pods that look around on their own all do so at once when the seed is late: spread them.
_AROUND = 1.0
_BLOCKED = 2.0


def rest(  # noqa: PLR0913 - all that a pause depends on, by name
    plan: Plan, *, seed: bool, same: float, took: float, interval: float, luck: float
) -> float:
    """Seconds to rest. `same`: how long the plan has been this one; `luck`: random, 0 to 1.

    Never less than the last look took, so that looking takes at most half of the time.
    """
    jittered = 0.8 + 0.4 * luck
    if plan.reached:
        return interval * jittered
    if plan.phase in (Phase.FORM, Phase.JOIN, Phase.HEAL) and plan.steps:
        return max(_BRISK, took)
    if plan.phase is Phase.BLOCKED:
        return min(interval, _BLOCKED * jittered)
    if plan.look > Scope.LOCAL and not seed:
        return min(interval, _AROUND * jittered)
    calm = _WAITING[1] if same > _PATIENT else _WAITING[0]
    return min(interval, max(calm * jittered, took))
