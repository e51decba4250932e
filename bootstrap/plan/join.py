"""Our own node joins the cluster that its peers are in, as a replica.

Nothing here touches a node that owns slots or holds keys: such a node has a role.
"""

from __future__ import annotations

from bootstrap.plan import enter, follow
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import LookFurther, Plan


def needs(facts: Facts) -> LookFurther | None:
    """What a node without a role has to see; None for a node that has one."""
    if _has_role(facts):
        return None
    return enter.needs(facts) if facts.my.blank else follow.needs(facts)


def join(facts: Facts) -> Plan | None:
    """The plan of a node without a role; None for a node that has one."""
    if _has_role(facts):
        return None
    return enter.enter(facts) if facts.my.blank else follow.follow(facts)


def _has_role(facts: Facts) -> bool:
    my = facts.my
    return bool(my.myself.is_replica or my.myself.slots or my.keys)
