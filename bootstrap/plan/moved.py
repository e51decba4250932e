"""Which nodes have moved away from where our own node believes them, and which may be met.

MEET merges the clusters that the two nodes are in, whatever these are. So only what the two nodes
themselves say of each other decides whether MEET is sent.
"""

from __future__ import annotations

from collections import Counter

from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.view import Member, View
from bootstrap.plan import own_settings
from bootstrap.plan.facts import Facts


def displaced(facts: Facts) -> list[tuple[Member, Pod, View]]:
    """Members that have proven to be at another address, or at other ports, than our node believes.

    A node id that two pods have is left out.
    """
    ids = Counter(view.node_id for _, view in facts.viewed)
    found: list[tuple[Member, Pod, View]] = []
    for member in facts.my.others:
        pod = facts.pod_by_id.get(member.node_id)
        if pod is None or pod.view is None or ids[member.node_id] > 1:
            continue
        if facts.snapshot.scope < Scope.ALL and member.hostname != pod.hostname:
            continue  # another pod, which was not looked at, may have this id too
        elsewhere = member.address not in (pod.address, own_settings.announced(pod))
        said = pod.view.myself
        dialled = (member.port, member.bus_port) != (said.port, said.bus_port)
        if elsewhere or dialled:
            found.append((member, pod, pod.view))
    return found


def to_meet(facts: Facts) -> list[tuple[Pod, View]]:
    """The moved nodes that may be met now: MEET is safe, and no handshake is under way."""
    handshakes = {member.address for member in facts.my.others if member.handshake}
    return [
        (pod, view)
        for _, pod, view in displaced(facts)
        if pod.address not in handshakes and not doubtful(facts, view)
    ]


def doubtful(facts: Facts, view: View) -> bool:
    """Whether MEET of our node and another might merge two clusters.

    It cannot if each node knows the other's id, and both know the same foreign nodes.
    """
    return apart(facts, view) or not mutual(facts, view)


def apart(facts: Facts, view: View) -> bool:
    """Whether our node and another do not know the same foreign nodes."""
    return facts.foreign_ids(facts.my) != facts.foreign_ids(view)


def mutual(facts: Facts, view: View) -> bool:
    """Whether another node knows our node. If not, gossip may still tell it, or never."""
    return view.member(facts.my.node_id) is not None
