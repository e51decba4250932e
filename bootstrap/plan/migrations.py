"""Slot migrations that run, our own and those of other clients."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from bootstrap.model import leaving_mark, slots
from bootstrap.model.migration import Migration, State, Way
from bootstrap.model.view import View
from bootstrap.plan.facts import Facts

_JUST: Final = 5.0
"""Seconds after which all views of a look are of the time after a migration. A look takes less."""


def running(facts: Facts) -> tuple[Migration, ...]:
    """Return the migrations that run, by job; what the source says of one counts."""
    found: dict[str, Migration] = {}
    for _, view in facts.viewed:
        for one in () if view.myself.is_replica else view.migrations:
            if one.running and (one.job not in found or one.source_id == view.node_id):
                found[one.job] = one
    return tuple(one for _, one in sorted(found.items()))


def handed_over(facts: Facts, living: AbstractSet[str]) -> slots.Ranges:
    """Return the slots that move, or have just moved, between two of these nodes.

    A look reads one node after the other: the target maybe before it got them, and the source after
    it gave them. One of the two serves them.
    """
    return slots.normalise(
        span
        for _, view in facts.viewed
        for one in view.migrations
        if one.running or (one.state is State.DONE and one.ended_ago < _JUST)
        if {one.source_id, one.target_id} <= living
        for span in one.ranges
    )


def comes(view: View) -> bool:
    """Whether slots move to a node, as it says itself."""
    return any(one.running and one.target_id == view.node_id for one in view.migrations)


def ended_lately(facts: Facts, target_id: str, within: float) -> bool:
    """Whether a migration to a node failed or was cancelled in the last so many seconds."""
    return any(
        one.target_id == target_id
        and one.state in {State.FAILED, State.CANCELLED}
        and one.ended_ago < within
        for _, view in facts.viewed
        for one in view.migrations
    )


def commanded(facts: Facts) -> tuple[Migration, ...]:
    """Return the migrations that run, and that our own node was commanded to make."""
    push = facts.my.way is Way.PUSH
    return tuple(
        one
        for one in facts.my.migrations
        if one.running and facts.my.node_id == (one.source_id if push else one.target_id)
    )


def leaving_targets(facts: Facts) -> tuple[str, ...]:
    """Return the pods that are about to stop, and to which our node was commanded to give slots.

    Where servers pull there are none: our own node is the target then.
    """
    targets = {one.target_id for one in commanded(facts)} - {facts.my.node_id}
    return tuple(
        pod.name
        for pod, view in facts.viewed
        if view.node_id in targets and leaving_mark.marked(view)
    )


def notes(facts: Facts) -> tuple[str, ...]:
    """Say which slots move to or from our own node."""
    if facts.my.migrations_hidden:
        return (f"which slots move can't be seen: {facts.my.migrations_hidden}",)
    return tuple(
        f"slots move from {facts.pod_name(one.source_id)} to {facts.pod_name(one.target_id)}:"
        f" {slots.brief(one.ranges)}"
        for one in running(facts)
        if facts.my.node_id in (one.source_id, one.target_id)
    )
