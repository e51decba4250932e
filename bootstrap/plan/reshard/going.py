"""Which pods may go: those beyond the wish, once no shard needs them.

They stand empty (`places`), and each shard that stays has all its replicas among the pods that
stay, with their links. Until then the shards that lack some are waited for by name, so `status`
does not exit with 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import durations, scaling
from bootstrap.plan.reshard import places
from bootstrap.plan.reshard.seen_shards import agreed
from bootstrap.plan.reshard.standing import Standing, first_beyond
from bootstrap.plan.verdict import Wait


def waits(facts: Facts, found: Standing) -> list[Wait]:
    """Return the shards that still need a pod beyond the wish, or lack a replica while some go."""
    wanted = found.topology.replicas_per_shard
    lacking: list[Wait] = []
    for shard in found.keepers:
        linked = sum(one.linked for one in places.inside(facts, found, shard))
        some = places.followers(facts, shard.node_id)
        needs = found.beyond(shard.ordinal) or any(found.beyond(one.ordinal) for one in some)
        if linked < wanted and (found.idle or needs):
            beyond = found.topology.name_of(first_beyond(found.topology, found.wish))
            what = (
                f"its replicas below {beyond}, before pods from there on may go: {linked} of"
                f" {wanted} are linked"
            )
            name = facts.pod_name(shard.node_id)
            lacking.append(Wait(pod=name, what=what, usual=durations.COPIED))
    return lacking


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Pods that may go, and how."""

    pods: tuple[str, ...]
    """Their names, by ordinal."""
    command: str
    """The command that takes them away."""

    @property
    def text(self) -> str:
        """The same as a line for a person."""
        stand, they = ("stands", "it") if len(self.pods) == 1 else ("stand", "they")
        return f"{', '.join(self.pods)} {stand} empty: {they} may go: {self.command}"


def may_go(facts: Facts) -> Going | None:
    """Return the pods that stand empty and may go; None while none may.

    It takes a look at all pods.
    """
    found = facts.once(agreed)
    names = _pods(facts, found) if found and found.done else []
    if found is None or not names or waits(facts, found) or not places.calm(facts, found):
        return None
    stay = first_beyond(found.topology, found.wish) - found.topology.ordinal_start
    return Going(pods=tuple(names), command=scaling.command(found.topology, stay))


def empty_primaries(facts: Facts) -> frozenset[str]:
    """Return the ids of the primaries that stand empty, whether they may go yet or not."""
    found = facts.once(agreed)
    return frozenset(one.node_id for one in found.idle) if found else frozenset()


def _pods(facts: Facts, found: Standing) -> list[str]:
    """Return the names of the pods that stand empty, by ordinal."""
    ordinals = {shard.ordinal for shard in found.idle}
    for shard in found.idle:
        ordinals |= {one.ordinal for one in places.followers(facts, shard.node_id)}
    return [found.topology.name_of(one) for one in sorted(ordinals) if found.beyond(one)]
