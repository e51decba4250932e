"""Who has moved, as far as our own node goes by the past, and who of them may be met.

Only what two nodes say of each other decides: a MEET joins whatever clusters they are in.
"""

from __future__ import annotations

from collections import Counter

from bootstrap.model.snapshot import Member, Pod, Scope, View
from bootstrap.plan import own_settings
from bootstrap.plan.facts import Facts


def displaced(facts: Facts) -> list[tuple[Member, Pod, View]]:
    """Members whose pod has proven to be elsewhere than our node believes, or at other ports."""
    ids = Counter(view.node_id for _, view in facts.viewed)
    found: list[tuple[Member, Pod, View]] = []
    for member in facts.my.others:
        pod = facts.pod_by_id.get(member.node_id)
        if pod is None or pod.view is None or ids[member.node_id] > 1:
            continue
        if facts.snapshot.scope < Scope.ALL and member.hostname != pod.hostname:
            continue  # another pod, not looked at, may bear this id too
        elsewhere = member.address not in (pod.address, own_settings.announced(pod))
        said = pod.view.myself
        dialled = (member.port, member.bus_port) != (said.port, said.bus_port)
        if elsewhere or dialled:
            found.append((member, pod, pod.view))
    return found


def to_meet(facts: Facts) -> list[tuple[Pod, View]]:
    """Those of them that may be met now."""
    shaking = {member.address for member in facts.my.others if member.handshake}
    return [
        (pod, view)
        for _, pod, view in displaced(facts)
        if pod.address not in shaking and not doubtful(facts, view)
    ]


def doubtful(facts: Facts, view: View) -> bool:
    """Whether a MEET might bring together more than two nodes that know each other.

    Both must know the other's id; and what either knows beyond our StatefulSet, both must know.
    """
    return apart(facts, view) or not mutual(facts, view)


def apart(facts: Facts, view: View) -> bool:
    """Whether one of our node and another knows nodes of others that the other does not."""
    return _strangers(facts, facts.my) != _strangers(facts, view)


def mutual(facts: Facts, view: View) -> bool:
    """Whether a node that ours knows knows ours. Gossip may still bring it, or never."""
    return view.member(facts.my.node_id) is not None


def _strangers(facts: Facts, view: View) -> set[str]:
    return {
        member.node_id
        for member in view.others
        if not member.handshake and facts.is_ours(member) is False
    }
