"""The mark of a node that is handing its role over, or is about to stop: where all nodes see it.

It is a last part of the human node name that its own sidecar wrote: `redis-app-3/host-a/zone-1`
becomes `redis-app-3/host-a/zone-1/handover`. A server forgets it when it ends, so a restarted pod
bears none. Servers before redis 7.2 have no such name: there, no node sees anything.
"""

from __future__ import annotations

from bootstrap.model.view import View

NAME = "cluster-announce-human-nodename"
_MARK = "handover"
#: Parts of the name before the mark: pod, host, zone.
_PARTS = 3
#: A node that has handed its role over is not given it back for so many seconds, in which nobody
#: can make roles flap by asking; or for so many times the time-out, where that is longer.
_SECONDS = 60.0
_TIMES = 3


def marked(view: View) -> bool:
    """Whether the node says that it is leaving."""
    return is_mark(view.setting(NAME) or "")


def is_mark(name: str) -> bool:
    """Whether a human node name bears the mark."""
    return name.split("/")[_PARTS:] == [_MARK]


def mark(plain: str) -> str:
    """The name with the mark."""
    return f"{plain}/{_MARK}"


def expired(view: View, seconds: float, timeout: float) -> bool:
    """Whether a mark that was seen for so many seconds belongs to no hand-over any more.

    A hand-over never lasts longer than its time-out, so a primary that has borne the mark for
    longer was left with it by a sidecar that died.
    """
    return seconds >= (max(_SECONDS, _TIMES * timeout) if view.myself.is_replica else timeout)
