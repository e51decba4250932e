"""`scale`: what would move for another number of shards, for people and programs."""

from __future__ import annotations

from typing import Any

from bootstrap.model import slots
from bootstrap.model.todo import Todo, line, lines, todos
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.reshard.outlook import PAUSE, Outlook
from bootstrap.show import amounts, progress, sections, stating

_HEAD = ("FROM", "TO", "SLOTS", "KEYS", "SIZE", "WHICH")
_ROWS = 30
"""Moves that the text lists, at most; JSON has all."""


def as_text(facts: Facts, found: Outlook) -> str:
    """Return what would happen, what stands in the way, and the command that states the wish."""
    told = [_headline(found), "", *_moves(facts, found), *_pods(found), *_in_the_way(found)]
    told += ["", "to state this wish:", *lines(_todo(facts, found))]
    return "\n".join(told)


def _headline(found: Outlook) -> str:
    many, now = slots.many(found.wish, "shard"), len(found.now.owners)
    if not found.pairs:
        return f"{many}: no slot would move; {now} own slots now. Nothing was changed."
    return (
        f"{many}: {found.slots} of {slots.SLOTS} slots would move{_amount(found)}; {now} own slots"
        " now. Nothing was changed."
    )


def _amount(found: Outlook) -> str:
    if found.keys is None or found.size is None:
        return ""
    return f" with about {amounts.keys(found.keys)} ({amounts.size(found.size)})"


def _moves(facts: Facts, found: Outlook) -> list[str]:
    if not found.pairs:
        return []
    rows: list[tuple[str, ...]] = [_HEAD]
    for one in found.pairs[:_ROWS]:
        names = [facts.pod_name(node) for node in (one.source_id, one.target_id)]
        keys = "-" if one.keys is None else amounts.keys(one.keys).partition(" ")[0]
        size = "-" if one.size is None else amounts.size(one.size)
        count = str(slots.count(one.ranges))
        rows.append((names[0], names[1], count, keys, size, slots.brief(one.ranges)))
    pauses = (
        f"{slots.many(found.handoffs, 'hand-off')}: each stops all writes to its source, as"
        f" measured for less than {PAUSE:g} s. Reads go on."
    )
    return [
        *sections.table(rows),
        *([f"and {more} more"] if (more := len(found.pairs) - _ROWS) > 0 else []),
        "KEYS and SIZE are estimates: what the source has, by the share of its slots.",
        pauses,
        *_time(found),
        "",
    ]


def _time(found: Outlook) -> list[str]:
    if found.seconds is None:
        return ["How long it takes is not known: not every source was read."]
    low, high = map(amounts.duration, found.seconds)
    basis = (
        "at the pace of the moves of the last hour here"
        if found.paced
        else "if it goes as on a machine of 2 cores, where 250,000 keys of 100 bytes took 0.4 s to"
        " 0.5 s, those of 1 KB 1.1 s, and the sidecars 1 s to 3 s between two moves"
    )
    return [f"About {low} to {high} once nothing stands in the way, {basis}."]


def _pods(found: Outlook) -> list[str]:
    told: list[str] = []
    if found.primaries:
        told.append(f"to become primaries with slots: {slots.few(found.primaries)}")
    if found.missing:
        told.append(f"not there yet, and needed: {slots.few(found.missing)}")
    if found.refill:
        told.append(
            f"replicas now, and to come back with an empty volume first: {slots.few(found.refill)}"
        )
    if found.drained:
        told.append(f"to give all slots away: {slots.few(found.drained)}")
    if found.leaving:
        told.append(
            f"not needed, so they may go once `status` exits with 0: {slots.few(found.leaving)}"
        )
    return told


def _in_the_way(found: Outlook) -> list[str]:
    if found.blocks:
        return [f"BLOCKED {one.code}: {one.why}" for one in found.blocks]
    if found.waits:
        return [f"in the way now: {one.text}" for one in found.waits]
    return ["in the way now: new pods" if found.missing or found.refill else "nothing in the way"]


def _todo(facts: Facts, found: Outlook) -> tuple[Todo, ...]:
    """Return what to do, in this order: mend, state the wish, add pods."""
    topology = facts.topology
    mend = tuple(one for block in found.blocks for one in todos(block.fix))
    add = Todo(
        what=f"add the pods that are missing ({slots.few(found.missing)})",
        command=f"kubectl scale statefulset{commands.namespace(topology)} {topology.statefulset}"
        f" --replicas={found.replicas}",
        expect="if a kustomization or a chart sets the number of replicas, set it there too",
    )
    return (*mend, *stating.todo(topology, found.wish), *([add] if found.replicas else []))


def as_json(facts: Facts, found: Outlook) -> dict[str, Any]:
    """Return the documented shape; unknown values are null."""
    seconds = found.seconds
    return {
        "pod": facts.topology.name,
        "shards": found.wish,
        "shards_with_slots": len(found.now.owners),
        "slots_to_move": found.slots,
        "keys": found.keys,
        "bytes": found.size,
        "hand_offs": found.handoffs,
        "pause_seconds": PAUSE,
        "seconds": None if seconds is None else [round(one, 1) for one in seconds],
        "seconds_measured_here": found.paced,
        "moves": progress.moves(facts, found),
        "new_primaries": list(found.primaries),
        "missing": list(found.missing),
        "replicas_needed": found.replicas,
        "empty_volume_needed": list(found.refill),
        "drained": list(found.drained),
        "not_needed": list(found.leaving),
        "waiting": [one.text for one in found.waits],
        "blocked": [
            {"code": one.code, "why": one.why, "fix": line(one.fix)} for one in found.blocks
        ],
        "todo": [one.as_json() for one in _todo(facts, found)],
    }
