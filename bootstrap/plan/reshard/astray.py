"""A new node that gets no slots, since it holds keys in slots that it does not own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bootstrap.model.view import View
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import refusals
from bootstrap.plan.reshard.standing import Standing
from bootstrap.plan.verdict import Block, Wait

CLEANED: Final = 60.0
"""Seconds for which a target may still hold the keys of a move that failed: its server deletes them
by itself, in the background."""


def astray(facts: Facts, found: Standing) -> Wait | Block | None:
    """Return what is told of such a node while nodes are missing; None if there is none."""
    wanted = found.topology.replicas_per_shard
    if found.missing <= 0 and all(len(one.replicas) >= wanted for one in found.seats):
        return None
    for name, view in _holders(facts, found):
        if view.trimming or migrations.ended_lately(facts, view.node_id, CLEANED):
            what = "its server to delete the keys of a move that ended"
            return Wait(pod=name, what=what, passes=True)
        return refusals.leftovers(facts, name, view.keys)
    return None


def _holders(facts: Facts, found: Standing) -> Iterator[tuple[str, View]]:
    """Yield the primaries without slots that the wish needs, and that hold keys."""
    seats = {one.node_id for one in found.shards}
    for pod, view in facts.viewed:
        mine = view.myself
        plain = not (mine.is_replica or mine.slots or view.alone or view.node_id in seats)
        if plain and view.keys and not found.beyond(pod.ordinal):
            yield pod.name, view
