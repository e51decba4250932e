"""A wish that the sidecar does not fulfil: one that it cannot read, or too few shards."""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.todo import Todo
from bootstrap.model.topology import LEAST_SHARDS
from bootstrap.model.wish import Wish
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Alarm, Block


def unreadable(facts: Facts) -> list[Alarm]:
    """Return an alarm if our own sidecar cannot read the wish."""
    fault = facts.snapshot.wished.fault
    if not fault:
        return []
    me, topology = facts.me.name, facts.topology
    why = f"{me}: {fault}; meanwhile no move of slots begins, and no cluster is formed"
    fix = Todo(
        what="what does the file hold, and is the ConfigMap mounted there?",
        command=f"{commands.in_sidecar(topology, me)} python -c"
        f" 'print(open(\"{topology.wish_file}\").read())'",
        expect="a number of shards, or hold",
    )
    return [Alarm(pod=me, code=Code.WISH_UNREADABLE, why=why, fix=(fix,))]


def too_few(facts: Facts, wish: Wish) -> Block | None:
    """Refuse a wish for fewer shards than a failover needs, unless they are allowed."""
    topology = facts.topology
    if wish.shards is None or wish.shards >= LEAST_SHARDS or topology.allow_fewer_shards:
        return None
    where = topology.wish_file or "BOOTSTRAP_SHARDS"
    return Block(
        code=Code.WISH_TOO_SMALL,
        why=f"{where}: expected at least {LEAST_SHARDS} shards (with fewer, no majority is left to"
        f" replace a lost primary), saw {slots.many(wish.shards, 'shard')}; no slot is moved or"
        " given out for this wish",
        fix=(
            Todo(
                what=f"wish for {LEAST_SHARDS} shards or more, or set"
                " BOOTSTRAP_ALLOW_FEWER_SHARDS=true for the container bootstrap",
                command=f"kubectl edit statefulset{commands.namespace(topology)}"
                f" {topology.statefulset}",
            ),
        ),
        serves=True,
    )
