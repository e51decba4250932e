"""Refuses while our pods are in several clusters that own slots.

MEET of two clusters loses about half of the keys, so the sidecar never brings the sides together.
If no slot has an owner on two sides, they may be parts of one cluster: then you are told how to
check that, and how to bring them together. Otherwise you are told how to find the right side.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import under_way
from bootstrap.plan.messages import advice, commands
from bootstrap.plan.verdict import Block, Phase, Plan


def split(facts: Facts) -> Plan | None:
    """Refuse if two or more clusters of several nodes each own slots; None otherwise.

    Also None while the cluster is being formed, since its nodes have not all met yet.
    """
    owning = [side for side in components(facts) if _owns_slots(facts, side)]
    if len(owning) < 2 or under_way(facts):
        return None
    sides = "; ".join(", ".join(pod.name for pod in side) for side in owning)
    block = Block(
        code=Code.SPLIT,
        why=f"our pods are in {len(owning)} clusters that both own slots: {sides}",
        fix=_bring_together(facts, owning)
        if _no_slot_on_two_sides(facts, owning)
        else advice.one_is_right(facts, owning),
    )
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=facts.snapshot.scope)


def _owns_slots(facts: Facts, side: list[Pod]) -> bool:
    """Whether a pod of this side knows other nodes, and knows an owner of slots."""
    views = [view for pod, view in facts.viewed if pod in side]
    return any(not view.alone and any(one.slots for one in view.members) for view in views)


def _bring_together(facts: Facts, sides: list[list[Pod]]) -> tuple[Todo, ...]:
    """How to check that the sides are parts of one cluster, and how to bring them together."""
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


def _no_slot_on_two_sides(facts: Facts, sides: list[list[Pod]]) -> bool:
    """Whether no slot has owners on two sides, by what all proven nodes say."""
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


def components(facts: Facts) -> list[list[Pod]]:
    """Proven pods, grouped by which nodes know each other, directly or through other nodes.

    Each group is sorted by ordinal, and the groups are sorted by the ordinals of their first pods.
    """
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
