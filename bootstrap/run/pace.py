"""How long the loop rests before it looks again, in seconds."""

from __future__ import annotations

from bootstrap.model import actions
from bootstrap.model.snapshot import Scope
from bootstrap.plan.verdict import Phase, Plan

#: While forming or joining: as often as looking costs little.
_BRISK = 0.03
#: The longest rest while forming: there only the seed looks, and where the processors are so busy
#: that a look takes longer, the next one is the one that counts; measured at 60 and 120 pods.
_FORMING = 0.15
#: After so many seconds of the same actions there is no hurry: they are refused, or of no use.
_STUCK = 2.0
#: Actions that need time to show; what all others did can be seen at once.
_SLOW = (actions.Meet, actions.Replicate)
#: While waiting for a pod: at first, and after `_PATIENT` seconds of the same plan.
_WAITING = (0.1, 1.0)
_PATIENT = 60.0
#: The part of its time for which a pod looks that can only wait for the seed. Many pods may share
#: processors, and the less they have of them, the longer a look takes: they make room.
_IDLE_SHARE = 0.01
#: The longest rest, in seconds, of one that waits for its own Redis to start: to ask costs least.
_DOWN = 0.25
#: Pods that look around on their own all do so at once when the seed is late: spread them.
_AROUND = 1.0
_BLOCKED = 2.0
#: The part of its time for which a blocked pod looks.
_BLOCKED_SHARE = 0.05
#: The same for one that heals: after an outage all pods do, maybe on shared processors.
_HEAL_SHARE = 0.3
#: While many heal, and each looks after half of the pairs that its node is in.
_HALF = 0.3


def rest(  # noqa: PLR0913 - all that a pause depends on, by name
    plan: Plan, *, seed: bool, up: bool, same: float, took: float, interval: float, luck: float
) -> float:
    """Seconds to rest. `same`: how long the plan has been this one; `luck`: random, 0 to 1.

    `up`: whether our own Redis answers.
    Never less than the last look took, so that looking takes at most half of the time; but while
    forming.
    """
    jittered = 0.8 + 0.4 * luck
    if plan.reached:
        return interval * jittered
    done = plan.steps[0].actions if plan.steps else ()
    stuck = bool(done) and same > _STUCK
    # Only after a plan that is new: one that is refused again and again must not spin.
    if done and same <= took and not any(isinstance(one, _SLOW) for one in done):
        return 0.0
    if plan.phase is Phase.HEAL and plan.look is Scope.HALF:
        return min(interval, max(_HALF, took) * jittered)
    if plan.phase is Phase.HEAL and plan.look is Scope.ALL:
        calm = _WAITING[1] if same > _PATIENT else max(_WAITING[0], took / _HEAL_SHARE - took)
        return min(interval, calm * jittered)
    if plan.phase in (Phase.FORM, Phase.JOIN, Phase.HEAL) and plan.steps and not stuck:
        return max(_BRISK, min(took, _FORMING) if plan.phase is Phase.FORM else took)
    if plan.phase is Phase.BLOCKED:
        return min(interval, max(_BLOCKED, took / _BLOCKED_SHARE) * jittered)
    if plan.look > Scope.LOCAL and not seed:
        return min(interval, _AROUND * jittered)
    calm = _WAITING[1] if same > _PATIENT else _WAITING[0]
    if not seed:
        calm = max(calm, min(_WAITING[1] if up else _DOWN, took / _IDLE_SHARE))
    return min(interval, max(calm * jittered, took))
