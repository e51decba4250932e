"""Pods that answer on their client port, but have no link on the cluster bus.

The usual cause is a NetworkPolicy that opens only the client port. At first clients notice nothing.
Then the nodes take each other for failed. A forced failover would give one shard two primaries that
both answer. So the alarm names the bus port.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bootstrap.model import bus
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import View
from bootstrap.plan import meetings
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Alarm

_NEW_SECONDS: Final = 10.0
"""Seconds for which a link may be missing in one direction: nodes that have just met make their
links one after the other. Seen to take more than 5 s on busy processors."""
_Seen = tuple[Pod, View]
_Words = Callable[[Facts, list[_Seen]], str]


def closed(facts: Facts) -> list[Alarm]:
    """Return alarms: pods whose bus port refuses our pod, and pods without a link to ours."""
    timers = facts.snapshot.timers
    if timers.glance and facts.lasting_known and not timers.unwell:
        return []  # a link may be new: at the last look of our sidecar none was missing
    tried = [(pod, view) for pod, view in facts.viewed if pod.bus is not None]
    shut = [one for one in tried if one[0].bus]
    old = timers.glance or timers.unwell >= _NEW_SECONDS
    deaf = [one for one in tried if old and not one[0].bus and _no_way_back(facts, *one)]
    mine = [(facts.me, facts.my)]
    return [*_alarms(facts, shut, shut, _shut), *_alarms(facts, deaf, mine, _deaf)]


def unlinked(facts: Facts) -> list[Pod]:
    """Return the pods whose nodes answer, by their own ids, though failed for our node."""
    return [
        pod
        for pod, view in facts.viewed
        if pod is not facts.me
        and (member := facts.my.member(view.node_id)) is not None
        and member.failed
    ]


def todo(facts: Facts, pods: list[Pod]) -> tuple[Todo, ...]:
    """Return what lets nodes reach each other again."""
    topology = facts.topology
    ports = sorted({view.myself.bus_port for pod, view in facts.viewed if pod in pods})
    numbers = ", ".join(map(str, ports))
    return (
        Todo(
            what="which NetworkPolicy holds for the pods",
            command=commands.get(topology, "networkpolicy", "-o yaml"),
            expect=f"expected: ports {topology.port} and {numbers} are open between all pods of"
            f" {topology.statefulset}, as ingress and as egress; where one is missing, add it;"
            " no policy: a firewall of the nodes, or a service mesh",
        ),
        Todo(
            what=f"at which port does the bus of {pods[0].name} listen, and which does it announce",
            command=f"kubectl exec{commands.namespace(topology)} {pods[0].name} -c redis --"
            " redis-cli CONFIG GET 'cluster-*port'",
            expect="expected: 0 for each cluster-announce port, and for cluster-port, which means"
            " 10000 above the client port; take other cluster-announce-*port lines out of"
            " redis.conf, or out of the server's arguments",
        ),
    )


def _no_way_back(facts: Facts, pod: Pod, view: View) -> bool:
    """Whether a node that ours reaches knows ours, or is about to, but has no link to ours.

    Our node alone cannot tell: it counts a link of the other node only once a ping has come over
    it after both knew each other, and without a quicker pace that takes up to half a node time-out.
    So the other node has to miss ours too: by a link that is down, or a ping without an answer.
    """
    my, member = facts.my, facts.my.member(view.node_id)
    if member is None:
        return False
    ours = view.member(my.node_id)
    if ours is None:
        return meetings.pending((pod, view), (facts.me, my))
    at_home = ours.address == my.myself.address and ours.bus_port == my.myself.bus_port
    unseen = my.reached_by is not None and view.node_id not in my.reached_by
    return at_home and unseen and not bus.connected(view, ours)


def _alarms(facts: Facts, found: list[_Seen], ports: list[_Seen], words: _Words) -> list[Alarm]:
    """Return one alarm for our own pod, with the names of the pods to which links are missing.

    `ports` are the pods whose bus ports are closed.
    """
    if not found:
        return []
    pods = [pod for pod, _ in ports]
    why = f"{words(facts, found)}; {_meaning(facts)}"
    return [Alarm(pod=facts.me.name, code=Code.BUS_PORT_CLOSED, why=why, fix=todo(facts, pods))]


def _shut(facts: Facts, group: list[_Seen]) -> str:
    places = ", ".join(f"{pod.name} at {pod.address}:{view.myself.bus_port}" for pod, view in group)
    (pod, _), many = group[0], len(group) > 1
    return (
        f"{places} answer{'' if many else 's'} on the client port {facts.topology.port}, and the"
        f" cluster bus port{'s take' if many else ' takes'} no connection from {facts.me.name}:"
        f" {pod.bus}"
    )


def _deaf(facts: Facts, group: list[_Seen]) -> str:
    names, many = ", ".join(pod.name for pod, _ in group), len(group) > 1
    mine = f"{facts.me.address}:{facts.my.myself.bus_port}"
    return (
        f"{names} answer{'' if many else 's'} on the client port {facts.topology.port}, and"
        f" {'have' if many else 'has'} no link to the cluster bus port of {facts.me.name}, {mine};"
        f" {facts.me.name} reaches {'theirs' if many else 'its'}: one direction is open alone"
    )


def _meaning(facts: Facts) -> str:
    if not any(view.state_ok or view.keys for _, view in facts.viewed):
        return "without links no cluster is formed, and no data are in danger"
    return (
        "nodes without links are taken for failed after cluster-node-timeout; fail over no primary"
        " that answers by force"
    )
