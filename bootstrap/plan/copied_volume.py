"""A copy of a volume: its node is that of another pod, which may live.

A copy has the originals' node ids and knows their addresses. Started beside them it is taken for
them: within seconds both clusters are mixed, and writes that clients are acknowledged land in the
copy. So the server of a copy is held down before it starts, by what its nodes.conf says:

- A node that answers with the id of our own node, while our server is down, proves a copy, whatever
  the names are.
- A nodes.conf of another set (its own line has a pod name that is not ours) is a copy of that set.
  While any of its nodes lives it is held. When none answers any more a person has to say that the
  set is gone, by BOOTSTRAP_ADOPT; a node that answers and cannot be asked who it is still holds it.
- A name that is ours in another form, or none, says nothing: a cluster that is being adopted. So
  does another name, while the nodes that the volume knows live in other pods of ours.

Where our server runs all the same, ids of our nodes that answer elsewhere are told, and no MEET is
sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bootstrap.model import copied_from as places
from bootstrap.model.hostnames import owner, plain
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Originals, Pod, Scope, Trouble, Unreachable, Volume
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands
from bootstrap.plan.verdict import Block, Gate

#: Answers that are none of a node: a server that is in no cluster, and a connection that is ended
#: without a word, as a mesh's proxy does for an address at which no server listens.
_NO_NODE = frozenset({Trouble.NOT_CLUSTER, Trouble.REFUSED})


def held(facts: Facts) -> Gate | None:
    """Why our server may not start from its volume; None when nothing speaks against it."""
    volume, originals = facts.snapshot.volume, facts.snapshot.originals
    mine = volume.myself if volume else None
    if volume is None or mine is None or originals is None:
        return None
    bears = bearer(volume, facts.topology)
    living = list(_living(volume, originals))
    twin = next((one for one in living if one[1].node_id == mine.node_id), None)
    if twin is not None:
        return _twin(facts, mine, bears, *twin)
    others = [one for one in living if _of_another_set(facts, bears, *one)]
    if not others and (not bears or any(_in_our_pod(facts, *one) for one in living)):
        return None
    if facts.snapshot.scope < Scope.ALL:
        why = "its volume names nodes of another set, which may live in pods of ours"
        return Gate(open=False, until="its peers to be asked", why=why)
    if others:
        return _others(facts, bears, *others[0])
    return _unheard(facts, bears, originals) or _follows(facts, volume, mine)


def bearer(volume: Volume, topology: Topology) -> str:
    """The set that a nodes.conf was written by, where that is not ours; else nothing.

    The line about the node itself decides. A server that started without a sidecar has no name of
    its own there, and then it is the others' names.
    """
    mine = volume.myself
    hostnames = [mine.hostname] if mine and mine.hostname else []
    hostnames = hostnames or [one.hostname for one in volume.members if one.hostname]
    if not hostnames or any(topology.form_of(name) is not None for name in hostnames):
        return ""
    return Counter(sorted(map(owner, hostnames))).most_common(1)[0][0]


def twins(facts: Facts) -> list[Block]:
    """Ids of our pods' nodes that answer at another place too, while our own server runs."""
    originals = facts.snapshot.originals
    if originals is None or facts.snapshot.scope < Scope.ALL:
        return []
    found = [*_answering(facts, originals), *_mute(facts, originals)]
    if not found:
        return []
    (_, first, other), *others = sorted(found, key=lambda one: (one[0].ordinal, one[1]))
    more = [pod.name for pod, *_ in others]
    topology = facts.topology
    return [
        Block(
            code=Code.COPIED_VOLUME,
            why=f"{first}{_same_of(more)}:"
            " one of the two sets was started from copies of the other's volumes, and a write that"
            " a client was acknowledged may be in either",
            fix=(
                Todo(
                    what="which of the two sets is the copy?",
                    command=commands.get(topology, "pods", "-o wide"),
                    expect="the younger one (AGE), as a rule; a write that only the copy has is"
                    " lost with it: save what you need first",
                ),
                _stopping(
                    topology,
                    f"only if the other one is the copy: stop the set of {other or 'that address'};"
                    " the sidecars of this one bring its nodes together again",
                    other,
                ),
                _stopping(topology, "only if this one is the copy: stop it", facts.me.hostname),
            ),
        )
    ]


def _answering(facts: Facts, originals: Originals) -> Iterator[tuple[Pod, str, str]]:
    """Pods whose node's id another place says too: the pod, what is so, and the name there."""
    pods = {**facts.pod_by_id, facts.my.node_id: facts.me}
    ours = {pod.address for pod in facts.snapshot.pods}
    for address, said in originals.nodes:
        pod = pods.get(said.node_id) if isinstance(said, View) else None
        if isinstance(said, View) and pod and address not in ours:
            name, where = announced(said), f"{pod.name} at {pod.address} is node {said.node_id}"
            yield pod, f"{where}, and so is {address}, as {name}", name


def _mute(facts: Facts, originals: Originals) -> Iterator[tuple[Pod, str, str]]:
    """Pods whose node ours knows by another name, where a server does not say which node it is."""
    answers = dict(originals.nodes)
    for member in places.foreign(facts.my.others, facts.topology):
        pod, said = facts.pod_by_id.get(member.node_id), answers.get(member.address)
        if pod and isinstance(said, Unreachable) and said.trouble not in _NO_NODE:
            where = f"{pod.name} at {pod.address} is node {member.node_id}"
            name = f"known as {member.hostname}"
            yield pod, f"{where}, and so may be {member.address}, {name}: {said.reason}", ""


def _same_of(names_of_pods: list[str]) -> str:
    return f"; the same of {', '.join(names_of_pods)}" if names_of_pods else ""


def announced(said: View) -> str:
    """The name that a node gives itself, or that it gives none."""
    return plain(said.setting("cluster-announce-hostname") or "") or "a node without a name"


def _living(volume: Volume, originals: Originals) -> Iterator[tuple[str, View]]:
    ids = {member.node_id for member in volume.members}
    for address, said in originals.nodes:
        if isinstance(said, View) and said.node_id in ids:
            yield address, said


def _of_another_set(facts: Facts, bears: str, address: str, said: View) -> bool:
    """Whether a node that our volume knows lives in another set, and not in a pod of ours."""
    if _in_our_pod(facts, address, said):
        return False
    name = plain(said.setting("cluster-announce-hostname") or "")
    if name and facts.topology.form_of(name) is not None:
        return False
    return bool(name or bears)


def _in_our_pod(facts: Facts, address: str, said: View) -> bool:
    """Whether it is the node that answers at the address of one of our other pods."""
    pods = [pod for pod in facts.snapshot.pods if pod is not facts.me and pod.address == address]
    return any(pod.view is not None and pod.view.node_id == said.node_id for pod in pods)


def _twin(facts: Facts, mine: Member, bears: str, address: str, said: View) -> Gate:
    me = facts.me.name
    written = f"; the volume was written by a pod of {bears}" if bears else ""
    return Gate(
        open=False,
        why=f"the volume of {me} is a copy: its node {mine.node_id} runs at {address}, as"
        f" {announced(said)}{written}{_adopts(facts, bears)}. The server of {me} is not started,"
        " and neither that node nor the copy is touched",
        until="the original to be stopped",
        code=Code.COPIED_VOLUME,
        fix=_choice(facts, bears, announced(said)),
    )


def _others(facts: Facts, bears: str, address: str, said: View) -> Gate:
    me = facts.me.name
    bears = bears or owner(announced(said))
    return Gate(
        open=False,
        why=f"the volume of {me} is a copy: it was written in the cluster of {bears}, and of that"
        f" node {said.node_id} runs at {address}, as {announced(said)}{_adopts(facts, bears)}. The"
        f" server of {me} is not started, and neither that node nor the copy is touched",
        until="the original to be stopped",
        code=Code.COPIED_VOLUME,
        fix=_choice(facts, bears, announced(said)),
    )


def _unheard(facts: Facts, bears: str, originals: Originals) -> Gate | None:
    """No node of the volume's set answers. Whether that is enough a person has to say."""
    me, adopted = facts.me.name, facts.topology.adopted
    unclear = [
        f"DNS about {name}: {said.reason}"
        for name, said in originals.names
        if said.state == "unknown"
    ]
    unclear += [
        f"{address}: {said.reason}"
        for address, said in originals.nodes
        if isinstance(said, Unreachable) and said.trouble not in _NO_NODE
    ]
    why = f"the volume of {me} was written by a pod of {bears}, and {me} is of {_set(facts)}"
    if unclear:
        return Gate(
            open=False,
            why=f"{why}; whether a node of {bears} still runs is not known: {unclear[0]}",
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
    if adopted == bears:
        return None
    seen = f"BOOTSTRAP_ADOPT is {adopted}" if adopted else "BOOTSTRAP_ADOPT is not set"
    return Gate(
        open=False,
        why=f"{why}; no node answers at the names and addresses of {bears}, and {seen}",
        until="a person's word that the original is gone",
        code=Code.COPIED_VOLUME,
        fix=(
            Todo(
                what=f"only if {bears} is gone for good, and these data are to live on here: set"
                f" BOOTSTRAP_ADOPT={bears} for the sidecars (docs/restore.md)",
                command=f"kubectl edit statefulset{commands.namespace(facts.topology)}"
                f" {facts.topology.statefulset}",
                expect="under env of the container bootstrap",
            ),
            advice.emptying(facts.topology, me, "only if the volume was meant to be new"),
        ),
    )


def _follows(facts: Facts, volume: Volume, mine: Member) -> Gate | None:
    """An adopted replica starts after its primary: snapshots may lie on two sides of a failover.

    Then each of two volumes says that it follows the other, and redis 8.2 does not survive that:
    on all other nodes it goes round in that circle for ever (`clusterNodeGetMaster`).
    """
    primary = next((one for one in volume.members if one.node_id == mine.primary_id), None)
    if primary is None or primary.node_id in facts.pod_by_id:
        return None
    pod = facts.pod_named(primary)
    if pod is None or facts.proof(pod) is Proof.OURS:
        return None  # there is no such pod, or its volume is gone: it is another node now
    me, topology = facts.me.name, facts.topology
    why = f"by its volume {me} follows the node of {pod.name}, which is not up yet"
    if facts.snapshot.timers.shut < topology.gate_seconds:
        return Gate(open=False, until=f"{pod.name} to start", why=why)
    return Gate(
        open=False,
        why=f"{why}. If the volume of {pod.name} says that its node follows {me}, the two snapshots"
        " lie on two sides of a failover",
        until=f"{pod.name} to start",
        code=Code.COPIED_VOLUME,
        fix=(
            *(
                Todo(
                    what=f"which node does the volume of {one} follow?",
                    command=f"{commands.in_sidecar(topology, one)} grep myself {volume.file}",
                    expect="if each names the id of the other, keep the newer volume; else see why"
                    f" {pod.name} does not start",
                )
                for one in (me, pod.name)
            ),
            *(
                advice.emptying(topology, one, f"only if the volume of {one} is the older one")
                for one in (me, pod.name)
            ),
            Todo(what="then promote the one that was kept (docs/restore.md)"),
        ),
    )


def _set(facts: Facts) -> str:
    return f"{facts.topology.statefulset}.{facts.topology.subdomain}"


def _adopts(facts: Facts, bears: str) -> str:
    """That the variable is set, where it is: it takes over nothing that answers."""
    adopted = facts.topology.adopted
    if not adopted:
        return ""
    counts = "counts once that one answers no more" if adopted == bears else "names another set"
    return f"; BOOTSTRAP_ADOPT={adopted} is set, and {counts}"


def _choice(facts: Facts, bears: str, said: str) -> tuple[Todo, ...]:
    """The two ways out of a copy whose original lives."""
    adopted = facts.topology.adopted
    move = f"set BOOTSTRAP_ADOPT={bears} here (docs/restore.md)" if bears else "wait for the gate"
    if bears and adopted == bears:
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
            said,
        ),
    )


def _stopping(topology: Topology, what: str, hostname: str) -> Todo:
    """The act that stops the set of a pod with this name, as far as the name tells it."""
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
