"""A node that knows its siblings, and that none of them knows: it is met once more.

A side learns everybody from the first answer of a handshake. The other side knows it only once its
own has come through, and where that expired never will. Or all have forgotten a node while it was
away. It would copy its primary, and nobody would ever elect it.
"""

from __future__ import annotations

from bootstrap.core import temporary
from bootstrap.core.actions import Meet
from bootstrap.core.model import Pod, Scope, View
from bootstrap.core.plan import meeting, moved
from bootstrap.core.plan.scene import Scene


def introduction(scene: Scene) -> tuple[Meet, ...] | None:
    """The MEET that is missing, none while one is under way; None when somebody knows our node."""
    me = (scene.me, scene.my)
    peers = _known(scene)
    if not peers or any(scene.my.node_id in view.known_ids for _, view in peers):
        return None
    if any(meeting.pending(one, me) or meeting.pending(me, one) for one in peers):
        return ()
    peer, view = next((one for one in peers if one[1].state_ok and one[1].myself.slots), peers[0])
    why = f"{scene.me.name} knows {peer.name}, and nobody knows {scene.me.name}"
    return (meeting.meet(*me, peer, view, why=why),)


def again(scene: Scene) -> tuple[Meet, ...] | None:
    """The same for a replica, which owns nothing that could be in dispute.

    Everybody has been asked, and knows no other strangers than our node does: that may have been
    away for long.
    """
    my = scene.my
    if scene.snapshot.scope < Scope.ALL or not my.myself.is_replica or temporary.marked(my):
        return None
    missing = introduction(scene)
    if missing is None:
        return None  # as nearly always, so it is asked before n² names are compared
    if any(moved.apart(scene, view) for _, view in _known(scene)):
        return None
    return missing


def _known(scene: Scene) -> list[tuple[Pod, View]]:
    return [
        (pod, view)
        for pod, view in scene.viewed
        if pod is not scene.me and view.node_id in scene.my.known_ids
    ]
