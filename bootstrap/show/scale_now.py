"""`scale` without a number: the wish, the shards that own slots, and how to ask for more."""

from __future__ import annotations

from typing import Any

from bootstrap.model import slots
from bootstrap.model.topology import LEAST_SHARDS
from bootstrap.plan import ownership
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.reshard.agreement import agreement
from bootstrap.show import progress


def as_text(facts: Facts) -> str:
    """Return the present state and what to type next."""
    owned = _owned(facts)
    told = [f"{slots.many(len(owned), 'shard')} own slots; {_wish(facts)}. Nothing was changed."]
    told += [f"{pod}: {slots.many(count, 'slot')}" for pod, count in owned.items()]
    told += progress.lines(facts.snapshot, facts.topology)
    where = commands.in_sidecar(facts.topology, facts.me.name)
    least = 1 if facts.topology.allow_fewer_shards else LEAST_SHARDS
    told += [
        f"what would move for N shards ({least} to {slots.SLOTS}), and how to state that wish:",
        f"    $ {where} python -m bootstrap scale --shards N",
    ]
    return "\n".join(told)


def as_json(facts: Facts) -> dict[str, Any]:
    """Return the documented shape; unknown values are null."""
    wish, agreed = facts.snapshot.wished.wish, agreement(facts)
    owned = _owned(facts)
    return {
        "pod": facts.topology.name,
        "wish": str(wish) if wish else None,
        "wish_fault": facts.snapshot.wished.fault or None,
        "wish_shown_by_all": agreed is not None and agreed.wish is not None,
        "shards_with_slots": len(owned),
        "owners": [{"pod": pod, "slots": count} for pod, count in owned.items()],
        "progress": progress.as_json(facts),
    }


def _wish(facts: Facts) -> str:
    wished, agreed = facts.snapshot.wished, agreement(facts)
    if wished.fault:
        return f"the wish cannot be read: {wished.fault}"
    if wished.wish is None:
        return "no number of shards is wished, so no slot moves"
    many = wished.wish.shards
    text = "hold is stated" if many is None else f"{slots.many(many, 'shard')} are wished"
    return f"{text}, but not all nodes show it: {agreed.why}" if agreed and agreed.why else text


def _owned(facts: Facts) -> dict[str, int]:
    """Return how many slots each primary owns, by its pod's name."""
    found = (
        (facts.pod_name(one.member.node_id), slots.count(one.ranges))
        for one in ownership.owners(facts)
    )
    return dict(sorted(found))
