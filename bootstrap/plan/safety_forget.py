"""The last door for nodes that are forgotten: none may come back with data, or is needed.

`safety` says what is checked. Like it, this knows no rule and judges by what was seen alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bootstrap.model import human_name
from bootstrap.model.actions import Forget
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import Member
from bootstrap.plan import timed
from bootstrap.plan.facts import Facts

SECONDS: Final = 60.0
"""For how long DNS must have denied the name: twice as long as CoreDNS keeps any answer."""


def forgotten(facts: Facts, action: Forget) -> Iterator[str]:
    """Say why the node may come back with its data, or is still needed by another (I3)."""
    if facts.snapshot.scope < Scope.ALL:
        yield "not all pods were looked at"
    if action.node_id in facts.own_ids:
        yield "it is the node of a pod"
    for pod, view in facts.viewed:
        member = view.member(action.node_id)
        if member is not None and member.slots:
            yield f"{pod.name} says that it owns slots"
        followers = [one for one in view.members if one.primary_id == action.node_id]
        if any(one is not member and not _goes(facts, one) for one in followers):
            yield f"{pod.name} says that a node follows it"
    known = facts.my.member(action.node_id)
    if known is None or not known.gone:
        yield "our node does not count it as gone"
    elif facts.pod_of_ghost(known) is None:
        yield from _may_come_back(facts, known)


def _may_come_back(facts: Facts, known: Member) -> Iterator[str]:
    """Say why a node may come back that is gone, and whose pod is not proven to be another."""
    silent = [pod.name for pod in facts.snapshot.pods if pod.name not in facts.views]
    if may_be_last(facts, known):
        yield "it is a copy of an owner of slots that was not seen"
    elif (facts.hostname(known) or silent) and not left(facts, known):
        yield "no pod has proven to be another node in its place"


def _goes(facts: Facts, member: Member) -> bool:
    """Whether a node's pod was scaled away for good, as our own node knows the node."""
    known = facts.my.member(member.node_id)
    return known is not None and known.gone and left(facts, known)


def may_be_last(facts: Facts, member: Member) -> bool:
    """Whether a node is a copy of an owner of slots that was not seen: maybe the last one."""
    lines = [view.member(member.node_id) for _, view in facts.viewed]
    primaries = {one.primary_id for one in lines if one is not None and one.primary_id}
    return bool((primaries & facts.owner_ids) - facts.pod_by_id.keys())


def left(facts: Facts, member: Member) -> bool:
    """Whether a node's pod is gone for good, by the wish of all and by DNS.

    The wish that all our nodes show is for so few shards that it does not need the pod. DNS denies
    the pod's name now, has done so for a minute, and has the name of the Service.
    """
    topology, snapshot = facts.topology, facts.snapshot
    wish, service = snapshot.wished.wish, snapshot.service
    ordinal = topology.ordinal_of(facts.hostname(member))
    if wish is None or wish.shards is None or ordinal is None:
        return False
    inside = [view for _, view in facts.viewed if view.node_id in facts.my.known_ids]
    living = {one.node_id for view in inside for one in view.others if not one.gone}
    agreed = living <= facts.pod_by_id.keys() and all(
        human_name.wish_of(view) == wish for view in inside
    )
    pod = snapshot.pod(topology.name_of(ordinal))
    needed = topology.ordinal_start + wish.shards * (1 + topology.replicas_per_shard)
    return (
        agreed
        and ordinal >= needed
        and pod is not None
        and timed.denied(pod)
        and snapshot.timers.absent_for(pod.name) >= SECONDS
        and service is not None
        and service.state == "found"
    )
