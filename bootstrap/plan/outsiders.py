"""Members of a cluster that are not nodes of our pods, or that nothing proves to be."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts


def outsiders(facts: Facts, pods: list[Pod]) -> list[Member]:
    """Return the members that these pods know and that are not proven to be ours, sorted by id."""
    views = [view for pod, view in facts.viewed if pod in pods]
    known = [member for view in views for member in view.members]
    members = {member.node_id: member for member in known}
    return [
        member
        for _, member in sorted(members.items())
        if not member.handshake and not facts.is_ours(member) and _counts(facts, member)
    ]


def names(facts: Facts, members: list[Member]) -> list[str]:
    """Return the members' names as a person would look for them."""
    return [facts.name(member) for member in members]


def _counts(facts: Facts, member: Member) -> bool:
    """Whether a member is evidence of a foreign cluster. A failed node without a name is not.

    Gossip never brings the name of a dead node. It may be a ghost of ours, if all nodes that ever
    heard its name have forgotten it by now.
    """
    return bool(facts.hostname(member)) or not member.gone
