"""Looks at pods, and commands for a person that several rules advise."""

from __future__ import annotations

from bootstrap.model import acl, slots
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands


def one_is_right(facts: Facts, sides: list[list[Pod]]) -> tuple[Todo, ...]:
    """For pods in several clusters. A MEET would merge these, and lose about half of the keys."""
    held = [sum(view.keys for pod, view in facts.viewed if pod in side) for side in sides]
    seen = ", ".join(
        f"the side of {side[0].name} {slots.keys(many)}"
        for side, many in zip(sides, held, strict=True)
    )
    if not any(held):
        seen = f"no key on {'either' if len(sides) == 2 else 'any'} side, so either may go"
    else:
        seen = f"the pods that answer hold, copies counted too: {seen}"
    looks = (
        Todo(
            what=f"{seen}. What does the side of {side[0].name} hold?"
            if side is sides[0]
            else f"and the side of {side[0].name}?",
            command=f"{commands.ask(facts.topology, side[0].name)} --cluster info"
            f" {side[0].address}:{facts.topology.port}",
            expect="the keys of each primary. Keep the side with yours, and never bring the two"
            " together by CLUSTER MEET: about half of all keys would be lost",
        )
        for side in sides
    )
    acts = (
        emptying(facts.topology, pod.name, f"only if the side of {side[0].name} is the wrong one")
        for side in sides
        for pod in side
    )
    return (*looks, *acts)


def not_let_in(topology: Topology, pod: str) -> tuple[Todo, ...]:
    """For a replica that its primary may turn away. Only the replica's server is told why."""
    return (
        Todo(
            what="if it lasts: what does its primary answer it?",
            command=commands.logs(topology, pod, "redis"),
            expect="expected: MASTER <-> REPLICA sync; NOAUTH, WRONGPASS or NOPERM: the servers log"
            f" in to one another as the user {commands.user(topology)}, which needs on each of them"
            f" {' '.join(acl.FOLLOW)}",
        ),
    )


def nodes(topology: Topology, pod: str, what: str = "", expect: str = "") -> Todo:
    """Looks at the nodes that a pod's node knows."""
    what = what or f"which nodes does {pod} know, and which slots do they own?"
    return Todo(what=what, command=f"{commands.ask(topology, pod)} CLUSTER NODES", expect=expect)


def emptying(topology: Topology, pod: str, when: str = "only if its data may go") -> Todo:
    """Gives up all that a pod holds. The sidecar itself never does that."""
    return Todo(
        what=f"{when}: give {pod} an empty volume; all that it holds is gone then, and it joins"
        " as a new node",
        command=empty(topology, pod),
        destructive=True,
    )


def older_volume(topology: Topology, what: str) -> Todo:
    """Looks for volumes and snapshots that may have keys which no pod has any more."""
    return Todo(
        what=what,
        command=commands.volumes(topology),
        expect="expected: a snapshot from before, or a volume that is Released; none, and no backup"
        " elsewhere: their keys are gone",
    )


def sidecar(topology: Topology, pod: str) -> tuple[Todo, ...]:
    """Looks at what another pod waits for."""
    return (
        Todo(
            what=f"what does {pod} wait for?",
            command=f"{commands.in_sidecar(topology, pod)} python -m bootstrap --dry-run",
            expect="its first line names the cause; where the sidecar does not run:"
            f" {commands.logs(topology, pod, 'bootstrap')}",
        ),
    )


def used(topology: Topology, pod: str) -> tuple[Todo, ...]:
    """For a node that is in use and should be empty."""
    return (
        Todo(
            what=f"what are the keys of {pod}?",
            command=f"{commands.ask(topology, pod)} --scan | head",
            expect="keys that are needed: save them first, see the runbook",
        ),
        emptying(topology, pod),
    )


def give_away(topology: Topology) -> Todo:
    """Gives slots without an owner to the primaries that are there. Their keys stay lost."""
    where = f"{topology.address or '127.0.0.1'}:{topology.port}"
    return Todo(
        what="only if the keys are gone for good: give the slots to the primaries that are there;"
        " it asks before it acts",
        command=f"{commands.ask(topology, topology.name, prompts=True)} --cluster fix {where}",
        destructive=True,
    )


def ask_all(facts: Facts, command: str) -> str:
    """One line that sends a Redis command to every pod that is there, one after the other."""
    topology = facts.topology
    ordinals = {pod.ordinal for pod in facts.snapshot.pods if pod.view or pod.node}
    known = (topology.ordinal_of(one.hostname) for one in facts.my.members if not one.failed)
    ordinals |= {ordinal for ordinal in known if ordinal is not None}
    first, last = min(ordinals), max(ordinals)
    span = f"$(seq {first} {last})"
    if len(ordinals) <= last - first:
        span = " ".join(map(str, sorted(ordinals)))
    each = commands.ask(topology, f"{topology.statefulset}-$i")
    return f"for i in {span}; do {each} {command}; done"


def forget_all(facts: Facts, ids: list[str]) -> str:
    """One line that lets every pod that is there forget these nodes, one node after the other."""
    if len(ids) == 1:
        return ask_all(facts, f"CLUSTER FORGET {ids[0]}")
    return f"for id in {' '.join(ids)}; do {ask_all(facts, 'CLUSTER FORGET $id')}; done"


def empty(topology: Topology, pod: str) -> str:
    """One line that gives a pod an empty volume, whatever its claim is called."""
    where = commands.namespace(topology)
    claim = "{.spec.volumes[*].persistentVolumeClaim.claimName}"
    return (
        f"kubectl delete pvc{where} --wait=false $(kubectl get pod{where} {pod}"
        f" -o jsonpath='{claim}') && kubectl delete pod{where} {pod}"
    )
