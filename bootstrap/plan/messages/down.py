"""Nodes whose pod is down or was scaled away, and what to look at."""

from __future__ import annotations

from bootstrap.model.snapshot import Scope, Unreachable
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, scaling, unreachable


def scaled_away(facts: Facts, member: Member) -> bool:
    """Whether a node's pod seems to be gone for good.

    DNS denies the pod's name, the other nodes take the node for failed, and the pod's ordinal is
    above those of all pods. A pod that is only late has an ordinal below some other pod's, or its
    node has not failed yet.
    """
    pod = facts.pod_named(member)
    if facts.snapshot.scope < Scope.ALL or not member.gone or member.node_id in facts.pod_by_id:
        return False
    ordinal = facts.topology.ordinal_of(facts.hostname(member))
    pods = facts.snapshot.pods
    there = [one.ordinal for one in pods if one.view or one.resolved.state == "found"]
    if ordinal is None or not there or ordinal <= max(there):
        return False
    if pod is None:
        return facts.snapshot.listed
    return pod.node is None and pod.resolved.state == "absent"


def short(facts: Facts, member: Member) -> str:
    """Names a member by its pod; without one, by its hostname or its id."""
    pod = facts.pod_by_id.get(member.node_id)
    ordinal = pod.ordinal if pod else facts.topology.ordinal_of(facts.hostname(member))
    if ordinal is not None:
        return facts.topology.name_of(ordinal)
    where = f"node {member.node_id} at {member.address or '?'}:{member.port}"
    return facts.hostname(member) or where


def listed(names: list[str], most: int = 4) -> str:
    """Joins names as in a sentence."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def scaled_fix(facts: Facts, members: list[Member]) -> tuple[Todo, ...]:
    """Brings the pods back, or forgets the nodes if they own no slots."""
    topology = facts.topology
    ordinals = [topology.ordinal_of(facts.hostname(one)) or 0 for one in members]
    count = max(ordinals) - topology.ordinal_start + 1
    if any(one.slots for one in members) and facts.snapshot.wished.wish is not None:
        return (scaling.back(topology, max(ordinals)),)
    back = Todo(
        what="if that was not meant: scale back up, and the pods come back with their volumes",
        command=scaling.command(topology, count),
    )
    if any(one.slots for one in members):
        return (back,)
    forget = Todo(
        what="if it was meant: let all nodes forget them, within 60 seconds; they own no slots",
        command=advice.forget_all(facts, [one.node_id for one in members]),
    )
    return (back, forget)


def fix(facts: Facts, members: list[Member]) -> tuple[Todo, ...]:
    """What to look at for the first node that is down. The same helps the others."""
    member = members[0]
    pod, topology = facts.pod_named(member), facts.topology
    if pod is not None and isinstance(pod.node, Unreachable):
        return unreachable.fix(facts, pod.name, pod.node.trouble)
    ordinal = topology.ordinal_of(facts.hostname(member))
    if pod is None and ordinal is None:
        return _unnamed(facts, member)
    name = pod.name if pod else topology.name_of(ordinal or 0)
    return (
        Todo(
            what=f"why is {name} not there?",
            command=f"kubectl describe pod{commands.namespace(topology)} {name}",
            expect="expected: events that name the reason (no node fits, a volume is not attached,"
            " the image cannot be pulled); not found: the StatefulSet makes it anew, see"
            f" kubectl describe statefulset{commands.namespace(topology)} {topology.statefulset}",
        ),
        Todo(
            what="if it runs, and its container has ended: its server's last words",
            command=f"{commands.logs(topology, name, 'redis')} --previous",
            expect="the last lines name the fault",
        ),
    )


def _unnamed(facts: Facts, member: Member) -> tuple[Todo, ...]:
    """For a node without a name: only its address can lead to its pod."""
    return (
        Todo(
            what=f"which pod had the address {member.address or 'of the node'}? Is one away?",
            command=commands.get(facts.topology, "pods", "-o wide"),
            expect=f"expected: all pods of {facts.topology.statefulset} Running; one that is not"
            " may be this node",
        ),
        advice.nodes(
            facts.topology,
            facts.me.name,
            f"does the node {member.node_id} own slots, and does a replica follow it?",
            "neither, and all pods Running: its pod is another node by now, and the sidecars forget"
            " the old one where servers have names (redis 7.0)",
        ),
    )
