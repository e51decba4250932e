"""What a pod lacks before its node can be read, or counts as the pod's."""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, dns_names, durations, unreachable
from bootstrap.plan.verdict import Block, Wait

_PERMANENT = frozenset({Trouble.NOT_CLUSTER, Trouble.UNSUPPORTED, Trouble.COMMAND})
"""Troubles that time does not mend: the node answered, and its answer rules it out."""


def missing(facts: Facts, pod: Pod) -> Wait | None:
    """What a pod lacks before its node can be read; None when it has been read."""
    if pod.view is not None:
        return None
    if not isinstance(pod.node, Unreachable):
        return dns_names.missing(facts, pod)
    trouble, topology = pod.node.trouble, facts.topology
    lets = "answer" if trouble in unreachable.SILENT else "let the sidecar in"
    return Wait(
        pod=pod.name,
        what=f"Redis at {pod.address}:{topology.port} to {lets}; {pod.node.reason}",
        fix=unreachable.fix(facts, pod.name, trouble),
        usual=unreachable.USUAL.get(trouble, 0.0),
        passes=trouble in unreachable.PASSING,
        shared=("servers", pod.node.reason),
    )


def permanent(facts: Facts, pod: Pod) -> Block | None:
    """Refuses for a node that cannot take part as it is; None for a node that still may."""
    if not isinstance(pod.node, Unreachable) or pod.node.trouble not in _PERMANENT:
        return None
    return Block(
        code=Code(pod.node.trouble),
        why=f"{pod.name} at {pod.address}:{facts.topology.port}: {pod.node.reason}",
        fix=unreachable.fix(facts, pod.name, pod.node.trouble),
    )


def unproven(facts: Facts, pod: Pod) -> Wait:
    """For a node that answered at a pod's address without proof that it is the pod's."""
    if facts.proof(pod) in (Proof.PEER, Proof.FOREIGN) and pod.view is not None:
        said = pod.view.setting("cluster-announce-hostname")
        return Wait(
            pod=pod.name,
            what=f"its own address: {pod.address} is where {said} answers, a stale DNS answer",
            fix=_compare(facts.topology, pod.name, pod.address),
            usual=durations.CACHED,
        )
    mark = f"cluster-announce-hostname {pod.hostname}"
    if pod.view is not None and pod.view.setting("cluster-announce-hostname") is None:
        mark = f"cluster-announce-ip {pod.address}"
        other = facts.shared(pod)
        if other is not None:
            return Wait(
                pod=pod.name,
                what=f"its own address: {pod.address} is where {other}'s name leads too",
                fix=_compare(facts.topology, f"{pod.name} {other}", pod.address),
                usual=durations.CACHED,
            )
    return Wait(
        pod=pod.name,
        what=f"its own sidecar to write {mark} into the node at {pod.address}, which says none"
        f"{_busy(pod)}",
        fix=(
            Todo(
                what=f"does the sidecar of {pod.name} run?",
                command=commands.logs(facts.topology, pod.name, "bootstrap"),
                expect="expected: lines of the last minutes; an error names what it lacks",
            ),
            *_compare(facts.topology, pod.name, pod.address),
        ),
        usual=durations.MARKED,
    )


def _compare(topology: Topology, pods: str, address: str | None) -> tuple[Todo, ...]:
    return (
        Todo(
            what=f"is {address} its address, or another pod's?",
            command=commands.get(topology, f"pod {pods}", "-o wide"),
            expect=f"expected: {address}; another one: DNS keeps an old answer, for 30 s at most",
        ),
    )


def _busy(pod: Pod) -> str:
    """Keys, slots and other nodes, which a new node of ours would not have."""
    if pod.view is None or pod.view.blank:
        return ""
    others = len(pod.view.others)
    seen = [slots.keys(pod.view.keys)] if pod.view.keys else []
    seen += [slots.named(pod.view.myself.slots)] if pod.view.myself.slots else []
    seen += ["1 other node" if others == 1 else f"{others} other nodes"] if others else []
    return f" and has {', '.join(seen)}" if seen else ""
