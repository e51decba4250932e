"""What a Redis Cluster needs next, or why nothing is done: `decide(snapshot, topology)`.

Invariants, which the rules keep and tests hold them to:
I1 no slot is claimed while any expected pod is unseen or any node, up or down, may own it.
I2 a cluster is formed at most once while any of its data lives.
I3 no command that can lose data is ever planned.
I4 killed after any single command, the next start ends in the same cluster.
I5 two clusters are never joined by us.
I6 at the goal the plan is empty.
I7 what is planned does not depend on the order of arrival.
I8 every wait says what it waits for.
I9 no temporary setting of ours outlives the forming, whatever is killed when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootstrap.plan.verdict import LookFurther

if TYPE_CHECKING:
    from bootstrap.model.snapshot import Snapshot
    from bootstrap.model.topology import Topology
    from bootstrap.plan.verdict import Plan


def decide(snapshot: Snapshot, topology: Topology) -> Plan | LookFurther:
    """The plan of the pod that the topology names, or how far to look before there is one.

    The same snapshot gives a pod the same plan, whatever the order of arrival.
    """
    # Loaded with the first plan: the start gate of a new pod is judged before, and without them.
    from bootstrap.plan import rules  # noqa: PLC0415

    return rules.decide(snapshot, topology)


def plan(snapshot: Snapshot, topology: Topology) -> Plan:
    """The plan from a look that goes far enough, as one at all pods does.

    Raises:
        ValueError: when the look does not go far enough.

    """
    found = decide(snapshot, topology)
    if isinstance(found, LookFurther):
        raise ValueError(f"it takes {found.why}")  # noqa: TRY004 - it is the snapshot that is wrong
    return found
