"""`status`: the shards for people, and the same for programs."""

from __future__ import annotations

from typing import Any

from bootstrap.model import actions, slots
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.todo import line
from bootstrap.model.topology import Topology
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import going
from bootstrap.plan.verdict import Plan
from bootstrap.show import headline as headlines
from bootstrap.show import migrations, progress, sections
from bootstrap.show.shards import Cluster, Row, Shard

_HEAD = ("SLOTS", "POD", "ROLE", "ADDRESS", "HOST", "ZONE", "LINK", "LAG", "KEYS", "STATE", "NOTE")


def as_json(cluster: Cluster, snapshot: Snapshot, plan: Plan, topology: Topology) -> dict[str, Any]:
    """Return the documented shape; unknown values are null."""
    return {
        "pod": topology.name,
        "headline": headlines.as_json(_headline(cluster, snapshot, plan, topology)),
        "well": cluster.well,
        "shards": [
            {
                "slots": slots.render(shard.ranges),
                "waits_for_slots": shard.waits,
                "primary": _node(shard.rows[0]),
                "replicas": [_node(row) for row in shard.rows[1:]],
            }
            for shard in cluster.shards
        ],
        "lost_slots": slots.render(cluster.lost),
        "disputed_slots": slots.render(cluster.disputed),
        "migrations": migrations.as_json(snapshot, topology),
        "progress": progress.as_json(Facts(snapshot, topology)),
        "may_go": _may_go(going.may_go(Facts(snapshot, topology))),
        "outside": [{"pod": pod, "why": why} for pod, why in cluster.outside],
        "phase": plan.phase.value,
        "doing": [actions.describe(action) for step in plan.steps for action in step.actions],
        "waiting": [wait.text for wait in plan.waiting],
        "blocked": [{"code": block.code, "why": block.why} for block in plan.blocked],
        "alarms": [
            {"pod": alarm.pod, "code": alarm.code, "why": alarm.why, "fix": line(alarm.fix)}
            for alarm in plan.alarms
        ],
    }


def _may_go(some: going.Going | None) -> dict[str, Any] | None:
    return {"pods": list(some.pods), "command": some.command} if some else None


def _node(row: Row) -> dict[str, Any]:
    return {
        "pod": row.pod,
        "node_id": row.node_id,
        "address": row.address,
        "host": row.place.host,
        "zone": row.place.zone,
        "role": row.role,
        "link": row.link,
        "lag": row.lag,
        "keys": row.keys,
        "state": row.state,
        "trouble": row.trouble or None,
    }


def as_text(cluster: Cluster, snapshot: Snapshot, plan: Plan, topology: Topology) -> str:
    """Return the headline, a table of the shards, and below it all trouble."""
    headline = _headline(cluster, snapshot, plan, topology)
    lines = [headline.text, ""]
    lines += _table(cluster) if cluster.shards else ["no shard was seen"]
    if cluster.lost:
        lines.append(f"{slots.named(cluster.lost)}: no node owns them")
    if cluster.disputed:
        lines.append(f"{slots.named(cluster.disputed)}: several nodes claim them")
    lines += [f"{pod}: {why}" for pod, why in cluster.outside]
    lines += migrations.lines(snapshot, topology)
    lines += progress.lines(snapshot, topology)
    leaving = going.may_go(Facts(snapshot, topology))
    lines += [leaving.text] if leaving else []
    lines += ["", f"seen by {topology.name}, whose phase is {plan.phase.value}"]
    lines += sections.faults(plan, headline, topology, snapshot.names)
    for step in plan.steps:
        lines += [f"about to: {actions.describe(action)}" for action in step.actions]
    return "\n".join(lines)


def _headline(
    cluster: Cluster, snapshot: Snapshot, plan: Plan, topology: Topology
) -> headlines.Headline:
    return headlines.headline(Facts(snapshot, topology), plan, cluster)


def _note(shard: Shard) -> str:
    """Return what a shard without slots is there for; empty for one with slots."""
    if shard.ranges:
        return ""
    return "waits for slots" if shard.waits else "stands empty"


def _table(cluster: Cluster) -> list[str]:
    rows: list[tuple[str, ...]] = [_HEAD]
    for shard in cluster.shards:
        for number, row in enumerate(shard.rows):
            span = "" if number else slots.brief(shard.ranges)
            note = row.trouble or ("" if number else _note(shard))
            rows.append((span, *_cells(row), note))
    return sections.table(rows)


def _cells(row: Row) -> tuple[str, ...]:
    def known(value: object) -> str:
        return "-" if value is None else str(value)

    return (
        row.pod,
        row.role,
        row.address,
        known(row.place.host),
        known(row.place.zone),
        known(row.link),
        known(row.lag),
        known(row.keys),
        known(row.state),
    )
