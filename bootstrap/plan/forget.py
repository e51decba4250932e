"""Rule 6: nodes whose volume is gone are forgotten, once no node needs them any more.

FORGET bans an id for 60 seconds, and until every node has forgotten it gossip may bring it back;
so each sidecar forgets for its own node, and they all do within one interval of each other.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.actions import Forget
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan import new_nodes_conf, ownership
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands
from bootstrap.plan.verdict import Block, Phase, Plan, Step


def forget(facts: Facts) -> Plan | None:
    """The ghosts that our node may forget now; None when there is none."""
    if facts.snapshot.scope < Scope.ALL:
        return None
    actions = tuple(
        Forget(
            pod=facts.me.name,
            ghost=facts.name(member),
            node_id=member.node_id,
            why=why,
        )
        for member in facts.my.others
        for pod, why in _unneeded(facts, member)
        if _done_with(facts, member, pod)
    )
    if not actions:
        return None
    step = Step(actions=actions, until="no ghost is left in our node's view")
    return Plan(phase=Phase.HEAL, steps=(step,), look=Scope.ALL)


def _unneeded(facts: Facts, member: Member) -> tuple[tuple[Pod, str], ...]:
    """Whose role has to be certain before a member may go, and why it may; empty if it may not."""
    pod = facts.ghost(member)
    if pod is not None:
        return ((pod, f"{pod.name} lost its volume and is another node now"),)
    if _nameless(facts, member):
        return ((facts.me, "no node knows its name any more, and every pod is another node"),)
    return ()


def _nameless(facts: Facts, member: Member) -> bool:
    """A ghost whose pod no node can tell any more.

    A node that joins hears of the dead through gossip, which brings no names; by the time that it
    has its role the others may have forgotten them, and will be told of them again. Whatever such a
    node was: no pod of ours will be that node, since each has its role as another one. Servers
    before 7.0 know no names at all, and there it may be a later pod's.
    """
    named = facts.my.setting("cluster-announce-hostname") is not None
    if not named or facts.hostname(member) or member.node_id in facts.pod_by_id:
        return False
    known = {pod.ordinal for pod, _ in facts.viewed if settled(pod)}
    return known == {*facts.topology.ordinals, *(pod.ordinal for pod in facts.snapshot.pods)}


def _done_with(facts: Facts, ghost: Member, pod: Pod) -> bool:
    """Failed for good, owns nothing, has no follower, and its pod has a role again."""
    claims = [
        member
        for _, view in facts.viewed
        for member in view.members
        if (member.node_id == ghost.node_id and member.slots)
        or (member.primary_id == ghost.node_id and member.node_id != ghost.node_id)
    ]
    return ghost.gone and not claims and settled(pod) and _known(facts, pod)


def _known(facts: Facts, pod: Pod) -> bool:
    """Whether our node has heard of the one that is in the pod now."""
    return pod.view is not None and pod.view.node_id in facts.my.known_ids


def settled(pod: Pod) -> bool:
    """Has a role again, and its data: a replica's copy is whole once its link is up."""
    view = pod.view
    return view is not None and (bool(view.myself.slots) or _follows(view))


def _follows(view: View) -> bool:
    return view.myself.is_replica and view.following


def lost_slots(facts: Facts) -> tuple[tuple[str, Block], ...]:
    """Rule 7 for shards that are lost whole, each with its ghost's id; they are given to no node.

    Lost are the slots of owners whose volume is gone, and that no replica can succeed.
    """
    return tuple(
        (owner.member.node_id, _lost(facts, owner, pod))
        for owner in ownership.owners(facts)
        if (pod := facts.ghost(owner.member)) is not None
        and not ownership.successors(facts, owner.member.node_id)
    )


def _lost(facts: Facts, owner: ownership.Owner, pod: Pod) -> Block:
    ghost = owner.member
    away = ownership.away(facts, ghost.node_id)
    if away:
        names = ", ".join(facts.name(member) for member in away)
        pods = [found.name for member in away if (found := facts.pod_named(member))]
        fix = _bring_back(facts, pods)
        return Block(
            code=Code.LOST_SLOTS,
            why=f"{slots.named(owner.ranges)} were {facts.name(ghost)}'s;"
            f" {new_nodes_conf.fate(pod)}, and a pod that may hold their keys is away: {names}",
            fix=fix,
            serves=pod is not facts.me,
        )
    return Block(
        code=Code.LOST_SLOTS,
        why=f"{slots.named(owner.ranges)} were {facts.name(ghost)}'s;"
        f" {new_nodes_conf.fate(pod)}, and no replica of it is left",
        fix=(
            advice.older_volume(
                facts.topology,
                f"is there an older volume or a snapshot of {pod.name} or its replica? Bring it"
                " back: see the runbook",
            ),
            Todo(
                what="only if the keys are gone for good: let all nodes forget their owner, and"
                " give its slots away within 60 seconds",
                command=advice.ask_all(facts, f"CLUSTER FORGET {ghost.node_id}"),
                destructive=True,
            ),
            advice.give_away(facts.topology),
        ),
        serves=pod is not facts.me,
    )


def _bring_back(facts: Facts, pods: list[str]) -> tuple[Todo, ...]:
    """For replicas that may hold the keys, and are away."""
    back = Todo(
        what=f"bring {', '.join(pods) or 'them'} back: are the pods there?",
        command=commands.get(facts.topology, "pods", "-o wide"),
        expect="if one is gone for good too, give it an empty volume, and you are told what then",
    )
    acts = (
        advice.promotion(facts, pod, f"once {pod} is back: make it the primary") for pod in pods
    )
    return (back, *acts)


def replaced(facts: Facts) -> Block | None:
    """Our replica's primary is gone for good, and its place taken before the others missed it.

    Redis gives such a node no address, asks it for nothing any more, and so never fails it; and
    replication, which dials the old address, copies from the node that is there now.
    """
    primary = facts.my.member(facts.my.myself.primary_id)
    if primary is None or "noaddr" not in primary.flags or "fail" in primary.flags:
        return None
    pod = facts.ghost(primary)
    if pod is None:
        return None
    me = facts.me.name
    return Block(
        code=Code.PRIMARY_REPLACED,
        why=f"{me} follows {facts.name(primary)}; {new_nodes_conf.fate(pod)}, and"
        f" {pod.name} is another node at the same address now, so no election comes, and no node"
        f" serves {slots.named(primary.slots)}",
        fix=(
            Todo(
                what=f"has another replica of the shard more keys than {me}, which has"
                f" {facts.my.keys}?",
                command=f"kubectl exec{commands.namespace(facts.topology)} {me} -c bootstrap --"
                " python -m bootstrap status",
                expect="then promote that one in place of it",
            ),
            advice.promotion(facts, me, f"if none has: make {me} the primary"),
        ),
    )
