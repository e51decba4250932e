"""Nodes whose volume is gone (ghosts) are forgotten, once no node needs them any more.

Our node forgets a ghost only if all of this is so:

- All pods were looked at, and the ghost's pod is proven to be another node now. A ghost without a
  name is forgotten only if every pod is proven to be another node, and has its role.
- The ghost has failed for most nodes, or has no address.
- No node says that the ghost owns slots, or that a node follows it.
- The ghost's pod has a role again, with its data, and our node knows the new node.

Servers before 7.0 carry no names, so no ghost is forgotten there. Rules that stand before this one
(`rules`) come first: while a node waits, heals or joins, none is forgotten.

FORGET bans an id for 60 s on one node. Until every node has forgotten the id, gossip may bring it
back. So each sidecar forgets for its own node, and all do so within one interval of each other.
"""

from __future__ import annotations

from bootstrap.model.actions import Forget
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.view import Member, View
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Phase, Plan, Step


def forget(facts: Facts) -> Plan | None:
    """Forget the ghosts that no node needs any more; None if there is none."""
    if facts.snapshot.scope < Scope.ALL:
        return None
    actions = tuple(
        Forget(
            pod=facts.me.name,
            ghost=facts.name(member),
            node_id=member.node_id,
            why=why,
        )
        for member in facts.my.others
        for pod, why in _ghost(facts, member)
        if _needed_no_more(facts, member, pod)
    )
    if not actions:
        return None
    step = Step(actions=actions, until="no ghost is left in our node's view")
    return Plan(phase=Phase.HEAL, steps=(step,), look=Scope.ALL)


def _ghost(facts: Facts, member: Member) -> tuple[tuple[Pod, str], ...]:
    """Return why a member is a ghost, and the pod that must have its role first; empty if none."""
    pod = facts.pod_of_ghost(member)
    if pod is not None:
        return ((pod, f"{pod.name} lost its volume and is another node now"),)
    if _nameless(facts, member):
        return ((facts.me, "no node knows its name any more, and every pod is another node"),)
    return ()


def _nameless(facts: Facts, member: Member) -> bool:
    """Whether a member is a ghost of which no node can say any more what pod it was.

    A node that joins hears of dead nodes by gossip, which brings no names. When it has its role,
    the others may have forgotten the dead nodes, and would hear of them from it again. Whatever
    such a node was, no pod of ours will be that node, since each pod has its role as another node.
    Servers before 7.0 know no names at all, so there it may be a later pod's node.
    """
    named = facts.my.setting("cluster-announce-hostname") is not None
    if not named or facts.hostname(member) or member.node_id in facts.pod_by_id:
        return False
    known = {pod.ordinal for pod, _ in facts.viewed if _settled(pod)}
    return known == {*facts.topology.ordinals, *(pod.ordinal for pod in facts.snapshot.pods)}


def _needed_no_more(facts: Facts, ghost: Member, pod: Pod) -> bool:
    """Whether a ghost failed, owns nothing and has no replica, and its pod has a role again."""
    claims = [
        member
        for _, view in facts.viewed
        for member in view.members
        if (member.node_id == ghost.node_id and member.slots)
        or (member.primary_id == ghost.node_id and member.node_id != ghost.node_id)
    ]
    return ghost.gone and not claims and _settled(pod) and _known(facts, pod)


def _known(facts: Facts, pod: Pod) -> bool:
    """Whether our node knows the pod's present node."""
    return pod.view is not None and pod.view.node_id in facts.my.known_ids


def _settled(pod: Pod) -> bool:
    """Whether the pod has a role and its data: a replica has a whole copy once its link is up."""
    view = pod.view
    return view is not None and (bool(view.myself.slots) or _follows(view))


def _follows(view: View) -> bool:
    return view.myself.is_replica and view.following
