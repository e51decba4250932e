"""What a wish still lacks, besides slots that move: that all nodes show it."""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.wish import Wish
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.agreement import agreement


def lacking(facts: Facts, shards: int | None) -> str:
    """Return which nodes do not show the wish yet; empty if nothing is lacking.

    `shards` is the number that is waited for; None: the one that our own sidecar reads. A changed
    ConfigMap is in the pods' files only after a minute or two. Until then all seems well.
    """
    agreed = agreement(facts) if facts.me.view else None
    if shards is None:
        return f"not all nodes show the same wish: {agreed.why}" if agreed and agreed.why else ""
    if agreed and agreed.wish == Wish(shards):
        return ""
    wanted = f"not all nodes show {slots.many(shards, 'shard')}"
    mine = facts.snapshot.wished.wish
    seen = agreed.why if agreed and agreed.why else f"{facts.me.name} reads {mine or 'no wish'}"
    return f"{wanted}: {seen}"
