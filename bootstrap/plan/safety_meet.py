"""The last door for MEET, which joins all nodes that either of two nodes knows (I5).

`safety` says what is checked. Like it, this knows no rule and judges by what was seen alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bootstrap.model import slots
from bootstrap.model.actions import Meet
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import View
from bootstrap.plan.facts import Facts

UNSEEN: Final = "{pod} is not proven to be ours, or did not answer"


def met(facts: Facts, action: Meet) -> Iterator[str]:
    """Say why MEET could join two clusters (I5): it joins all nodes that either node knows."""
    one, other = facts.views.get(action.pod), facts.views.get(action.peer)
    if one is None or other is None:
        yield UNSEEN.format(pod=action.pod if one is None else action.peer)
        return
    peer = facts.snapshot.pod(action.peer)
    where = (action.address, action.port, action.bus_port)
    if peer is None or (peer.address, other.myself.port, other.myself.bus_port) != where:
        yield f"{action.peer} was not seen at {action.address}, or listens at other ports"
    if facts.foreign_ids(one) != facts.foreign_ids(other):
        yield f"{action.pod} and {action.peer} do not know the same foreign nodes"
    if other.node_id in one.known_ids and one.node_id in other.known_ids:
        return
    side, there = facts.connected[one.node_id], facts.connected[other.node_id]
    if other.node_id in side:
        yield from _slots_brought_along(facts, action, one, other)
        return
    unknown = [*_unknown(facts, side), *_unknown(facts, there)]
    if unknown:
        yield f"whose node is {', '.join(unknown)}? It would come along"
    if side & facts.owner_ids and there & facts.owner_ids and not _forming(facts):
        yield f"{action.pod} and {action.peer} are in two clusters that own slots"


def _slots_brought_along(facts: Facts, action: Meet, one: View, other: View) -> Iterator[str]:
    """Say which slots with another owner a node brings along that the peer has forgotten."""
    mine, theirs = _claims(facts, one), _claims(facts, other)
    taken = [span for ranges in theirs.values() for span in ranges]
    for node_id in sorted(mine.keys() - theirs.keys()):
        if slots.overlap(mine[node_id], taken):
            yield f"{node_id[:8]} claims slots that have another owner where {action.peer} is"


def _unknown(facts: Facts, side: frozenset[str]) -> list[str]:
    """Return the nodes of one side that are not known to be ours.

    A gone node without a name does not count: gossip never brings the name of a dead node.
    """
    unknown = {
        one.node_id: facts.name(one)
        for _, view in facts.viewed
        if view.node_id in side
        for one in view.others
        if one.node_id in view.known_ids - facts.pod_by_id.keys()
        if not facts.is_ours(one) and (facts.hostname(one) or not one.gone)
    }
    return sorted(unknown.values())


def _forming(facts: Facts) -> bool:
    """Whether this is a cluster that is being formed: no key, no slot with two owners, all seen."""
    owned = [view.myself.slots for _, view in facts.viewed]
    twice = any(slots.overlap(a, b) for i, a in enumerate(owned) for b in owned[:i])
    outside = {one for _, view in facts.viewed for one in view.known_ids} - facts.pod_by_id.keys()
    used = any(view.keys for _, view in facts.viewed)
    return not (twice or outside or used or [*unseen_pods(facts)])


def unseen_pods(facts: Facts) -> Iterator[str]:
    """Say why a node that was not seen may own slots."""
    if facts.snapshot.scope < Scope.ALL or not facts.snapshot.listed:
        yield "not all pods were looked at"
    for ordinal in facts.topology.ordinals:
        name = facts.topology.name_of(ordinal)
        if name not in facts.views:
            yield UNSEEN.format(pod=name)
    for pod in facts.snapshot.pods:
        if pod.resolved.state == "found" and pod.name not in facts.views:
            yield UNSEEN.format(pod=pod.name)


def _claims(facts: Facts, view: View) -> dict[str, slots.Ranges]:
    """Return the slots of each node that a node knows, by id.

    If the owner answered, its own word counts. A ghost owns none: its pod is another node now.
    """
    known = {}
    for member in view.members:
        pod = facts.pod_by_id.get(member.node_id)
        said = pod.view.myself if pod and pod.view else member
        if said.slots and not said.is_replica and facts.pod_of_ghost(member) is None:
            known[member.node_id] = said.slots
    return known
