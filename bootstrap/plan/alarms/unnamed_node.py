"""A node that a person, or another cluster, has brought in, and that bears no name of any pod.

Our own sidecars announce their pods' names before their nodes meet others. A node that lives, says
no name, and is none of those that answer in our pods is not ours. It breaks nothing by itself, so
that no rule is blocked by it; once it owns slots, or its cluster comes along, keys are at stake.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.view import Member
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import foreign_node
from bootstrap.plan.verdict import Alarm


def unnamed(facts: Facts) -> list[Alarm]:
    """One for each such node, once all of our pods have said which nodes they are."""
    if not facts.all_asked:
        return []
    return [_alarm(facts, one) for one in suspects(facts) if one.node_id not in facts.own_ids]


def suspects(facts: Facts) -> list[Member]:
    """Nodes that live and bear no name: only a look at all pods tells whether they are ours."""
    if facts.my.setting("cluster-announce-hostname") is None or not facts.settled:
        return []  # before redis 7.0 no node has a name; a node without a role has rules of its own
    return [
        one
        for one in facts.my.others
        if facts.lives(one) and not (one.handshake or facts.hostname(one))
        if facts.is_ours(one) is None
    ]


def _alarm(facts: Facts, member: Member) -> Alarm:
    topology = facts.topology
    owned = slots.named(member.slots) if member.slots else "no slots"
    why = (
        f"the node {member.node_id} at {member.address}:{member.port} is in the cluster, says no"
        f" name, and is the node of no pod of {topology.statefulset}, all of which answered; it"
        f" owns {owned}. A CLUSTER MEET by hand leads to that. Clients may be sent to it, and"
        " where it belongs to another cluster the two become one"
    )
    return Alarm(
        pod=facts.me.name, code=Code.FOREIGN_NODE, why=why, fix=foreign_node.fix(facts, member)
    )
