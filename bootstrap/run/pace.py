"""How long a loop rests before it looks again, in seconds. It knows no server and no plan."""

from __future__ import annotations

import enum
from typing import Final


class Doing(enum.Enum):
    """What a loop is about, as far as its rest depends on it."""

    NOTHING = enum.auto()
    """The goal is reached."""
    DONE = enum.auto()
    """Something new was done, and all that it changes can be seen at once."""
    FORMING = enum.auto()
    """This pod alone brings all others together, step by step."""
    ACTING = enum.auto()
    """Steps that need time to show."""
    HALVES = enum.auto()
    """Many pods heal, and each looks after half of its pairs."""
    HEALING = enum.auto()
    """All pods heal, and look at all others."""
    BLOCKED = enum.auto()
    """A person has to act first."""
    SEARCHING = enum.auto()
    """Many pods look around on their own, because the one that forms is late."""
    AWAITED = enum.auto()
    """This pod waits, and the others wait for it."""
    WAITING = enum.auto()
    """This pod can only wait for others."""
    SERVERLESS = enum.auto()
    """This pod waits for its own server to start."""


_BRISK: Final = 0.03
"""While steps are taken: as often as looking costs little."""
_FORMING: Final = 0.15
"""The longest rest while forming. Only one pod looks then. Where the processors are so busy that a
look takes longer, the next look is the one that counts. Measured at 60 and 120 pods."""
_WAITING: Final = (0.1, 1.0)
"""While waiting for a pod: at first, and after `_PATIENT` seconds of the same plan."""
_PATIENT: Final = 60.0
_IDLE_SHARE: Final = 0.01
"""The part of its time for which a pod looks that can only wait for others. Many pods may share
processors. The less they have of them, the longer a look takes, and the longer they rest."""
_SERVERLESS: Final = 0.25
"""The longest rest of a pod that waits for its own server: to ask that one costs least."""
_SEARCHING: Final = 1.0
"""All pods begin to search at once when the one that forms is late: this spreads their looks."""
_BLOCKED: Final = 2.0
_BLOCKED_SHARE: Final = 0.05
"""The part of its time for which a blocked pod looks."""
_HEALING_SHARE: Final = 0.3
"""The same for one that heals: after an outage all pods do, maybe on shared processors."""
_HALVES: Final = 0.3


def rest(doing: Doing, *, same: float, took: float, interval: float, jitter: float) -> float:
    """Seconds to rest.

    Args:
        doing: What the loop is about.
        same: Seconds for which the plan has been this one.
        took: Seconds that the last look took. While waiting or acting a pod rests for as long, so
            that looking takes at most half of its time.
        interval: Seconds between two looks at the goal, and the longest rest of all.
        jitter: Random, 0 to 1: it keeps many pods from looking at the same moment.

    """
    spread = 0.8 + 0.4 * jitter
    waiting = _WAITING[1] if same > _PATIENT else _WAITING[0]
    match doing:
        case Doing.NOTHING:
            return interval * spread
        case Doing.DONE:
            return 0.0
        case Doing.FORMING | Doing.ACTING:
            return max(_BRISK, min(took, _FORMING) if doing is Doing.FORMING else took)
        case Doing.HALVES:
            seconds = max(_HALVES, took) * spread
        case Doing.HEALING:
            seconds = (
                max(waiting, took / _HEALING_SHARE - took if same <= _PATIENT else 0.0) * spread
            )
        case Doing.BLOCKED:
            seconds = max(_BLOCKED, took / _BLOCKED_SHARE) * spread
        case Doing.SEARCHING:
            seconds = _SEARCHING * spread
        case Doing.AWAITED:
            seconds = max(waiting * spread, took)
        case Doing.WAITING | Doing.SERVERLESS:
            most = _SERVERLESS if doing is Doing.SERVERLESS else _WAITING[1]
            seconds = max(max(waiting, min(most, took / _IDLE_SHARE)) * spread, took)
    return min(interval, seconds)
