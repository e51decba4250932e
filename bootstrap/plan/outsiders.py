"""Nodes of a cluster that are not ours, or of which nothing tells whose they are."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts


def outsiders(facts: Facts, pods: list[Pod]) -> list[Member]:
    """Members of a cluster that are not ours, or that there is no telling of."""
    views = [view for pod, view in facts.viewed if pod in pods]
    known = [member for view in views for member in view.members]
    members = {member.node_id: member for member in known}
    return [
        member
        for _, member in sorted(members.items())
        if not member.handshake and not facts.is_ours(member) and _telling(facts, member)
    ]


def names(facts: Facts, members: list[Member]) -> list[str]:
    """As a person would look for them."""
    return [facts.name(member) for member in members]


def _telling(facts: Facts, member: Member) -> bool:
    """A failed node without a name is no evidence: gossip never brings the name of a dead one.

    It may be a ghost of ours that all who ever heard it have forgotten by now.
    """
    return bool(facts.hostname(member)) or not member.gone
