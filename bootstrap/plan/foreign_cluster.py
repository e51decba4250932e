"""A node that was met, and knows foreign nodes: it neither joins nor leaves their cluster."""

from __future__ import annotations

from bootstrap.model import fast_form, slots
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import Member
from bootstrap.plan import outsiders
from bootstrap.plan.alarms import unnamed_node
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, durations
from bootstrap.plan.verdict import Block, Wait


def met(facts: Facts) -> Wait | Block | None:
    """Return why our node follows no node of its cluster: a foreign one is there, or may be."""
    # During forming our node may not have heard every peer's name yet.
    if facts.snapshot.scope < Scope.ALL or fast_form.marked(facts.my):
        return None
    others = outsiders.outsiders(facts, [facts.me])
    if not others:
        return None
    me, topology = facts.me.name, facts.topology
    if _still_unnamed(facts, others):
        what = f"gossip to name {slots.few(outsiders.names(facts, others))}"
        return Wait(pod=me, what=what, usual=durations.GOSSIP)
    return Block(
        code=Code.FOREIGN_NODE,
        why=f"expected {me} to know nodes of our pods only; it is in a cluster with"
        f" {slots.few(outsiders.names(facts, others))}",
        fix=(
            advice.nodes(
                topology,
                me,
                "whose nodes are these? The sidecar neither joins nor leaves that cluster",
                "expected: nodes of our pods alone",
            ),
            advice.emptying(topology, me, "only if it is to leave that cluster for ours"),
        ),
    )


def _still_unnamed(facts: Facts, others: list[Member]) -> bool:
    """Whether gossip may still name these nodes, which came to ours a moment ago."""
    new = all(one.bus_connected and not (one.failed or facts.hostname(one)) for one in others)
    among_ours = any(facts.is_ours(one) for one in facts.my.others)
    return new and among_ours and unnamed_node.just_come(facts)
