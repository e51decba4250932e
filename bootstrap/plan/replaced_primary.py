"""A replica whose primary came back as another node, before the other nodes missed it.

Redis then knows the old node without an address (`noaddr`) and sends it nothing any more. So it
never marks the old node as failed, and no replica is elected. Replication dials the old address,
and copies from the node that is there now. A person has to choose the new primary.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.todo import Todo
from bootstrap.plan import new_nodes_conf
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, promotion
from bootstrap.plan.verdict import Block


def replaced(facts: Facts) -> Block | None:
    """Refuse if our replica's primary is gone, and its pod is another node now."""
    primary = facts.my.member(facts.my.myself.primary_id)
    if primary is None or "noaddr" not in primary.flags or "fail" in primary.flags:
        return None
    pod = facts.pod_of_ghost(primary)
    if pod is None:
        return None
    me = facts.me.name
    return Block(
        code=Code.PRIMARY_REPLACED,
        why=f"{me} follows {facts.name(primary)}; {new_nodes_conf.fate(pod)}, and"
        f" {pod.name} is another node at the same address now, so no election comes, and no node"
        f" serves {slots.named(primary.slots)}",
        fix=(
            Todo(
                what=f"has another replica of the shard more keys than {me}, which has"
                f" {facts.my.keys}?",
                command=f"kubectl exec{commands.namespace(facts.topology)} {me} -c bootstrap --"
                " python -m bootstrap status",
                expect="then promote that one in place of it",
            ),
            promotion.promotion(facts, me, f"if none has: make {me} the primary"),
        ),
    )
