"""Members of a cluster that are not nodes of our pods, or that nothing proves to be."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts


def outsiders(facts: Facts, pods: list[Pod]) -> list[Member]:
    """Return the members that these pods know and that are not proven to be ours, sorted by id.

    It is enough if one pod knows a member as evidence: for another it may have failed already.
    """
    found = {
        member.node_id: member
        for pod, view in facts.viewed
        for member in view.members
        if pod in pods and not member.handshake
        if not facts.is_ours(member) and _counts(facts, member)
    }
    return [member for _, member in sorted(found.items())]


def names(facts: Facts, members: list[Member]) -> list[str]:
    """Return the members' names as a person would look for them."""
    return [facts.name(member) for member in members]


def _counts(facts: Facts, member: Member) -> bool:
    """Whether a member is evidence of a foreign cluster. A failed node without a name is not.

    Gossip never brings the name of a dead node. It may be a ghost of ours, if all nodes that ever
    heard its name have forgotten it by now.
    """
    return bool(facts.hostname(member)) or not member.gone
