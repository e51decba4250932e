"""What a shard's nodes are told before the shard gives all its slots away.

When a shard loses its last slot, its nodes turn into replicas of the node that took it, each with a
whole copy. So the sidecars of all its nodes first write `cluster-allow-replica-migration no`, each
into its own (`model.empty_mark`), and no slot leaves the shard until that is seen. The nodes then
stay an empty primary and its replicas. Those that the wish needs are led to another shard
(`places`). The others stand empty, and may go (`going`).

A server that restarts loses the setting, and its sidecar writes it anew.

The setting is put back once the node is of no such shard any more: if it follows an owner of slots
that stays, if more shards are wished again, or if no number is wished. While it is wished that
nothing moves (`hold`), the setting stays too.
"""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.model import empty_mark, human_name, leaving_mark
from bootstrap.model.actions import ConfigSet
from bootstrap.model.snapshot import Scope
from bootstrap.model.wish import UNSTATED
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import durations
from bootstrap.plan.reshard.seen_shards import agreed, wished
from bootstrap.plan.reshard.standing import Standing
from bootstrap.plan.verdict import Step, Wait


def setting(facts: Facts) -> Step | None:
    """Return the step that writes the setting into our own node, or puts it back."""
    my = facts.my
    if leaving_mark.marked(my):
        return None  # the hand-over writes the name now
    if empty_mark.marked(my):
        return None if _still(facts) or _moving(facts) else _put_back(facts)
    if my.setting(empty_mark.SETTING) != empty_mark.DEFAULT or not _drained(facts):
        return None
    named = empty_mark.mark(human_name.plain(facts.topology, facts.snapshot.wished.wish))
    settings = ((empty_mark.SETTING, empty_mark.KEEPS), (human_name.SETTING, named))
    why = "its shard is to give all its slots away, and its nodes stand empty then"
    action = ConfigSet(pod=facts.me.name, settings=settings, why=why)
    return Step(actions=(action,), until="the node stays as it is when the last slot leaves")


def waits(facts: Facts, found: Standing) -> Iterator[Wait]:
    """Wait until all nodes of the shards that are drained have the setting.

    A node that has failed is not waited for. It takes a copy when it comes back.
    """
    ids = {one.node_id for one in found.drained}
    names = [
        pod.name
        for pod, view in facts.viewed
        if ids & {view.node_id, view.myself.primary_id} and not empty_mark.stays(view)
    ]
    if names:
        what = (
            f"{', '.join(names)} to have {empty_mark.SETTING} {empty_mark.KEEPS}, before slots"
            " leave their shard: else they would copy another shard"
        )
        yield Wait(pod=names[0], what=what, usual=durations.MARKED)


def _shard(facts: Facts) -> str:
    """Return the id of the primary of our node's shard: its own, if it is one."""
    return facts.my.myself.primary_id or facts.my.node_id


def _drained(facts: Facts) -> bool:
    """Whether our node's shard is to give all its slots away, or stands empty, as all wish."""
    found = facts.once(agreed)
    if found is None:
        return False
    idle = found.idle if found.beyond(facts.topology.ordinal) else ()
    return any(one.node_id == _shard(facts) for one in (*found.drained, *idle))


def _moving(facts: Facts) -> bool:
    """Whether slots leave our node's shard now, maybe its last ones."""
    return any(one.source_id == _shard(facts) for one in migrations.running(facts))


def _still(facts: Facts) -> bool:
    """Whether our node's shard is still drained, or stands empty."""
    found = facts.once(wished)
    if found is None:
        return facts.snapshot.wished != UNSTATED
    mine = facts.my.member(_shard(facts))
    if mine is not None and mine.slots:
        owners = [one for one in facts.my.members if one.slots]
        # It takes a look at all pods to say which shard is drained.
        return len(owners) > found.wish and (
            facts.snapshot.scope < Scope.ALL
            or any(one.node_id == mine.node_id for one in found.drained)
        )
    return found.beyond(facts.topology.ordinal)


def _put_back(facts: Facts) -> Step:
    named = human_name.plain(facts.topology, facts.snapshot.wished.wish)
    settings = ((empty_mark.SETTING, empty_mark.DEFAULT), (human_name.SETTING, named))
    why = "the node need not stand empty any more"
    action = ConfigSet(pod=facts.me.name, settings=settings, why=why)
    return Step(actions=(action,), until="the node has its own settings again")
