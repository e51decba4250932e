"""A node that knows the cluster, and that the cluster does not know: it is met once more.

All may have forgotten a node while it was away. Or a handshake came through on one side only: that
side learns the whole cluster from the first answer, and the other side never hears of the node.
Such a node would copy its primary, and no owner of slots would ever elect it.

"Known" means: known by the cluster that owns the slots. Several nodes may have been forgotten
together. They know each other, and that is of no use to any of them.
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

_Seen = tuple[Pod, View]


def introduction(facts: Facts) -> tuple[Meet, ...] | None:
    """The MEET that is missing, none while one is under way; None when there is nothing to do.

    A MEET brings along all that our node knows: gossip names it to the others. So it is planned
    only where no slot gets a second owner by it, and no foreign node comes in.
    """
    cluster = _deaf(facts)
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
    """Why our node is not introduced though no owner of slots knows it."""
    cluster = _deaf(facts)
    return _refused(facts, cluster) if cluster and not under_way(facts) else None


def again(facts: Facts) -> tuple[Meet, ...] | None:
    """The introduction of a node with a role, once all pods have been looked at."""
    return introduction(facts) if _judged(facts) else None


def blocked(facts: Facts) -> Block | None:
    """The refusal for a node with a role."""
    return refusal(facts) if _judged(facts) else None


def unknown_owners(facts: Facts) -> list[_Seen]:
    """Pods with slots that know our node, and that it does not know: they introduce themselves."""
    return [
        (pod, view)
        for pod, view in facts.viewed
        if view.myself.slots
        and view.node_id not in facts.my.known_ids
        and facts.my.node_id in view.known_ids
    ]


def _judged(facts: Facts) -> bool:
    my = facts.my
    role = my.myself.is_replica or my.myself.slots or my.keys
    return facts.snapshot.scope is Scope.ALL and bool(role) and not fast_form.marked(my)


def _deaf(facts: Facts) -> list[_Seen]:
    """The owners of slots that know none but each other, if none of them knows our node.

    Our node knows them, some of them itself. Whatever knows them and is not known by them is as
    forgotten as our node is.
    """
    ids = facts.my.known_ids
    owners = {view.node_id: (pod, view) for pod, view in facts.viewed if view.myself.slots}
    direct = [one for one in owners.values() if one[1].node_id in ids and one[0] is not facts.me]
    if all(facts.my.node_id in view.known_ids for _, view in direct):
        return []  # as nearly always, so it is asked before anything is followed
    reach = {node_id: _reach(owners, node_id) for node_id in owners}
    cluster = [
        owners[node_id]
        for node_id in sorted(_from(owners, reach, ids))
        if all(node_id in reach[other] for other in reach[node_id])
    ]
    heard = any(facts.my.node_id in view.known_ids for _, view in cluster)
    near = any(view.node_id in ids for _, view in cluster)
    return cluster if near and not heard else []


def _reach(owners: dict[str, _Seen], start: str) -> set[str]:
    """Owners that an owner knows, or knows through others; itself among them."""
    found, todo = {start}, [start]
    while todo:
        new = {one for one in owners[todo.pop()][1].known_ids if one in owners} - found
        found |= new
        todo += new
    return found


def _from(owners: dict[str, _Seen], reach: dict[str, set[str]], ids: Iterable[str]) -> set[str]:
    return {other for node_id in ids if node_id in owners for other in reach[node_id]}


def _refused(facts: Facts, cluster: list[_Seen]) -> Block | None:
    """What speaks against the MEET; each needs a person, who can see more than we do."""
    first = cluster[0]
    if any(one[1].node_id not in _reach(_by_id(cluster), first[1].node_id) for one in cluster):
        return _several(facts, cluster)
    foreign = next((one for one in cluster if moved.apart(facts, one[1])), None)
    if foreign is not None:
        return _foreign(facts, *foreign)
    return _disputed(facts, cluster)


def _by_id(some: list[_Seen]) -> dict[str, _Seen]:
    return {view.node_id: (pod, view) for pod, view in some}


def _several(facts: Facts, cluster: list[_Seen]) -> Block:
    me = facts.me.name
    names = [pod.name for pod, _ in cluster]
    return Block(
        code=Code.SPLIT,
        why=f"{me} knows {', '.join(names)}, which own slots, do not know {me}, and do not all"
        " know each other: to introduce it would make one cluster of several",
        fix=tuple(_whom(facts, name) for name in (me, *names)),
    )


def _whom(facts: Facts, pod: str) -> Todo:
    return Todo(
        what=f"which nodes does {pod} know",
        command=f"{commands.ask(facts.topology, pod)} CLUSTER NODES",
        expect="all nodes of one cluster know each other; the runbook has what to do with two",
    )


def _foreign(facts: Facts, pod: Pod, view: View) -> Block:
    me, topology = facts.me.name, facts.topology
    meet = f"CLUSTER MEET {pod.address} {view.myself.port}"
    return Block(
        code=Code.FOREIGN_NODE,
        why=f"no owner of slots knows the node of {me}, so {me} can't be elected; it is not"
        f" introduced to {pod.name}, since the two do not know the same foreign nodes",
        fix=(
            _whom(facts, me),
            _whom(facts, pod.name),
            Todo(
                what=f"introduce {me}, only if both belong to this cluster",
                command=f"{commands.ask(topology, me)} {meet}",
                expect="a MEET of two clusters loses about half of the keys",
                destructive=True,
            ),
        ),
    )


def _disputed(facts: Facts, cluster: list[_Seen]) -> Block | None:
    """Slots that our side claims, by its own word, and that the cluster has given to others."""
    known = {node_id for _, view in cluster for node_id in view.known_ids}
    taken = [span for _, view in cluster for member in view.members for span in member.slots]
    for member in sorted(_claims(facts, known), key=lambda one: one.node_id):
        both = slots.without(member.slots, slots.missing(taken))
        if both:
            return _two_owners(facts, cluster, member, both)
    return None


def _claims(facts: Facts, known: set[str]) -> list[Member]:
    """Nodes with slots that our node would bring along, each by the newest word there is of it.

    Those are our own, all that it knows, and what they know; none of which the cluster knows. A
    ghost is left out: its pod is another node now.
    """
    brought, todo = {facts.my.node_id: facts.my.myself}, [facts.my]
    while todo:
        for member in todo.pop().others:
            if member.handshake or member.node_id in known or member.node_id in brought:
                continue
            pod = facts.pod_by_id.get(member.node_id)
            brought[member.node_id] = pod.view.myself if pod and pod.view else member
            todo += [pod.view] if pod and pod.view else []
    return [one for one in brought.values() if one.slots and not facts.ghost(one)]


def _two_owners(facts: Facts, cluster: list[_Seen], member: Member, both: slots.Ranges) -> Block:
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
