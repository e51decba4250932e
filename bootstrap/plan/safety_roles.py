"""The last door for roles: who is made a replica, gets a password, or takes over.

`safety` says what is checked. Like it, this knows no rule and judges by what was seen alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.model import slots
from bootstrap.model.actions import Failover, Replicate
from bootstrap.plan import last_copy, safety_meet
from bootstrap.plan.facts import Facts


def made_replica(facts: Facts, action: Replicate) -> Iterator[str]:
    """Say why the node would lose data (I3), or follow a node of another cluster (I5)."""
    view, source = facts.views.get(action.pod), facts.pod_by_id.get(action.primary_id)
    if view is None:
        yield safety_meet.UNSEEN.format(pod=action.pod)
        return
    me = view.myself
    if not me.is_replica and (me.slots or view.keys):
        yield f"{action.pod} is a primary with slots or keys, which it would lose"
    primary = view.member(action.primary_id)
    if primary is None:
        yield f"{action.pod} does not know this node"
    elif facts.is_ours(primary) is False:
        yield f"{facts.name(primary)} is not ours"
    if view.keys and not view.link_up:
        held = f"{action.pod} holds {slots.keys(view.keys)}, maybe the last copy"
        if me.primary_id != action.primary_id:
            yield f"{held}, and {action.primary} is not its primary"
        elif source is None or source.view is None:
            yield f"{held}, and {action.primary} was not seen"
        elif last_copy.at_stake(facts, source.view):
            yield f"{held}, and {action.primary} came back without them"


def let_in(facts: Facts) -> Iterator[str]:
    """Say why our replica would copy a loss once it can log in to its primary (I3)."""
    my = facts.my
    primary = facts.pod_by_id.get(my.myself.primary_id or "")
    if primary is not None and primary.view and last_copy.at_stake(facts, primary.view):
        yield (
            f"{facts.me.name} holds {slots.keys(my.keys)}, maybe the last copy, and"
            f" {primary.name} came back without them"
        )


def handed_over(facts: Facts, action: Failover) -> Iterator[str]:
    """Say why the role is not ours to hand over, or the replica does not have our data."""
    pod = facts.snapshot.pod(action.pod)
    view = pod.view if pod else None
    if action.primary != facts.me.name:
        yield f"{action.primary} is not our node"
    elif view is None or view.myself.primary_id != facts.my.node_id or not view.following:
        yield f"{action.pod} is no replica of our node, or has no link to it"
