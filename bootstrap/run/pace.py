"""How long a loop rests before it looks again. Knows nothing of servers and plans."""

from __future__ import annotations

import enum
from typing import Final


class Doing(enum.Enum):
    """What a loop does now, as far as its rest depends on that."""

    NOTHING = enum.auto()
    """The goal is reached."""
    DONE = enum.auto()
    """Something new was done, and its effect can be seen at once."""
    FORMING = enum.auto()
    """This pod forms the cluster, step by step; only it acts."""
    ACTING = enum.auto()
    """Steps were taken whose effect takes time."""
    HALVES = enum.auto()
    """Many pods heal, and each looks after half of the others."""
    HEALING = enum.auto()
    """This pod heals, and looks at all others."""
    BLOCKED = enum.auto()
    """A person has to act first."""
    SEARCHING = enum.auto()
    """Many pods look at all others, because the seed is late."""
    MOVING = enum.auto()
    """Slots move at this pod's command, and the next ones move once these have."""
    AWAITED = enum.auto()
    """This pod waits, and the others wait for it."""
    WAITING = enum.auto()
    """This pod can only wait for other pods."""
    SERVERLESS = enum.auto()
    """This pod waits for its own server to start."""


_BRISK: Final = 0.03
"""Seconds between two steps, at least. Looking this often costs little."""
_FORMING: Final = 0.15
"""The longest rest while forming, in seconds. Only one pod looks then. If a look takes longer since
the processors are busy, the next look matters more than a rest. Measured at 60 and 120 pods."""
_WAITING: Final = (0.1, 1.0)
"""Seconds of rest while waiting: at first, and after `_PATIENT` seconds of the same plan."""
_PATIENT: Final = 60.0
_IDLE_SHARE: Final = 0.01
"""The part of its time in which a pod looks that can only wait for others. Many pods may share
processors: the longer a look takes, the longer the pod rests."""
_SERVERLESS: Final = 0.25
"""The longest rest of a pod that waits for its own server, in seconds: such a look costs least."""
_BLOCKED: Final = 2.0
"""Seconds of rest while blocked, at least."""
_BLOCKED_SHARE: Final = 0.05
"""The part of its time in which a blocked pod looks."""
_HEALING_SHARE: Final = 0.3
"""The same while healing. After an outage all pods heal, maybe on shared processors."""
_LEAST: Final = {Doing.HALVES: 0.3, Doing.SEARCHING: 1.0, Doing.MOVING: 0.5}
"""Seconds of rest, at least: of a pod that looks after half of the others; while searching, which
all pods begin at once if the seed is late; and while slots move, unless the move ends sooner."""


def rest(doing: Doing, *, same: float, took: float, interval: float, jitter: float) -> float:
    """Return the seconds to rest.

    Args:
        doing: What the loop does now.
        same: Seconds for which the plan has not changed.
        took: Seconds that the last look took. While waiting or acting a pod rests for as long, so
            that it looks for at most half of its time.
        interval: Seconds between two looks at the goal; no other rest is longer.
        jitter: A random number, 0 to 1, so that pods do not all look at the same moment.

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
        case Doing.HALVES | Doing.SEARCHING | Doing.MOVING:
            seconds = max(_LEAST[doing], took) * spread
        case Doing.HEALING:
            seconds = (
                max(waiting, took / _HEALING_SHARE - took if same <= _PATIENT else 0.0) * spread
            )
        case Doing.BLOCKED:
            seconds = max(_BLOCKED, took / _BLOCKED_SHARE) * spread
        case Doing.AWAITED:
            seconds = max(waiting * spread, took)
        case Doing.WAITING | Doing.SERVERLESS:
            most = _SERVERLESS if doing is Doing.SERVERLESS else _WAITING[1]
            seconds = max(max(waiting, min(most, took / _IDLE_SHARE)) * spread, took)
    return min(interval, seconds)
