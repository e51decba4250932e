"""Lets our own node join the cluster of its peers, as a replica.

A node that follows a primary, owns slots or holds keys has a role, and is left alone. A blank node
first meets the cluster (`enter`). A node that was met follows a primary (`follow`).
"""

from __future__ import annotations

from bootstrap.plan import enter, follow, timed
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import LookFurther, Plan


def needs(facts: Facts) -> LookFurther | None:
    """Ask for the look that a node without a role needs; None for a node that has a role."""
    if not timed.roleless(facts.my):
        return None
    return enter.needs(facts) if facts.my.blank else follow.needs(facts)


def join(facts: Facts) -> Plan | None:
    """Return the plan of a node without a role; None for a node that has a role."""
    if not timed.roleless(facts.my):
        return None
    if facts.my.blank:
        return enter.enter(facts)
    found = follow.follow(facts)
    # A seat that lacks nothing but slots: the rules behind this one see to these.
    return None if found.seat and not found.waiting else found
