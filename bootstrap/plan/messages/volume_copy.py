"""A volume that is a copy: why its server is not started, and what to do about it.

`writer` is the set that wrote the volume, as a hostname without an ordinal; empty if not known.
"""

from __future__ import annotations

from bootstrap.model.hostnames import owner, plain
from bootstrap.model.snapshot import Pod, Volume
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands
from bootstrap.plan.verdict import Block, Gate


def node_runs(facts: Facts, writer: str, address: str, said: View) -> Gate:
    """For a node with the id of our own node that runs elsewhere."""
    me = facts.me.name
    written = f"; the volume was written by a pod of {writer}" if writer else ""
    return Gate(
        open=False,
        why=f"the volume of {me} is a copy: its node {said.node_id} runs at {address}, as"
        f" {announced(said)}{written}{_adopts(facts, writer)}. The server of {me} is not started,"
        " and neither that node nor the copy is touched",
        until="the original to be stopped",
        code=Code.COPIED_VOLUME,
        fix=_choice(facts, writer, announced(said)),
    )


def set_runs(facts: Facts, writer: str, address: str, said: View) -> Gate:
    """For another node of the cluster in which the volume was written, which runs elsewhere."""
    me = facts.me.name
    writer = writer or owner(announced(said))
    return Gate(
        open=False,
        why=f"the volume of {me} is a copy: it was written in the cluster of {writer}, and of that"
        f" node {said.node_id} runs at {address}, as {announced(said)}{_adopts(facts, writer)}. The"
        f" server of {me} is not started, and neither that node nor the copy is touched",
        until="the original to be stopped",
        code=Code.COPIED_VOLUME,
        fix=_choice(facts, writer, announced(said)),
    )


def not_known(facts: Facts, writer: str, unclear: str) -> Gate:
    """For originals that may still run. `unclear` says why that is not known."""
    return Gate(
        open=False,
        why=f"{_another_set(facts, writer)}; whether a node of {writer} still runs is not known:"
        f" {unclear}",
        until="word of what answers there",
        code=Code.COPIED_VOLUME,
        fix=(
            Todo(
                what="which pod is that? Stop it if it is the original",
                command="kubectl get pods -A -o wide",
                expect="while DNS does not answer, or a server does not say which node it is,"
                " the copy is not started",
            ),
        ),
    )


def not_adopted(facts: Facts, writer: str) -> Gate:
    """For originals of which none answers. A person has to say that they are gone."""
    adopted = facts.topology.adopted
    seen = f"BOOTSTRAP_ADOPT is {adopted}" if adopted else "BOOTSTRAP_ADOPT is not set"
    return Gate(
        open=False,
        why=f"{_another_set(facts, writer)}; no node answers at the names and addresses of"
        f" {writer}, and {seen}",
        until="a person's word that the original is gone",
        code=Code.COPIED_VOLUME,
        fix=(
            Todo(
                what=f"only if {writer} is gone for good, and these data are to live on here: set"
                f" BOOTSTRAP_ADOPT={writer} for the sidecars (docs/restore.md)",
                command=f"kubectl edit statefulset{commands.namespace(facts.topology)}"
                f" {facts.topology.statefulset}",
                expect="under env of the container bootstrap",
            ),
            Todo(
                what="then delete the pods that are not started: a rolling update waits until the"
                " first pod that it replaced is ready, and that pod waits for others",
                command=f"kubectl delete pod{commands.namespace(facts.topology)}"
                f" {' '.join(_not_started(facts))}",
                expect="expected: they come back with the variable, and their servers start",
            ),
            advice.emptying(
                facts.topology, facts.me.name, "only if the volume was meant to be new"
            ),
        ),
    )


def _not_started(facts: Facts) -> list[str]:
    """Our own pod, and each pod that was found and whose server does not answer."""
    return [
        pod.name
        for pod in facts.snapshot.pods
        if pod is facts.me or (pod.view is None and pod.resolved.state == "found")
    ]


def primary_down(facts: Facts, volume: Volume, primary: Pod, why: str) -> Gate:
    """For an adopted replica whose primary, the node of another pod, has not started in time."""
    me, topology = facts.me.name, facts.topology
    return Gate(
        open=False,
        why=f"{why}. If the volume of {primary.name} says that its node follows {me}, the two"
        " snapshots lie on two sides of a failover",
        until=f"{primary.name} to start",
        code=Code.COPIED_VOLUME,
        fix=(
            *(
                Todo(
                    what=f"which node does the volume of {one} follow?",
                    command=f"{commands.in_sidecar(topology, one)} python -c"
                    f" 'print(open(\"{volume.file}\").read())'",
                    expect="the line with `myself` tells; if each names the id of the other, keep"
                    f" the newer volume; else see why {primary.name} does not start",
                )
                for one in (me, primary.name)
            ),
            *(
                advice.emptying(topology, one, f"only if the volume of {one} is the older one")
                for one in (me, primary.name)
            ),
            Todo(what="then promote the one that was kept (docs/restore.md)"),
        ),
    )


def both_run(facts: Facts, why: str, hostname: str, more: list[str]) -> Block:
    """For ids of our nodes that answer elsewhere too. `hostname` is that of one node there.

    `why` says what was seen of one pod. `more` names the other pods of which the same was seen.
    """
    topology = facts.topology
    same = f"; the same of {', '.join(more)}" if more else ""
    return Block(
        code=Code.COPIED_VOLUME,
        why=f"{why}{same}: one of the two sets was started from copies of the other's volumes, and"
        " an acknowledged write may be in one set or in the other",
        fix=(
            Todo(
                what="which of the two sets is the copy?",
                command=commands.get(topology, "pods", "-o wide"),
                expect="the younger one (AGE), as a rule; a write that only the copy has is"
                " lost with it: save what you need first",
            ),
            _stopping(
                topology,
                f"only if the other one is the copy: stop the set of {hostname or 'that address'};"
                " the sidecars of this one bring its nodes together again",
                hostname,
            ),
            _stopping(topology, "only if this one is the copy: stop it", facts.me.hostname),
        ),
    )


def announced(said: View) -> str:
    """The hostname that a node announces, or that it announces none."""
    return plain(said.setting("cluster-announce-hostname") or "") or "a node without a name"


def _another_set(facts: Facts, writer: str) -> str:
    """That the set which wrote the volume is not ours."""
    me = facts.me.name
    return f"the volume of {me} was written by a pod of {writer}, and {me} is of {facts.set_name}"


def _adopts(facts: Facts, writer: str) -> str:
    """That BOOTSTRAP_ADOPT has no effect while the original runs; empty if it is not set."""
    adopted = facts.topology.adopted
    if not adopted:
        return ""
    counts = "counts once that one answers no more" if adopted == writer else "names another set"
    return f"; BOOTSTRAP_ADOPT={adopted} is set, and {counts}"


def _choice(facts: Facts, writer: str, hostname: str) -> tuple[Todo, ...]:
    """The two ways out while the original runs: to start without data, or to move the data here."""
    adopted = facts.topology.adopted
    move = f"set BOOTSTRAP_ADOPT={writer} here (docs/restore.md)" if writer else "wait for the gate"
    if writer and adopted == writer:
        move = "wait for the gate, as BOOTSTRAP_ADOPT names it already"
    return (
        Todo(
            what="is this set to start without data, or are the data to move here?",
            command=f"{commands.in_sidecar(facts.topology, facts.me.name)} python -m bootstrap"
            f" explain {Code.COPIED_VOLUME}",
            expect="the original is served and untouched meanwhile",
        ),
        advice.emptying(
            facts.topology, facts.me.name, "to start without data, in each pod of this set"
        ),
        _stopping(
            facts.topology,
            "only to move the data here for good, at a time when its clients may be without it:"
            f" stop the original, which serves them; then {move}",
            hostname,
        ),
    )


def _stopping(topology: Topology, what: str, hostname: str) -> Todo:
    """Stops the set of a pod with this hostname, or says how to find it if the name is no help."""
    match owner(hostname).split("."):
        case [statefulset, _service, namespace, "svc", *_]:
            command = f"kubectl scale statefulset -n {namespace} {statefulset} --replicas=0"
            return Todo(what=what, command=command, destructive=True)
    return Todo(
        what=what,
        command="kubectl get pods -A -o wide",
        expect="scale the StatefulSet of the pod with that address to 0, or stop its server, which"
        f" listens at port {topology.port}",
        destructive=True,
    )
