"""Slots without an owner: they are reported as lost, and never given to a node.

Their keys may still be on a pod that is away, or in an older volume. So a person decides.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo
from bootstrap.model.view import View
from bootstrap.plan import introduce, new_nodes_conf, ownership
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, durations, promotion
from bootstrap.plan.verdict import Block, Wait


def of_ghosts(facts: Facts) -> tuple[tuple[str, Block], ...]:
    """Report shards whose owner lost its volume and has no replica to succeed it.

    Each report comes with the id of the former owner, which is a ghost now.
    """
    return tuple(
        (owner.member.node_id, _of_ghost(facts, owner, pod))
        for owner in ownership.owners(facts)
        if (pod := facts.pod_of_ghost(owner.member)) is not None
        and not ownership.successors(facts, owner.member.node_id)
    )


def _of_ghost(facts: Facts, owner: ownership.Owner, pod: Pod) -> Block:
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
    """Say how to bring back replicas that are away and may hold the keys."""
    back = Todo(
        what=f"bring {', '.join(pods) or 'them'} back: are the pods there?",
        command=commands.get(facts.topology, "pods", "-o wide"),
        expect="if one is gone for good too, give it an empty volume, and you are told what then",
    )
    acts = (
        promotion.promotion(facts, pod, f"once {pod} is back: make it the primary") for pod in pods
    )
    return (back, *acts)


def without_owner(facts: Facts, lost: slots.Ranges) -> Block:
    """Report slots that no node owns any more."""
    return Block(
        code=Code.LOST_SLOTS,
        why=f"no node owns {slots.named(lost)} any more",
        fix=(_pods_away(facts), advice.give_away(facts.topology)),
        serves=facts.my.state_ok,
    )


def _pods_away(facts: Facts) -> Todo:
    """Say which pod is away and may have the keys, as far as pods were looked at."""
    topology, pods = facts.topology, facts.snapshot.pods
    if facts.all_asked and facts.snapshot.listed:
        return advice.older_volume(
            topology,
            f"no pod is away: all {len(pods)} answer, and none owns the slots. Is there an older"
            " volume or a snapshot that has their keys? See the runbook first",
        )
    away = (
        [pod.name for pod in pods if pod.view is None] if facts.snapshot.scope is Scope.ALL else []
    )
    which = f"{', '.join(away)} did not answer. Bring" if away else "is one missing? Bring"
    return Todo(
        what=f"their keys may still be on a pod that is away: {which} it back",
        command=commands.get(topology, "pods", "-o wide"),
        expect=f"expected: all pods of {topology.statefulset} Running",
    )


def waits(facts: Facts, lost: slots.Ranges) -> list[Wait]:
    """Return what may still name an owner of slots that seem lost to our node."""
    if not lost:
        return []
    untold = _not_told_yet(facts)
    if untold:
        what = f"{untold}; no node is known yet to own {slots.named(lost)}"
        return [Wait(pod=facts.me.name, what=what, usual=durations.GOSSIP)]
    forgotten = [pod for pod, view in introduce.unknown_owners(facts) if _owns_some(view, lost)]
    return [_introduced_again(facts, pod) for pod in forgotten]


def _not_told_yet(facts: Facts) -> str:
    """Name the nodes that may own the slots: gossip brings a node first, and its slots later."""
    my = facts.my
    silent = [
        facts.name(member)
        for member in my.others
        if not (member.slots or member.is_replica or member.failed or member.handshake)
    ]
    if silent:
        return f"word from {', '.join(silent)} of its slots"
    if not my.keys and len(my.known_ids) < (facts.topology.size or 0):
        return "gossip to name every pod"
    return ""


def _introduced_again(facts: Facts, pod: Pod) -> Wait:
    """Wait for an owner that all others forgot: its own sidecar introduces it again, if safe."""
    what = f"{pod.name}, which owns slots that seem lost, to be introduced again"
    return Wait(
        pod=pod.name,
        what=what,
        fix=advice.sidecar(facts.topology, pod.name),
        usual=durations.GOSSIP,
    )


def _owns_some(view: View, lost: slots.Ranges) -> bool:
    """Whether a node owns some of the slots that seem lost."""
    return slots.without(lost, view.myself.slots) != lost
