"""A copied volume: its nodes have the ids of nodes that may still run elsewhere, the originals.

A copy also has the addresses of the originals. If a server starts from the copy while they run, the
other nodes take it for its original. Within seconds both clusters are mixed, and writes that
clients have acknowledged land in the copy. So the start gate keeps such a server down, and decides
by its nodes.conf before the server starts:

- If a node with the id of our own node answers while our server is down, the volume is a copy,
  whatever the hostnames are.
- If our node's own line in nodes.conf has a hostname of another set, the volume is a copy of that
  set. The server is held while any node of that set runs. A node that answers, but does not say
  which node it is, holds the server too. If no node answers any more, a person has to say by
  BOOTSTRAP_ADOPT that the set is gone.
- If that line has our hostname in another form, or none, it tells nothing: a cluster is being
  adopted. A hostname of another set tells nothing either, while nodes that the volume knows live in
  other pods of ours.

If our server runs all the same, the sidecar refuses when ids of our nodes answer elsewhere, and
sends no MEET.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, TypeGuard

from bootstrap.model import copied_from
from bootstrap.model.hostnames import owner, plain
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Originals, Pod, Scope, Trouble, Unreachable, Volume
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import volume_copy
from bootstrap.plan.verdict import Block, Gate

_NO_NODE: Final = frozenset({Trouble.NOT_CLUSTER, Trouble.REFUSED})
"""Answers that prove that no cluster node is there: a server that is in no cluster, and a
connection that is closed without an answer. The proxy of a mesh does that if no server listens."""


def held(facts: Facts) -> Gate | None:
    """Why our server may not start from its volume; None if the volume is no reason against it."""
    volume, originals = facts.snapshot.volume, facts.snapshot.originals
    mine = volume.myself if volume else None
    if volume is None or mine is None or originals is None:
        return None
    writer = written_by(volume, facts.topology)
    running = list(_running(volume, originals))
    same_id = next((one for one in running if one[1].node_id == mine.node_id), None)
    if same_id is not None:
        return volume_copy.node_runs(facts, writer, *same_id)
    foreign = [one for one in running if _in_another_set(facts, writer, *one)]
    if not foreign and (not writer or any(_in_our_pod(facts, *one) for one in running)):
        return None
    if facts.snapshot.scope < Scope.ALL:
        why = "its volume names nodes of another set, which may live in pods of ours"
        return Gate(open=False, until="its peers to be asked", why=why)
    if foreign:
        return volume_copy.set_runs(facts, writer, *foreign[0])
    unclear = [*_unclear(facts, originals)]
    if unclear:
        return volume_copy.not_known(facts, writer, unclear[0])
    if facts.topology.adopted != writer:
        return volume_copy.not_adopted(facts, writer)
    return _primary_first(facts, volume, mine)


def written_by(volume: Volume, topology: Topology) -> str:
    """The set that wrote a nodes.conf, as a hostname without an ordinal; empty if it may be ours.

    The hostname in the node's own line decides. A server that ran without a sidecar has none there.
    Then the set that most of the other nodes are of decides.
    """
    mine = volume.myself
    hostnames = [mine.hostname] if mine and mine.hostname else []
    hostnames = hostnames or [one.hostname for one in volume.members if one.hostname]
    if not hostnames or any(topology.form_of(name) is not None for name in hostnames):
        return ""
    return Counter(sorted(map(owner, hostnames))).most_common(1)[0][0]


def twins(facts: Facts) -> list[Block]:
    """Refuse if ids of our pods' nodes answer elsewhere too, while our own server runs."""
    originals = facts.snapshot.originals
    if originals is None or facts.snapshot.scope < Scope.ALL:
        return []
    found = [*_answering(facts, originals), *_silent(facts, originals)]
    if not found:
        return []
    (_, why, other), *others = sorted(found, key=lambda one: (one[0].ordinal, one[1]))
    return [volume_copy.both_run(facts, why, other, [pod.name for pod, *_ in others])]


def _answering(facts: Facts, originals: Originals) -> Iterator[tuple[Pod, str, str]]:
    """Pods whose node id a node elsewhere has too: the pod, what was seen, that node's hostname."""
    pods = {**facts.pod_by_id, facts.my.node_id: facts.me}
    ours = {pod.address for pod in facts.snapshot.pods}
    for address, said in originals.nodes:
        pod = pods.get(said.node_id) if isinstance(said, View) else None
        if isinstance(said, View) and pod and address not in ours:
            name = volume_copy.announced(said)
            where = f"{pod.name} at {pod.address} is node {said.node_id}"
            yield pod, f"{where}, and so is {address}, as {name}", name


def _silent(facts: Facts, originals: Originals) -> Iterator[tuple[Pod, str, str]]:
    """Pods whose node id our node knows by a foreign hostname too, at an address that is unclear.

    The server there does not say which node it is. The values are those of `_answering`, without a
    hostname. A server behind our own pod is clear, whatever it answered as that of a foreign name:
    with TLS its certificate is not for such a name.
    """
    answers, ours = dict(originals.nodes), _our_addresses(facts)
    for member in copied_from.foreign(facts.my.others, facts.topology):
        pod, said = facts.pod_by_id.get(member.node_id), answers.get(member.address)
        if pod and _is_unclear(said) and member.address not in ours:
            where = f"{pod.name} at {pod.address} is node {member.node_id}"
            name = f"known as {member.hostname}"
            yield pod, f"{where}, and so may be {member.address}, {name}: {said.reason}", ""


def _running(volume: Volume, originals: Originals) -> Iterator[tuple[str, View]]:
    """Addresses at which nodes answer that our volume knows, our own node's id among them."""
    ids = {member.node_id for member in volume.members}
    for address, said in originals.nodes:
        if isinstance(said, View) and said.node_id in ids:
            yield address, said


def _in_another_set(facts: Facts, writer: str, address: str, said: View) -> bool:
    """Whether a running node that our volume knows is of another set, and in no pod of ours.

    A node that announces no hostname is taken to be of the set that wrote the volume.
    """
    if _in_our_pod(facts, address, said):
        return False
    name = plain(said.setting("cluster-announce-hostname") or "")
    if name and facts.topology.form_of(name) is not None:
        return False
    return bool(name or writer)


def _in_our_pod(facts: Facts, address: str, said: View) -> bool:
    """Whether a node is the one that answers at the address of another pod of ours."""
    pods = [pod for pod in facts.snapshot.pods if pod is not facts.me and pod.address == address]
    return any(pod.view is not None and pod.view.node_id == said.node_id for pod in pods)


def _is_unclear(said: View | Unreachable | None) -> TypeGuard[Unreachable]:
    """Whether an answer leaves open which node is there."""
    return isinstance(said, Unreachable) and said.trouble not in _NO_NODE


def _our_addresses(facts: Facts) -> set[str | None]:
    """Addresses at which nodes have proven to be those of our pods."""
    return {pod.address for pod, _ in facts.viewed}


def _unclear(facts: Facts, originals: Originals) -> Iterator[str]:
    """Why it is not known whether originals still run: names first, then addresses."""
    ours = _our_addresses(facts)
    for name, answer in originals.names:
        if answer.state == "unknown":
            yield f"DNS about {name}: {answer.reason}"
    for address, said in originals.nodes:
        if _is_unclear(said) and address not in ours:
            yield f"{address}: {said.reason}"


def _primary_first(facts: Facts, volume: Volume, mine: Member) -> Gate | None:
    """Why an adopted replica has to wait for its primary to start; None if it need not wait.

    The snapshots of two volumes may have been taken on two sides of a failover. Then each volume
    says that its node follows the other's node. redis 8.2 does not survive that: all other nodes
    follow that circle for ever (`clusterNodeGetMaster`).
    """
    primary = next((one for one in volume.members if one.node_id == mine.primary_id), None)
    if primary is None or primary.node_id in facts.pod_by_id:
        return None
    pod = facts.pod_named(primary)
    if pod is None or facts.proof(pod) is Proof.OURS:
        return None  # there is no such pod, or it is another node now, since its volume is gone
    why = f"by its volume {facts.me.name} follows the node of {pod.name}, which is not up yet"
    if facts.snapshot.timers.shut < facts.topology.gate_seconds:
        return Gate(open=False, until=f"{pod.name} to start", why=why)
    return volume_copy.primary_down(facts, volume, pod, why)
