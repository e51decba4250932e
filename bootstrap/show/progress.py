"""How far slots have moved, and what is still to come, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bootstrap.model import slots
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan.facts import Facts
from bootstrap.show import amounts

if TYPE_CHECKING:
    from bootstrap.plan.reshard.progress import Moving, Progress, Target


def lines(snapshot: Snapshot, topology: Topology) -> list[str]:
    """Return one line for `status` and a dry run; none if no slot has to move."""
    told = line(Facts(snapshot, topology))
    return [f"progress: {told}"] if told else []


def line(facts: Facts) -> str:
    """Return how far it is; empty if no slot has to move."""
    found = _progress(facts)
    return "" if found is None else _line(facts, found)


def left(facts: Facts) -> int:
    """Return how many slots are still to move."""
    found = _progress(facts)
    return found.slots if found else 0


def _progress(facts: Facts) -> Progress | None:
    if facts.snapshot.wished.wish is None:
        return None
    # Imported here: a sidecar without a wish does not need it.
    from bootstrap.plan.reshard.progress import progress  # noqa: PLC0415

    return progress(facts)


def _line(facts: Facts, found: Progress) -> str:
    seats = f"; {slots.many(found.missing, 'new primary node')} to come" if found.missing else ""
    parts = [
        f"{slots.many(found.wish, 'shard')} wished, {found.owners} own slots{seats}",
        slots.few([_target(facts, one) for one in found.targets]),
        f"{slots.many(found.slots, 'slot')} to move{_amount(found)}",
    ]
    if found.seconds is not None:
        parts.append(f"about {amounts.duration(found.seconds)}")
    return "; ".join(parts)


def _target(facts: Facts, one: Target) -> str:
    name = facts.pod_name(one.node_id)
    return f"{name} has {one.owns} of {one.goal} slots ({one.owns * 100 // one.goal} %)"


def _amount(found: Progress) -> str:
    if found.keys is None or found.size is None:
        return ""
    return f" with about {amounts.keys(found.keys)} ({amounts.size(found.size)})"


def as_json(facts: Facts) -> dict[str, Any] | None:
    """Return the documented shape; None if no slot has to move."""
    found = _progress(facts)
    if found is None:
        return None
    return {
        "shards_wished": found.wish,
        "shards_with_slots": found.owners,
        "primaries_missing": found.missing,
        "slots_to_move": found.slots,
        "keys": found.keys,
        "bytes": found.size,
        "seconds": None if found.seconds is None else round(found.seconds),
        "targets": [
            {
                "pod": facts.pod_name(one.node_id),
                "slots": one.owns,
                "goal": one.goal,
            }
            for one in found.targets
        ],
        "moves": moves(facts, found),
    }


def moves(facts: Facts, found: Moving) -> list[dict[str, Any]]:
    """Return the documented shape of what is to move."""
    return [
        {
            "source": facts.pod_name(one.source_id),
            "target": facts.pod_name(one.target_id),
            "slots": slots.render(one.ranges),
            "keys": one.keys,
            "bytes": one.size,
        }
        for one in found.pairs
    ]
