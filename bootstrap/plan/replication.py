"""Which node our replica copies from, once it has a role: its primary, where that is now.

Replication dials an address, and goes on dialling it. What a replica holds may be the last of the
data, so it is led only to a node that has that too.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.actions import Replicate
from bootstrap.model.snapshot import Member, View
from bootstrap.model.todo import Todo
from bootstrap.plan import own_settings
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Scene
from bootstrap.plan.messages import commands, forced_failover
from bootstrap.plan.verdict import Block


def astray(my: View) -> Member | None:
    """Our primary, if replication still dials an address that it no longer has.

    Redis does not re-point replication when gossip brings the new address; valkey does. The link
    may even be up, with a sibling that has the old address now.
    """
    primary = my.member(my.myself.primary_id)
    if primary is None or primary.failed or not primary.address or my.following:
        return None
    return primary if my.primary_host not in ("", primary.address) else None


def chained(my: View) -> bool:
    """Whether our primary is a replica itself. No primary elects a follower of a replica."""
    primary = my.member(my.myself.primary_id)
    return primary is not None and primary.is_replica


def amiss(my: View) -> bool:
    """Whether our node shows by itself that its replica's place is not where it should be."""
    return astray(my) is not None or chained(my)


def follow(scene: Scene) -> Replicate | None:
    """REPLICATE where our replica copies from somewhere else than it should."""
    return _anew(scene) or _upwards(scene)


def _anew(scene: Scene) -> Replicate | None:
    """REPLICATE of the primary that we have, which makes replication dial its present address."""
    primary = astray(scene.my)
    pod = scene.pod_by_id.get(primary.node_id) if primary else None
    if primary is None or pod is None or pod.view is None or _emptied(scene, pod.view):
        return None
    here = (pod.address, own_settings.announced(pod))
    if scene.my.primary_host in here or pod.view.myself.is_replica:
        return None
    return Replicate(
        pod=scene.me.name,
        primary=pod.name,
        primary_id=primary.node_id,
        why=f"replication still dials {scene.my.primary_host}, and {pod.name} is at {pod.address}",
    )


def _upwards(scene: Scene) -> Replicate | None:
    """REPLICATE of the primary of our primary, whose data we have all the same."""
    below = scene.pod_by_id.get(scene.my.myself.primary_id or "")
    if below is None or below.view is None or not chained(scene.my) or not scene.my.following:
        return None
    above = scene.pod_by_id.get(below.view.myself.primary_id or "")
    if above is None or above.view is None or not below.view.following:
        return None
    if not above.view.myself.slots or above.view.node_id not in scene.my.known_ids:
        return None
    return Replicate(
        pod=scene.me.name,
        primary=above.name,
        primary_id=above.view.node_id,
        why=f"{below.name}, which it follows, is a replica of {above.name}",
    )


def blocked(scene: Scene) -> Block | None:
    """Why our replica is not led to its primary though that is known to be elsewhere."""
    primary = astray(scene.my)
    pod = scene.pod_by_id.get(primary.node_id) if primary else None
    if pod is None or pod.view is None or not _emptied(scene, pod.view):
        return None
    me, ask = scene.me.name, commands.ask(scene.topology, scene.me.name)
    held = slots.keys(scene.my.keys)
    return Block(
        code=Code.PRIMARY_EMPTY,
        why=f"{me} holds {held}, and {pod.name}, its primary, came"
        " back with none: following it would copy the emptiness",
        fix=(
            forced_failover.once_found(
                scene,
                Todo(
                    what=f"to keep the keys make {me} the primary",
                    command=f"{ask} CLUSTER FAILOVER TAKEOVER",
                ),
            ),
            Todo(
                what="only if they may go: follow the empty primary",
                command=f"{ask} CLUSTER REPLICATE {pod.view.node_id}",
                destructive=True,
            ),
        ),
    )


def _emptied(scene: Scene, primary: View) -> bool:
    """Whether following the primary would copy its emptiness over the last of the data.

    Where our link is up, what we hold is a copy of what another node has, and no last of it.
    """
    return bool(scene.my.keys) and not scene.my.link_up and not primary.keys
