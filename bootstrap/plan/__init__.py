"""Decides what a pod's sidecar does next, or why it does nothing: `decide(snapshot, topology)`.

The rules keep these invariants. Each has tests that fail when its rule is removed:

- I1 No slot is claimed while any expected pod is unseen, or any node, up or down, may own it.
- I2 A cluster is formed at most once while any of its data lives.
- I3 No command that can lose data is ever planned.
- I4 Killed after any single command, the next start ends in the same cluster.
- I5 The sidecar never joins two clusters.
- I6 At the goal the plan is empty.
- I7 What is planned does not depend on the order of arrival.
- I8 Every wait says what it waits for.
- I9 No temporary setting outlives the forming, whatever is killed when.

`safety` checks the first step of each plan against I1 to I5 once more. No other step is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootstrap.plan.verdict import LookFurther

if TYPE_CHECKING:
    from bootstrap.model.snapshot import Snapshot
    from bootstrap.model.topology import Topology
    from bootstrap.plan.verdict import Plan


def decide(snapshot: Snapshot, topology: Topology) -> Plan | LookFurther:
    """Return the plan of the pod that the topology names, or how far to look before planning.

    One pod always has the same plan for the same snapshot. Two pods may have different plans,
    since a plan depends on the pod's ordinal.
    """
    # Loaded with the first plan: a new pod's start gate is judged earlier, and needs no rule.
    from bootstrap.plan import rules  # noqa: PLC0415

    return rules.decide(snapshot, topology)


def plan(snapshot: Snapshot, topology: Topology) -> Plan:
    """Return the plan made from a look that goes far enough; a look at all pods always does.

    Raises:
        ValueError: if the look does not go far enough.

    """
    found = decide(snapshot, topology)
    if isinstance(found, LookFurther):
        raise ValueError(f"it takes {found.why}")  # noqa: TRY004 - it is the snapshot that is wrong
    return found
