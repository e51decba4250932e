"""Words for the trouble of a single node, and the pods and nodes that are in no shard."""

from __future__ import annotations

from collections.abc import Iterable

from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.view import Member, View
from bootstrap.plan import new_nodes_conf
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import down


def name_of(facts: Facts, member: Member) -> str:
    """Return the name of a node's pod; without a pod its hostname, or the start of its id."""
    pod, hostname = facts.pod_by_id.get(member.node_id), facts.hostname(member)
    ordinal = pod.ordinal if pod else facts.topology.ordinal_of(hostname)
    return hostname or member.node_id[:8] if ordinal is None else facts.topology.name_of(ordinal)


def trouble(facts: Facts, member: Member, view: View | None) -> str:
    """Return why a node was not read, or what others say about it; empty if all is well."""
    if view is not None:
        others = [seen.member(member.node_id) for _, seen in facts.viewed if seen is not view]
        doubts = sum(one is not None and one.failed for one in others)
        if others and not any(others):
            return "no other node knows it"
        return f"{_count(doubts)} it for failed" if doubts else ""
    successor = facts.pod_of_ghost(member)
    if successor:
        return f"{new_nodes_conf.fate(successor)}; another node lives in its pod"
    if down.scaled_away(facts, member):
        return "its pod is gone"
    pod = facts.pod_named(member)
    flags = ", ".join(sorted(member.flags & {"fail", "fail?", "noaddr"}))
    marked = f" ({flags})" if flags else ""
    return _absence(pod, marked) if pod else f"not looked at{marked}"


_SILENCE = {
    Trouble.REFUSED: "away",
    Trouble.TIMEOUT: "away",
    Trouble.LOADING: "loading",
}
"""The words for troubles. Only a pod that cannot be reached is `away`."""


def _absence(pod: Pod, marked: str = "") -> str:
    """Say why a pod's own node was not read: the pod is away, or only its state is not known."""
    said = _reason(pod)
    if pod.view is not None:
        return f"not proven{marked}: {said}"
    if isinstance(pod.node, Unreachable):
        return f"{_SILENCE.get(pod.node.trouble, 'not let in')}{marked}: {said}"
    if pod.resolved.state == "absent":
        return f"away{marked}: DNS says {said}"
    return f"not known{marked}: DNS: {said}"


def _count(doubts: int) -> str:
    return "1 node takes" if doubts == 1 else f"{doubts} nodes take"


def outside(facts: Facts, members: list[Member], listed: set[str]) -> Iterable[tuple[str, str]]:
    """Yield the pods and nodes that are in no shard, with the reason; each once.

    `listed` are the ids of the nodes in shards.
    """
    strays = [
        (_stray(facts, member), f"{trouble(facts, member, None)}; in no shard")
        for member in members
        if member.node_id not in listed and member.node_id not in facts.pod_by_id
        if _settled(listed, facts.pod_of_ghost(member))
    ]
    yield from strays
    told = {name for name, _ in strays}
    rows = [facts.pod_named(one) for one in members if one.node_id in listed]
    named = {pod.name for pod in rows if pod}
    for pod in facts.snapshot.pods:
        proven = pod.view is not None and pod.view.node_id in facts.pod_by_id
        if not proven and pod.name not in named:
            if pod.name not in told:
                yield pod.name, _absence(pod)
        elif proven and pod.view is not None and pod.view.node_id not in listed:
            held = new_nodes_conf.keys(pod)
            kept = f"its nodes.conf is new, it holds {held} keys, and is in no shard"
            gone = any(facts.pod_of_ghost(one) is pod for one in members)
            lost = f"in no shard; {new_nodes_conf.fate(pod)}" if gone else "in no shard"
            yield pod.name, "new" if pod.view.blank else kept if held else lost


def _stray(facts: Facts, member: Member) -> str:
    """Return the name of a node in no shard; without a name its whole id, and its address."""
    called = name_of(facts, member)
    where = f" at {member.address}:{member.port}" if member.address else ""
    return f"node {member.node_id}{where}" if called == member.node_id[:8] else called


def _settled(listed: set[str], successor: Pod | None) -> bool:
    """Whether a former node's pod has a role again; else only the pod is listed, not the node."""
    return successor is None or successor.view is None or successor.view.node_id in listed


def _reason(pod: Pod) -> str:
    """Return why a pod's node could not be read."""
    if pod.view is not None:
        return f"a node that is not proven to be its own answers at {pod.address}"
    if isinstance(pod.node, Unreachable):
        return pod.node.reason
    return pod.resolved.reason
