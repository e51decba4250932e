"""Faults that a person must mend and that keep no rule from acting: seen, named, left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bootstrap.plan.alarms import (
    bus_ports,
    full_disk,
    loopback_only,
    max_clients,
    open_slots,
    refused_commands,
    replication_refused,
    unnamed_node,
    unreadable_volume,
    writes,
)
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Alarm

#: Each takes the facts and returns the faults it knows of, in any order. A sidecar that looks at
#: its own node alone sees the faults of that node; `status` and a dry run see those of all pods.
CHECKS: Final[tuple[Callable[[Facts], list[Alarm]], ...]] = (
    writes.refused,
    full_disk.full,
    unreadable_volume.unread,
    open_slots.left_open,
    bus_ports.closed,
    loopback_only.deaf,
    replication_refused.turned_away,
    max_clients.full,
    refused_commands.refused,
    unnamed_node.unnamed,
)


def alarms(facts: Facts) -> tuple[Alarm, ...]:
    """All faults of the pods that were looked at, sorted by pod, then by code."""
    found = [alarm for check in CHECKS for alarm in check(facts)]
    return tuple(sorted(found, key=lambda alarm: (alarm.pod, alarm.code, alarm.why)))
