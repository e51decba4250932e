"""The last door for roles: who is made a replica, gets a password, or takes over.

`safety` says what is checked. Like it, this knows no rule and judges by what was seen alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.model import slots
from bootstrap.model.actions import Failover, Replicate
from bootstrap.model.view import Member, View
from bootstrap.plan import last_copy, migrations, safety_meet
from bootstrap.plan.facts import Facts


def made_replica(facts: Facts, action: Replicate) -> Iterator[str]:
    """Say why the node would lose data (I3), or follow a node of another cluster (I5)."""
    view = facts.views.get(action.pod)
    if view is None:
        yield safety_meet.UNSEEN.format(pod=action.pod)
        return
    me = view.myself
    if not me.is_replica and (me.slots or view.keys):
        yield f"{action.pod} is a primary with slots or keys, which it would lose"
    if migrations.comes(view):
        yield f"slots move to {action.pod}, and a replica gets none"
    primary = view.member(action.primary_id)
    if primary is None:
        yield f"{action.pod} does not know this node"
    elif facts.is_ours(primary) is False:
        yield f"{facts.name(primary)} is not ours"
    if view.keys and not view.link_up:
        yield from _may_be_last(facts, action, view)
    elif me.primary_id != action.primary_id:
        yield from _still_needed(facts, me)


def _may_be_last(facts: Facts, action: Replicate, view: View) -> Iterator[str]:
    """Say why a node with keys and without a link would lose the last copy of them (I3)."""
    source = facts.pod_by_id.get(action.primary_id)
    held = f"{action.pod} holds {slots.keys(view.keys)}, maybe the last copy"
    if view.myself.primary_id != action.primary_id:
        yield f"{held}, and {action.primary} is not its primary"
    elif source is None or source.view is None:
        yield f"{held}, and {action.primary} was not seen"
    elif last_copy.at_stake(facts, source.view):
        yield f"{held}, and {action.primary} came back without them"


def _still_needed(facts: Facts, replica: Member) -> Iterator[str]:
    """Say why its primary, which owns slots, would have too few copies without this replica (M10).

    Without a wish nothing leads a replica away from such a primary.
    """
    former = facts.pod_by_id.get(replica.primary_id or "")
    if former is None or former.view is None or not former.view.myself.slots:
        return
    copies = [one for _, one in facts.viewed if one.myself.primary_id == former.view.node_id]
    linked = sum(one.following for one in copies if one.node_id != replica.node_id)
    if linked < facts.topology.replicas_per_shard:
        yield f"{former.name}, which it follows, has {slots.many(linked, 'other linked replica')}"


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
