"""Slot migrations that run, our own and those of other clients."""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.migration import Migration
from bootstrap.plan.facts import Facts


def running(facts: Facts) -> tuple[Migration, ...]:
    """Return the migrations that run, by job; what the source says of one counts."""
    found: dict[str, Migration] = {}
    for _, view in facts.viewed:
        for one in () if view.myself.is_replica else view.migrations:
            if one.running and (one.job not in found or one.source_id == view.node_id):
                found[one.job] = one
    return tuple(one for _, one in sorted(found.items()))


def pod_name(facts: Facts, node_id: str) -> str:
    """Return the name of a node's pod; if that is not known, its address, or else its id."""
    pod = facts.pod_by_id.get(node_id)
    if pod is not None:
        return pod.name
    known = (view.member(node_id) for _, view in facts.viewed)
    return next((facts.pod_name(one) for one in known if one is not None), node_id)


def notes(facts: Facts) -> tuple[str, ...]:
    """Say which slots move to or from our own node."""
    return tuple(
        f"slots move from {pod_name(facts, one.source_id)} to {pod_name(facts, one.target_id)}:"
        f" {slots.brief(one.ranges)}"
        for one in running(facts)
        if facts.my.node_id in (one.source_id, one.target_id)
    )
