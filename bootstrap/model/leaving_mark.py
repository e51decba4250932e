"""The mark of a node that hands its role over, or is about to stop. All other nodes see it.

The mark is the last part of the human node name (`model.human_name`) that its own sidecar wrote:
`redis-app-3/host-a/zone-1` becomes `redis-app-3/host-a/zone-1/handover`. A server forgets the name
when it ends, so a restarted pod has no mark. Servers before redis 7.2 have no such name, so other
nodes see no mark.
"""

from __future__ import annotations

from bootstrap.model import human_name
from bootstrap.model.view import View

NAME = human_name.SETTING
_PARTS = 3
"""Parts of the name that always come before the mark: pod, host, zone."""
_SECONDS = 60.0
"""Seconds for which a node that has handed over does not get its role back: requests cannot make
roles flap."""
_TIMES = 3
"""The same in hand-over time-outs. The longer of the two counts."""


def marked(view: View) -> bool:
    """Whether the node has the mark."""
    return is_mark(view.setting(NAME) or "")


def is_mark(name: str) -> bool:
    """Whether a human node name contains the mark."""
    return name.split("/")[_PARTS:][-1:] == [human_name.MARK]


def mark(plain: str) -> str:
    """Return the human node name with the mark."""
    return f"{plain}/{human_name.MARK}"


def expired(view: View, seconds: float, timeout: float) -> bool:
    """Whether a mark is too old to belong to a hand-over.

    `seconds` is how long the mark has been seen, and `timeout` the longest hand-over in seconds. If
    a primary has the mark for longer, the sidecar that set the mark has died.
    """
    return seconds >= (max(_SECONDS, _TIMES * timeout) if view.myself.is_replica else timeout)
