"""Rule 6: nodes whose volume is gone are forgotten, once nobody needs them any more.

FORGET bans an id for 60 seconds, and until every node has forgotten it gossip may bring it back;
so each sidecar forgets for its own node, and they all do within one interval of each other.
"""

from __future__ import annotations

from bootstrap.core import slots
from bootstrap.core.actions import Forget
from bootstrap.core.model import Member, Pod, Scope
from bootstrap.core.plan import ownership
from bootstrap.core.plan.outcome import Block, Phase, Plan, Step
from bootstrap.core.plan.scene import Scene


def forget(scene: Scene) -> Plan | None:
    """The ghosts that our node may forget now; None when there is none."""
    if scene.snapshot.scope < Scope.ALL:
        return None
    actions = tuple(
        Forget(
            pod=scene.me.name,
            ghost=scene.name(member),
            node_id=member.node_id,
            why=f"{pod.name} lost its volume and is another node now",
        )
        for member in scene.my.others
        if (pod := scene.ghost(member)) is not None and _done_with(scene, member, pod)
    )
    if not actions:
        return None
    step = Step(actions=actions, until="no ghost is left in our node's view")
    return Plan(phase=Phase.HEAL, steps=(step,), look=Scope.ALL)


def _done_with(scene: Scene, ghost: Member, pod: Pod) -> bool:
    """Failed for good, owns nothing, has no follower, and its pod has a role again."""
    claims = [
        member
        for _, view in scene.viewed
        for member in view.members
        if (member.node_id == ghost.node_id and member.slots)
        or (member.primary_id == ghost.node_id and member.node_id != ghost.node_id)
    ]
    return ghost.gone and not claims and settled(pod)


def settled(pod: Pod) -> bool:
    """Has a role again, and its data: a replica's copy is whole once its link is up."""
    view = pod.view
    if view is None:
        return False
    return bool(view.myself.slots) or (view.myself.is_replica and view.link_up)


def lost_slots(scene: Scene) -> tuple[tuple[str, Block], ...]:
    """Rule 7 for shards that are lost whole, each with its ghost's id; they are given to nobody.

    Lost are the slots of owners whose volume is gone, and that nobody can succeed.
    """
    return tuple(
        (owner.member.node_id, _lost(scene, owner, pod))
        for owner in ownership.owners(scene)
        if (pod := scene.ghost(owner.member)) is not None
        and not ownership.heirs(scene, owner.member.node_id)
    )


def _lost(scene: Scene, owner: ownership.Owner, pod: Pod) -> Block:
    ghost = owner.member
    return Block(
        code="lost-slots",
        why=f"slots {slots.render(owner.ranges)} were {scene.name(ghost)}'s; the volume of"
        f" {pod.name} is gone, and no replica of it is left",
        fix=f"if an older volume or a snapshot of {pod.name} or its replica can be had, bring it"
        f" back; only if the keys are gone for good give the slots away: CLUSTER FORGET"
        f" {ghost.node_id} on every node within 60 seconds, then redis-cli --cluster fix",
        serves=pod is not scene.me,
    )
