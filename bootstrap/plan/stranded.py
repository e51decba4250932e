"""A replica of an empty primary that will not come back: it follows another one.

Where there are no slots, no replica is elected. So if an empty primary loses its volume, or is gone
for good, its replicas would follow it for ever. They hold no key: nothing is lost if they leave.
"""

from __future__ import annotations

from bootstrap.model.snapshot import Scope
from bootstrap.model.view import Member
from bootstrap.plan import choose_shard, follow
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import seats, seen_shards
from bootstrap.plan.verdict import LookFurther, Plan


def needs(facts: Facts) -> LookFurther | None:
    """Ask for a look at all pods if our own node may be such a replica."""
    if facts.snapshot.scope is Scope.ALL or _failed_primary(facts) is None:
        return None
    return LookFurther(scope=Scope.ALL, why="a look at whether its primary comes back")


def leave(facts: Facts) -> Plan | None:
    """Return the plan to follow another primary; None if our node is no such replica."""
    primary = _failed_primary(facts)
    if facts.snapshot.scope < Scope.ALL or primary is None:
        return None
    if primary.node_id in facts.owner_ids or not seen_shards.lost(facts, primary):
        return None
    others = [*follow.primaries(facts), *seats.others(facts)]
    return choose_shard.replicate(facts, others, set()) if others else None


def _failed_primary(facts: Facts) -> Member | None:
    """Return the failed empty primary of our node, a replica without keys and link; else None."""
    my = facts.my
    primary = my.member(my.myself.primary_id)
    lonely = my.myself.is_replica and not (my.keys or my.link_up)
    return primary if lonely and primary and primary.gone and not primary.slots else None
