"""Introduces our node by MEET to a cluster that it knows, and that does not know it.

All other nodes may have forgotten our node while it was away. Or a handshake succeeded on one side
only: our node then learns the whole cluster from the first answer, and the cluster never hears of
our node. Such a node would copy its primary, but no owner of slots would ever elect it.

"Known" means known by the nodes that own the slots. If several nodes were forgotten together, they
still know each other, which helps none of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from bootstrap.model import fast_form, slots
from bootstrap.model.actions import Meet
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan import meetings, moved
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import under_way
from bootstrap.plan.messages import advice, commands
from bootstrap.plan.verdict import Block

_Proven = tuple[Pod, View]
"""A pod and the view of its proven node."""


def introduction(facts: Facts) -> tuple[Meet, ...] | None:
    """The MEET that is missing; empty while a handshake is under way; None if none is needed.

    MEET also brings all nodes that our node knows, since gossip tells the others of them. So it is
    sent only if no slot gets a second owner by it, and no foreign node comes in.
    """
    cluster = _owners_without_us(facts)
    if not cluster or _refused(facts, cluster) is not None:
        return None
    me = (facts.me, facts.my)
    peers = [one for one in cluster if one[1].node_id in facts.my.known_ids]
    if any(meetings.pending(one, me) or meetings.pending(me, one) for one in cluster):
        return ()
    peer, view = next((one for one in peers if one[1].state_ok), peers[0])
    why = f"{facts.me.name} knows {peer.name}, and no owner of slots knows {facts.me.name}"
    return (meetings.meet(*me, peer, view, why=why),)


def refusal(facts: Facts) -> Block | None:
    """Refuse if no owner of slots knows our node, and to introduce it is not safe."""
    cluster = _owners_without_us(facts)
    return _refused(facts, cluster) if cluster and not under_way(facts) else None


def again(facts: Facts) -> tuple[Meet, ...] | None:
    """As `introduction`, for a node with a role, once all pods have been looked at."""
    return introduction(facts) if _applies(facts) else None


def blocked(facts: Facts) -> Block | None:
    """As `refusal`, for a node with a role, once all pods have been looked at."""
    return refusal(facts) if _applies(facts) else None


def unknown_owners(facts: Facts) -> list[_Proven]:
    """Owners of slots that know our node, and that our node does not know.

    They introduce themselves.
    """
    return [
        (pod, view)
        for pod, view in facts.viewed
        if view.myself.slots
        and view.node_id not in facts.my.known_ids
        and facts.my.node_id in view.known_ids
    ]


def _applies(facts: Facts) -> bool:
    """Whether our node has a role or keys, all pods were looked at, and no seed is forming."""
    my = facts.my
    role = my.myself.is_replica or my.myself.slots or my.keys
    return facts.snapshot.scope is Scope.ALL and bool(role) and not fast_form.marked(my)


def _owners_without_us(facts: Facts) -> list[_Proven]:
    """The owners of slots that know no other owners than each other, if they do not know our node.

    Empty if one of them knows our node, or our node knows none of them. Our node may know some of
    them only through others. An owner that knows them, and that they do not know, is left out: they
    have forgotten that owner too.
    """
    ids = facts.my.known_ids
    owners = {view.node_id: (pod, view) for pod, view in facts.viewed if view.myself.slots}
    direct = [one for one in owners.values() if one[1].node_id in ids and one[0] is not facts.me]
    if all(facts.my.node_id in view.known_ids for _, view in direct):
        return []  # nearly always so, and cheap to see
    reach = {node_id: _reach(owners, node_id) for node_id in owners}
    cluster = [
        owners[node_id]
        for node_id in sorted(_reachable(owners, reach, ids))
        if all(node_id in reach[other] for other in reach[node_id])
    ]
    know_us = any(facts.my.node_id in view.known_ids for _, view in cluster)
    known = any(view.node_id in ids for _, view in cluster)
    return cluster if known and not know_us else []


def _reach(owners: dict[str, _Proven], start: str) -> set[str]:
    """Ids of the owners that an owner knows, directly or through other owners; its own too."""
    found, todo = {start}, [start]
    while todo:
        new = {one for one in owners[todo.pop()][1].known_ids if one in owners} - found
        found |= new
        todo += new
    return found


def _reachable(
    owners: dict[str, _Proven], reach: dict[str, set[str]], ids: Iterable[str]
) -> set[str]:
    """Ids of the owners among `ids`, and of the owners that these reach."""
    return {other for node_id in ids if node_id in owners for other in reach[node_id]}


def _refused(facts: Facts, cluster: list[_Proven]) -> Block | None:
    """Why MEET is not safe; None if it is. You decide then: you can see more than the sidecar."""
    first = cluster[0]
    if any(one[1].node_id not in _reach(_by_id(cluster), first[1].node_id) for one in cluster):
        return _several_clusters(facts, cluster)
    foreign = next((one for one in cluster if moved.apart(facts, one[1])), None)
    if foreign is not None:
        return _foreign_differ(facts, *foreign)
    return _disputed(facts, cluster)


def _by_id(some: list[_Proven]) -> dict[str, _Proven]:
    return {view.node_id: (pod, view) for pod, view in some}


def _several_clusters(facts: Facts, cluster: list[_Proven]) -> Block:
    """For owners that do not all know each other: they may be several clusters."""
    me = facts.me.name
    names = [pod.name for pod, _ in cluster]
    return Block(
        code=Code.SPLIT,
        why=f"{me} knows {', '.join(names)}, which own slots, do not know {me}, and do not all"
        " know each other: to introduce it would make one cluster of several",
        fix=tuple(_known_nodes(facts, name) for name in (me, *names)),
    )


def _known_nodes(facts: Facts, pod: str) -> Todo:
    """Looks at which nodes a pod knows."""
    return Todo(
        what=f"which nodes does {pod} know",
        command=f"{commands.ask(facts.topology, pod)} CLUSTER NODES",
        expect="all nodes of one cluster know each other; the runbook has what to do with two",
    )


def _foreign_differ(facts: Facts, pod: Pod, view: View) -> Block:
    """For an owner that does not know the same foreign nodes as our node."""
    me, topology = facts.me.name, facts.topology
    meet = f"CLUSTER MEET {pod.address} {view.myself.port}"
    return Block(
        code=Code.FOREIGN_NODE,
        why=f"no owner of slots knows the node of {me}, so {me} can't be elected; it is not"
        f" introduced to {pod.name}, since the two do not know the same foreign nodes",
        fix=(
            _known_nodes(facts, me),
            _known_nodes(facts, pod.name),
            Todo(
                what=f"introduce {me}, only if both belong to this cluster",
                command=f"{commands.ask(topology, me)} {meet}",
                expect="a MEET of two clusters loses about half of the keys",
                destructive=True,
            ),
        ),
    )


def _disputed(facts: Facts, cluster: list[_Proven]) -> Block | None:
    """Refuse if a node that MEET would bring claims slots that have other owners already."""
    known = {node_id for _, view in cluster for node_id in view.known_ids}
    taken = [span for _, view in cluster for member in view.members for span in member.slots]
    for member in sorted(_claims(facts, known), key=lambda one: one.node_id):
        both = slots.without(member.slots, slots.missing(taken))
        if both:
            return _two_owners(facts, cluster, member, both)
    return None


def _claims(facts: Facts, known: set[str]) -> list[Member]:
    """Nodes with slots that MEET would bring, each as its own node describes it, if that was read.

    These are our own node, all nodes that it knows, and the nodes that those know, as far as the
    cluster does not know them. A ghost is left out: another node is in its pod now.
    """
    brought, todo = {facts.my.node_id: facts.my.myself}, [facts.my]
    while todo:
        for member in todo.pop().others:
            if member.handshake or member.node_id in known or member.node_id in brought:
                continue
            pod = facts.pod_by_id.get(member.node_id)
            brought[member.node_id] = pod.view.myself if pod and pod.view else member
            todo += [pod.view] if pod and pod.view else []
    return [one for one in brought.values() if one.slots and not facts.pod_of_ghost(one)]


def _two_owners(facts: Facts, cluster: list[_Proven], member: Member, both: slots.Ranges) -> Block:
    """For slots that a node on our side claims, and that have another owner in the cluster."""
    me, topology = facts.me.name, facts.topology
    names = ", ".join(pod.name for pod, _ in cluster)
    pod = facts.pod_by_id.get(member.node_id)
    return Block(
        code=Code.SPLIT,
        why=f"no owner of slots knows the node of {me} any more; it is not introduced to {names}:"
        f" slots {slots.brief(both)}, which {facts.name(member)} claims, have another owner there,"
        " and one of the two would lose its keys",
        fix=(
            Todo(
                what="what does the former owner hold",
                command=f"{commands.ask(topology, pod.name if pod else me)} INFO keyspace",
                expect="without a db0 line it holds no key",
            ),
            Todo(
                what="which node owns the slots now",
                command=f"{commands.ask(topology, cluster[0][0].name)} CLUSTER NODES",
                expect=f"the line that lists {slots.brief(both)}",
            ),
            Todo(
                what=f"give {me} an empty volume, only if its keys may go",
                command=advice.empty(topology, me),
                expect=f"{me} joins the cluster as a new node",
                destructive=True,
            ),
        ),
    )
