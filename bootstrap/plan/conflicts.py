"""Refuses while what was seen may be of another cluster, or can be in no cluster.

Such evidence is a foreign node, a node of a copied volume, a node id that two pods have, or servers
of which none can be in a cluster. A command sent on such evidence could merge two clusters or empty
a node. So nothing is merged and nothing is emptied, and a person decides. Nodes of ours that moved
are still brought together, if that is proven to be safe.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Pod, Scope, Unreachable
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member
from bootstrap.plan import copied_volume, heal
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, foreign_node, unread
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan

_STALE_SECONDS = 60.0
"""How long a node with a role takes a foreign node at a peer's name for an old DNS answer, in
seconds: twice as long as caches were seen to keep the address of a deleted pod."""


def needs(facts: Facts) -> LookFurther | None:
    """A look at all pods, if our node knows a node with a hostname that is not of our set.

    That node may live in a pod of ours.
    """
    if facts.snapshot.scope < Scope.ALL and _with_foreign_hostname(facts):
        return LookFurther(scope=Scope.ALL, why="a look at whose the nodes of other names are")
    return None


def doubts(facts: Facts) -> Plan | None:
    """Refuse with every reason that was found; None if none was found.

    The plan still has the steps that bring nodes of ours that moved together.
    """
    twins = copied_volume.twins(facts)
    blocked = (
        *_none_usable(facts),
        *twins,
        *_foreign_members(facts),
        *_foreign_at_our_names(facts),
        *_duplicate_node_ids(facts),
    )
    if not blocked:
        return None
    look = Scope.ALL if twins or heal.needed(facts) else facts.snapshot.scope
    # No MEET if one of our node ids runs in two places: MEET would mix the two clusters further.
    steps = () if twins else heal.steps(facts)
    return Plan(phase=Phase.BLOCKED, blocked=blocked, steps=steps, look=look)


def _none_usable(facts: Facts) -> list[Block]:
    """Refuse for servers that can be in no cluster, unless there is a cluster already.

    A cluster that is there works without these servers.
    """
    if any(not view.alone for _, view in facts.viewed):
        return []
    return [_as_one(facts, reason, some) for (_, reason), some in _unusable(facts).items()]


def own_permanent(facts: Facts) -> Block | None:
    """Refuse if our own server can be in no cluster; None if it can.

    The refusal names our pod first, and then all other pods with the same fault.
    """
    for (_, reason), some in _unusable(facts).items():
        if facts.me in [pod for pod, _ in some]:
            return _as_one(facts, reason, sorted(some, key=lambda one: one[0] is not facts.me))
    return None


def _unusable(facts: Facts) -> dict[tuple[str, str], list[tuple[Pod, Block]]]:
    """The pods whose servers can be in no cluster as they are, by code and reason."""
    found: dict[tuple[str, str], list[tuple[Pod, Block]]] = defaultdict(list)
    for pod in facts.snapshot.pods:
        block = unread.permanent(facts, pod)
        if block is not None and isinstance(pod.node, Unreachable):
            found[block.code, pod.node.reason].append((pod, block))
    return found


def _as_one(facts: Facts, reason: str, some: list[tuple[Pod, Block]]) -> Block:
    """One refusal for the same fault of several pods."""
    (_, first), *others = some
    if not others:
        return first
    names = ", ".join(pod.name for pod, _ in some)
    why = f"{len(some)} of {len(facts.snapshot.pods)} servers: {reason} ({names})"
    return dataclasses.replace(first, why=why)


def _with_foreign_hostname(facts: Facts) -> list[Member]:
    """Nodes in our own node's view with a hostname that is not of our StatefulSet."""
    named = [one for one in facts.my.others if one.hostname and not one.handshake]
    return [one for one in named if facts.is_ours(one) is False]


def _foreign_members(facts: Facts) -> list[Block]:
    """Refuse for nodes in our own node's view whose hostname is not of our StatefulSet.

    A node that answers at the address of a pod of ours is told apart: it only has a wrong name.
    `needs` has seen to it that all pods were looked at.
    """
    named = _with_foreign_hostname(facts)
    pods = {
        pod.name: (pod, member.hostname)
        for pod in facts.snapshot.pods
        for member in named
        if pod.view is not None and pod.view.node_id == member.node_id
    }
    misnamed = [pods[name] for name in sorted(pods)]
    blocked = [
        Block(
            code=Code.FOREIGN_NODE,
            why=f"our node knows {facts.name(member)}, which is not of {facts.set_name}",
            fix=foreign_node.fix(facts, member),
        )
        for member in named
        if member.node_id not in facts.own_ids
    ]
    if misnamed:
        blocked.append(_misnamed(facts, misnamed))
    return blocked


def _misnamed(facts: Facts, pods: list[tuple[Pod, str]]) -> Block:
    """Refuse for nodes at our pods' addresses that announce hostnames which no pod has."""
    (first, seen), *others = pods
    more = "".join(f"; {pod.name} announces {name}" for pod, name in others)
    return Block(
        code=Code.FOREIGN_NODE,
        why=f"{first.name} at {first.address} announces the name {seen}; expected {first.hostname},"
        f" or a form of it{more}",
        fix=foreign_node.rename(facts, [pod for pod, _ in pods]),
    )


def _foreign_at_our_names(facts: Facts) -> list[Block]:
    """Refuse for addresses to which our pods' names lead, and at which a foreign node answers.

    A node without a role refuses at once. A node with a role first takes it for an old DNS answer.
    """
    return [
        Block(
            code=Code.STRANGER,
            why=f"{pod.hostname} resolves to {pod.address}, where a node answers that says it is"
            f" {pod.view.setting('cluster-announce-hostname')}",
            fix=(
                Todo(
                    what=f"is that the address of {pod.name}?",
                    command=commands.get(facts.topology, f"pod {pod.name}", "-o wide"),
                    expect=f"expected: {pod.address}; another one: DNS is wrong, see its log:"
                    " kubectl logs -n kube-system -l k8s-app=kube-dns --tail=20",
                ),
                Todo(
                    what="which pod has that address?",
                    command="kubectl get pods -A -o wide --field-selector"
                    f" status.podIP={pod.address}",
                    expect=f"expected: {pod.name} alone; another one: the Service"
                    f" {commands.service(facts.topology)} selects pods that are not its own",
                ),
            ),
        )
        for pod in facts.snapshot.pods
        if pod.view is not None and facts.proof(pod) is Proof.FOREIGN
        if not facts.settled or facts.snapshot.timers.strange_for(pod.name) >= _STALE_SECONDS
    ]


def _duplicate_node_ids(facts: Facts) -> list[Block]:
    """Refuse for pods at different addresses whose nodes have the same id: a cloned volume.

    The two would take each other's place again and again, and no server would report it.
    """
    holders: dict[str, list[Pod]] = defaultdict(list)
    for pod, view in facts.viewed:
        holders[view.node_id].append(pod)
    return [
        Block(
            code=Code.DUPLICATE_NODE_ID,
            why=f"{' and '.join(pod.name for pod in pods)} both say they are node {node_id}",
            fix=(
                *(
                    Todo(
                        what=f"one volume is a copy of the other; how new are the data of"
                        f" {pod.name}?",
                        command=f"{commands.ask(facts.topology, pod.name)} INFO",
                        expect="compare master_repl_offset, rdb_last_save_time and the keys below"
                        " # Keyspace",
                    )
                    for pod in pods
                ),
                *(
                    advice.emptying(facts.topology, pod.name, f"only if {pod.name} is the copy")
                    for pod in pods
                ),
            ),
        )
        for node_id, pods in sorted(holders.items())
        if len({pod.address for pod in pods}) > 1
    ]
