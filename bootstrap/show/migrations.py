"""Slot migrations that run, our own and those of other clients, for people and programs."""

from __future__ import annotations

from typing import Any

from bootstrap.model import slots
from bootstrap.model.migration import Migration
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.show import amounts


def as_json(snapshot: Snapshot, topology: Topology) -> list[dict[str, Any]]:
    """Return the documented shape."""
    facts = Facts(snapshot, topology)
    return [
        {
            "job": one.job,
            "slots": slots.render(one.ranges),
            "source": facts.pod_name(one.source_id),
            "target": facts.pod_name(one.target_id),
            "state": one.said,
            "seconds": round(one.seconds),
            "bytes_left": one.left or None,
            "message": one.message or None,
        }
        for one in migrations.running(facts)
    ]


def lines(snapshot: Snapshot, topology: Topology) -> list[str]:
    """Return one line for each."""
    facts = Facts(snapshot, topology)
    return [
        f"slots move from {facts.pod_name(one.source_id)}"
        f" to {facts.pod_name(one.target_id)}:"
        f" {slots.many(slots.count(one.ranges), 'slot')} ({slots.brief(one.ranges)}),"
        f" {one.said} for {one.seconds:.0f} s{_left(one)}{_message(one)}"
        for one in migrations.running(facts)
    ]


def _left(one: Migration) -> str:
    return f", {amounts.size(one.left)} to send" if one.left else ""


def _message(one: Migration) -> str:
    again = f" (tried again {slots.many(one.retries, 'time')})" if one.retries else ""
    return f"; last error{again}: {one.message}" if one.message else again
