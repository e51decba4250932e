"""Rule 2: foreign or doubtful evidence. Nothing is merged, nothing is emptied; a person decides."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

from bootstrap.model import slots
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Pod, Scope, Unreachable
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan import copied_volume, heal
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import under_way
from bootstrap.plan.messages import advice, commands, foreign_node
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan

#: For how long a stranger behind a sibling's name is taken for a stale DNS answer by a node that
#: has its role, in seconds: twice what caches were seen to keep the address of a deleted pod.
_STALE_SECONDS = 60.0


def needs(facts: Facts) -> LookFurther | None:
    """All pods, if our node knows a node of another name: one of them may be that node."""
    if facts.snapshot.scope < Scope.ALL and _named_otherwise(facts):
        return LookFurther(scope=Scope.ALL, why="a look at whose the nodes of other names are")
    return None


def doubts(facts: Facts) -> Plan | None:
    """Blocked with every doubt named, or None. Our own nodes are brought together all the same."""
    twins = copied_volume.twins(facts)
    blocked = (
        *_hopeless(facts),
        *twins,
        *_foreign_members(facts),
        *_strangers(facts),
        *_one_id_twice(facts),
    )
    if not blocked:
        return None
    look = Scope.ALL if twins or heal.needed(facts) else facts.snapshot.scope
    # A MEET of a node that lives in two places would only mix the two further.
    steps = () if twins else heal.steps(facts)
    return Plan(phase=Phase.BLOCKED, blocked=blocked, steps=steps, look=look)


def _hopeless(facts: Facts) -> list[Block]:
    """Pods that nothing can be formed with. A cluster that is there gets on without them."""
    if any(not view.alone for _, view in facts.viewed):
        return []
    return [_folded(facts, reason, some) for (_, reason), some in _alike(facts).items()]


def own_permanent(facts: Facts) -> Block | None:
    """That our own server can be no node, told with all others of which the same was seen."""
    for (_, reason), some in _alike(facts).items():
        if facts.me in [pod for pod, _ in some]:
            return _folded(facts, reason, sorted(some, key=lambda one: one[0] is not facts.me))
    return None


def _alike(facts: Facts) -> dict[tuple[str, str], list[tuple[Pod, Block]]]:
    """The pods that can take no part as they are, by what was seen of each."""
    found: dict[tuple[str, str], list[tuple[Pod, Block]]] = defaultdict(list)
    for pod in facts.snapshot.pods:
        block = advice.permanent(facts, pod)
        if block is not None and isinstance(pod.node, Unreachable):
            found[block.code, pod.node.reason].append((pod, block))
    return found


def _folded(facts: Facts, reason: str, some: list[tuple[Pod, Block]]) -> Block:
    """The same fault of several pods as one."""
    (_, first), *others = some
    if not others:
        return first
    names = ", ".join(pod.name for pod, _ in some)
    why = f"{len(some)} of {len(facts.snapshot.pods)} servers: {reason} ({names})"
    return dataclasses.replace(first, why=why)


def _named_otherwise(facts: Facts) -> list[Member]:
    """Nodes in our own node's view whose hostname is not of our StatefulSet."""
    named = [one for one in facts.my.others if one.hostname and not one.handshake]
    return [one for one in named if facts.is_ours(one) is False]


def _foreign_members(facts: Facts) -> list[Block]:
    """Such nodes, once all pods of ours were looked at. What is taken for ours is not theirs."""
    named = _named_otherwise(facts)
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
            why=f"our node knows {facts.name(member)}, which is not of {_set(facts)}",
            fix=foreign_node.fix(facts, member),
        )
        for member in named
        if member.node_id not in facts.own_ids
    ]
    if misnamed:
        blocked.append(_misnamed(facts, misnamed))
    return blocked


def _misnamed(facts: Facts, pods: list[tuple[Pod, str]]) -> Block:
    """Nodes that answer at our pods' addresses, and announce names that are no pod's."""
    (first, seen), *others = pods
    more = "".join(f"; {pod.name} announces {name}" for pod, name in others)
    return Block(
        code=Code.FOREIGN_NODE,
        why=f"{first.name} at {first.address} announces the name {seen}; expected {first.hostname},"
        f" or a form of it{more}",
        fix=foreign_node.rename(facts, [pod for pod, _ in pods]),
    )


def _set(facts: Facts) -> str:
    return f"{facts.topology.statefulset}.{facts.topology.subdomain}"


def _strangers(facts: Facts) -> list[Block]:
    """Addresses behind our names where another set's node answers."""
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


def _one_id_twice(facts: Facts) -> list[Block]:
    """Two pods whose nodes have one id: a cloned volume. They would flap silently."""
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


def split(facts: Facts) -> Plan | None:
    """Our own pods in more than one cluster that owns slots (of several nodes each)."""
    owning = [
        names
        for names in components(facts)
        if any(_slots_in(view) and not view.alone for pod, view in facts.viewed if pod in names)
    ]
    if len(owning) < 2 or under_way(facts):
        return None
    sides = "; ".join(", ".join(pod.name for pod in side) for side in owning)
    block = Block(
        code=Code.SPLIT,
        why=f"our pods are in {len(owning)} clusters that both own slots: {sides}",
        fix=_made_whole(facts, owning)
        if _halves(facts, owning)
        else advice.one_is_right(facts, owning),
    )
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=facts.snapshot.scope)


def _made_whole(facts: Facts, sides: list[list[Pod]]) -> tuple[Todo, ...]:
    topology = facts.topology
    first, *others = (side[0] for side in sides)
    looks = (
        advice.nodes(
            topology,
            side[0].name,
            f"no slot is owned on two sides, so they look like parts of one cluster; which slots"
            f" has the side of {side[0].name}?",
            "expected: no slot that another side has too; else they are two clusters: see the"
            " runbook",
        )
        for side in sides
    )
    meets = (
        Todo(
            what="if that is so, and a minute has passed since the last CLUSTER FORGET: bring them"
            " together",
            command=f"{commands.ask(topology, first.name)} CLUSTER MEET {pod.address}"
            f" {topology.port}",
        )
        for pod in others
    )
    return (*looks, *meets)


def _halves(facts: Facts, sides: list[list[Pod]]) -> bool:
    """Whether no slot has owners on two sides, by the words of all who are there."""
    claims = [
        slots.normalise(
            span
            for pod, view in facts.viewed
            if pod in side
            for member in view.members
            for span in member.slots
        )
        for side in sides
    ]
    together = slots.normalise(span for claim in claims for span in claim)
    return sum(map(slots.count, claims)) == slots.count(together)


def _slots_in(view: View) -> bool:
    return any(member.slots for member in view.members)


def components(facts: Facts) -> list[list[Pod]]:
    """Proven pods grouped by who knows whom, each group and the groups sorted by ordinal."""
    groups: list[tuple[frozenset[str], list[Pod]]] = []
    for pod, view in facts.viewed:
        known = view.known_ids & facts.pod_by_id.keys()
        touching = [group for group in groups if group[0] & known]
        groups = [group for group in groups if group not in touching]
        ids = known.union(*(some for some, _ in touching))
        groups.append((ids, [*(one for _, pods in touching for one in pods), pod]))
    return sorted(
        (sorted(pods, key=lambda pod: pod.ordinal) for _, pods in groups),
        key=lambda pods: pods[0].ordinal,
    )
