"""Which node owns which slots, by what all peers say together.

Nodes hear of a slot only from its owner. So a node that came back empty never hears of the slots of
owners that were gone by then. Its peers still know these slots. If two peers differ, the greater
config epoch counts, as it does for the servers themselves.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from bootstrap.model import slots
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A node with slots."""

    member: Member
    """As our own node describes it; if our node does not know it, as a peer does."""
    ranges: slots.Ranges
    """The slots that it owns."""


def owners(facts: Facts) -> tuple[Owner, ...]:
    """All nodes that own slots in our node's cluster, dead or alive, sorted by id.

    What a node says that our node does not know is left out: that node may be alone, or foreign.
    """
    views = [view for _, view in facts.viewed if view.node_id in facts.my.known_ids]
    said: dict[str, Member] = {}
    for view in views:
        for member in view.members:
            before = said.get(member.node_id)
            if member.slots and (before is None or before.epoch < member.epoch):
                said[member.node_id] = member
    found: list[Owner] = []
    for node_id, claim in sorted(said.items()):
        newer = [one for one in said.values() if one.epoch > claim.epoch]
        ranges = slots.without(claim.slots, (span for one in newer for span in one.slots))
        if ranges:
            found.append(Owner(member=facts.my.member(node_id) or claim, ranges=ranges))
    return tuple(found)


def majority(lost: int, owners: int) -> bool:
    """Whether most owners of slots are left. Otherwise no replica is elected."""
    return 2 * lost < owners


def remembered(facts: Facts) -> dict[str, Member]:
    """Owners that do not answer, and of whose slots only peers know, by id."""
    if facts.me.view is None:
        return {}
    told = {one.node_id for one in facts.my.members if one.slots or one.is_replica}
    return {
        owner.member.node_id: dataclasses.replace(owner.member, slots=owner.ranges)
        for owner in owners(facts)
        if owner.member.node_id not in told and owner.member.node_id not in facts.pod_by_id
    }


def away(facts: Facts, owner_id: str) -> list[Member]:
    """Replicas of a node that have failed, and may come back with their volumes."""
    members = {
        member.node_id: member
        for _, view in facts.viewed
        for member in view.others
        if member.primary_id == owner_id
    }
    return [
        member
        for node_id, member in sorted(members.items())
        if member.gone and node_id not in facts.pod_by_id and not facts.pod_of_ghost(member)
    ]


def successors(facts: Facts, owner_id: str) -> list[str]:
    """Ids of the replicas that may succeed a failed primary, sorted.

    These live, by what they say themselves or by what our node says.
    """
    members = [member for member in facts.my.members if not member.gone]
    members += [view.myself for _, view in facts.viewed]
    return sorted(
        {
            member.node_id
            for member in members
            if member.primary_id == owner_id and facts.pod_of_ghost(member) is None
        }
    )
