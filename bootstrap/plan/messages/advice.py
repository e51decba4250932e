"""Texts that say what a pod lacks, and the commands that show why."""

from __future__ import annotations

from bootstrap.model import acl, slots
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Pod, Scope, Trouble, Unreachable
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, dns_names, durations, forced_failover, unreachable
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


def only_copy(facts: Facts, pod: str) -> tuple[Todo, ...]:
    """For slots whose primary is gone, and whose replica is not elected.

    Before all pods have been looked at, the primary may be there after all.
    """
    if facts.snapshot.scope < Scope.ALL:
        return (Todo(what="let the primary come back"),)
    return (
        Todo(
            what=f"how old is the copy of {pod}?",
            command=f"{commands.ask(facts.topology, pod)} INFO replication",
            expect="expected: the primary comes back, and nothing is to be done;"
            " master_link_down_since_seconds tells for how long it has had no news",
        ),
        promotion(facts, pod, f"only if its primary cannot come back: give {pod} its slots"),
    )


def promotion(facts: Facts, pod: str, when: str) -> Todo:
    """Makes a replica the primary, even if its own primary is gone.

    Not while owners that are taken for failed answer: these only lack links on the cluster bus.
    """
    failed = [one.node_id for one in facts.my.members if one.slots and one.failed]
    unlinked = [facts.pod_by_id[one].name for one in failed if one in facts.pod_by_id]
    if unlinked:
        return Todo(
            what=f"{', '.join(unlinked)} answer, and lack only links on the cluster bus; with those"
            " back the nodes elect by themselves: which NetworkPolicy holds?",
            command=commands.get(facts.topology, "networkpolicy", "-o yaml"),
        )
    act = Todo(
        what=f"{when}; what its copy lacks is gone then",
        command=promote(facts, pod),
        destructive=True,
    )
    return forced_failover.once_found(facts, act)


def promote(facts: Facts, pod: str) -> str:
    """The command for that: FORCE while most primaries can vote, else TAKEOVER."""
    owners = [member for member in facts.my.members if member.slots]
    lost = [member for member in owners if member.failed]
    how = "FORCE" if 2 * len(lost) < len(owners) else "TAKEOVER"
    return f"{commands.ask(facts.topology, pod)} CLUSTER FAILOVER {how}"


def keep_data(facts: Facts, replica: Pod | None) -> tuple[Todo, ...]:
    """For a primary that lost its data. The replica, if given, may hold a copy."""
    topology = facts.topology
    space = commands.namespace(topology)
    go = Todo(
        what="only if the data may go, or there was none: let the server start all the same;"
        " replicas that hold keys are emptied",
        command=f"kubectl set env{space} statefulset {topology.statefulset} -c bootstrap"
        f" BOOTSTRAP_GATE_ON_TIMEOUT=open && kubectl delete pod{space} {topology.name}",
        destructive=True,
    )
    if replica is None:
        keep = Todo(
            what="which replica of this pod holds keys? Make that the primary",
            command=f"{commands.in_sidecar(topology, topology.name)} python -m bootstrap status",
            expect="KEYS tells, in the lines of its shard",
        )
        return (keep, go)
    if replica.node is None and replica.resolved.state == "absent":
        keep = Todo(
            what=f"let {replica.name} come back, which may hold the data; where"
            " podManagementPolicy is OrderedReady that is only made after this pod: make the set"
            " Parallel (docs/migration.md)"
        )
        return (keep, go)
    keys = Todo(
        what=f"does {replica.name} hold the keys?",
        command=f"{commands.ask(topology, replica.name)} DBSIZE",
        expect="expected: the number of keys that the shard had",
    )
    keep = Todo(
        what=f"to keep them make {replica.name} the primary; what its copy lacks is gone then",
        command=f"{commands.ask(topology, replica.name)} CLUSTER FAILOVER FORCE",
        expect="if half of the primaries or more are down, no vote comes of it: then TAKEOVER",
        destructive=True,
    )
    return (keys, forced_failover.once_found(facts, keep), go)


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


def permanent(facts: Facts, pod: Pod) -> Block | None:
    """Refuses for a node that cannot take part as it is; None for a node that still may."""
    if not isinstance(pod.node, Unreachable) or pod.node.trouble not in _PERMANENT:
        return None
    return Block(
        code=Code(pod.node.trouble),
        why=f"{pod.name} at {pod.address}:{facts.topology.port}: {pod.node.reason}",
        fix=unreachable.fix(facts, pod.name, pod.node.trouble),
    )
