"""All checks for faults that only a person can mend."""

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
from bootstrap.plan.reshard import unfit
from bootstrap.plan.verdict import Alarm

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
    unfit.unreadable,
)
"""Each takes the facts and returns alarms, in any order. A sidecar that looks at its own node only
finds the faults of that node; `status` and a dry run find those of all pods."""


def alarms(facts: Facts) -> tuple[Alarm, ...]:
    """Return all alarms of the pods that were looked at, sorted by pod, then by code."""
    found = [alarm for check in CHECKS for alarm in check(facts)]
    return tuple(sorted(found, key=lambda alarm: (alarm.pod, alarm.code, alarm.why)))
