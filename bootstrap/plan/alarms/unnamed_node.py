"""A node without a hostname, which a person or another cluster has brought in.

Our sidecars write their pods' names into their servers before the nodes meet others. So a live node
without a hostname that is in none of our pods is not ours. The node alone does no harm, so no rule
is blocked. Keys are at risk once it owns slots, or the rest of its cluster follows.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import slots
from bootstrap.model.view import Member
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import foreign_node
from bootstrap.plan.verdict import Alarm

_SECONDS: Final = 5.0
"""Seconds for which a node has to have no name. Gossip brings a new pod's node before its name, and
a list of the pods that DNS gave a moment before may lack the pod."""


def unnamed(facts: Facts) -> list[Alarm]:
    """Return one alarm for each such node, once the nodes of all our pods are known."""
    if just_come(facts) or not facts.all_asked:
        return []
    return [_alarm(facts, one) for one in suspects(facts) if one.node_id not in facts.own_ids]


def just_come(facts: Facts) -> bool:
    """Whether the nodes without a name that our node is linked to may still get their names."""
    return facts.lasting_known and facts.snapshot.timers.unnamed < _SECONDS


def suspects(facts: Facts) -> list[Member]:
    """Return live nodes without a hostname. Only a look at all pods tells if they are ours."""
    if facts.my.setting("cluster-announce-hostname") is None or not facts.settled:
        return []  # no names before redis 7.0; other rules for a node without a role
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
