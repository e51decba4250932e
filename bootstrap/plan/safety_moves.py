"""The last door for moves of slots.

`safety` says what is checked. Like it, this knows no rule and judges by what was seen alone:

- M1: no slot moves to a node that holds a key in slots it does not own, and none while any slot is
  open at any node. Over such leftovers valkey ends, and redis deletes the keys.
- M2: no slot moves unless each node that has not failed in all views was seen, and shows the wish
  that our sidecar reads, which is a number.
- M3: both sides are primaries that say ok, the source owns all that moves, and the target has as
  many linked replicas as each shard is to have.
- Neither side is about to stop.
- One migration at a time: none runs on any node, and each primary shows that.
- Migrations are cancelled only at our own node, and only if it is wished that nothing moves, or if
  our node or the target is about to stop.
- Functions are restored only at our own node, while it is a primary without slots and functions,
  and only those of an owner of slots.
"""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.model import human_name, leaving_mark, slots
from bootstrap.model.actions import CancelMigrations, ImportSlots, MigrateSlots, RestoreFunctions
from bootstrap.model.view import View
from bootstrap.plan import migrations, safety_meet
from bootstrap.plan.facts import Facts


def moved(facts: Facts, action: MigrateSlots | ImportSlots) -> Iterator[str]:
    """Say why these slots may not move."""
    if isinstance(action, MigrateSlots):
        giver, taker, target_id = action.pod, action.target, action.target_id
    else:
        giver, taker, target_id = action.source, action.pod, facts.my.node_id
    source, target = facts.views.get(giver), facts.views.get(taker)
    if facts.me.name != action.pod:
        yield f"{facts.me.name} commands its own node alone"
    if source is None or target is None:
        yield safety_meet.UNSEEN.format(pod=giver if source is None else taker)
        return
    if target.node_id != target_id:
        yield f"{taker} is another node"
    if slots.without(action.ranges, source.myself.slots):
        yield f"{giver} does not own all of them"
    if facts.snapshot.strays(taker) != 0:
        yield f"{taker} is not known to hold no key in slots it does not own"
    yield from _unfit(facts, giver, source)
    yield from _unfit(facts, taker, target)
    yield from _wishes(facts)
    yield from _busy(facts)
    copies = [one for _, one in facts.viewed if one.myself.primary_id == target.node_id]
    linked = sum(one.following for one in copies)
    if linked < facts.topology.replicas_per_shard:
        yield f"{taker} has {slots.many(linked, 'linked replica')}"


def cancelled(facts: Facts, action: CancelMigrations) -> Iterator[str]:
    """Say why migrations may not be cancelled."""
    wish = facts.snapshot.wished.wish
    if facts.me.name != action.pod:
        yield f"{facts.me.name} commands its own node alone"
    held = wish is not None and wish.shards is None
    if not (held or leaving_mark.marked(facts.my) or migrations.leaving_targets(facts)):
        yield "it is not wished that nothing moves, and neither our node nor the target is leaving"


def restored(facts: Facts, action: RestoreFunctions) -> Iterator[str]:
    """Say why our node may not get these functions."""
    my, source = facts.my, facts.views.get(action.source)
    if facts.me.name != action.pod:
        yield f"{facts.me.name} commands its own node alone"
    if my.myself.is_replica or my.myself.slots or my.libraries:
        yield f"{facts.me.name} is a replica, or has slots or functions"
    if source is None:
        yield safety_meet.UNSEEN.format(pod=action.source)
    elif not source.myself.slots:
        yield f"{action.source} owns no slots"


def _unfit(facts: Facts, pod: str, view: View) -> Iterator[str]:
    """Say why a node may neither give nor get slots."""
    if view.myself.is_replica or not view.state_ok:
        yield f"{pod} is a replica, or does not say ok"
    if leaving_mark.marked(view):
        yield f"{pod} is about to stop"
    known = (one.member(view.node_id) for _, one in facts.viewed)
    if any(one is not None and one.failed for one in known):
        yield f"{pod} has failed, by what a node says"


def _wishes(facts: Facts) -> Iterator[str]:
    """Say which nodes do not show the wish of our sidecar, or were not seen."""
    wish = facts.snapshot.wished.wish
    if wish is None or wish.shards is None:
        yield "no number of shards is wished"
    others = [pod.name for pod, one in facts.viewed if human_name.wish_of(one) != wish]
    inside = [name for name in others if facts.views[name].node_id in facts.my.known_ids]
    if inside:
        yield f"{', '.join(inside)} shows another wish"
    unseen = {one.node_id for _, view in facts.viewed for one in view.others if not one.gone}
    for node_id in sorted(unseen - facts.pod_by_id.keys()):
        yield f"the node {node_id[:8]} was not seen"


def _busy(facts: Facts) -> Iterator[str]:
    """Say which nodes have a slot open, or a migration that runs."""
    for pod, view in facts.viewed:
        if view.myself.open_slots:
            yield f"{pod.name} has slots open"
        if any(one.running for one in view.migrations):
            yield f"slots move from or to {pod.name} already"
        if view.migrations_hidden and not view.myself.is_replica:
            yield f"{pod.name} does not show whether slots move"
