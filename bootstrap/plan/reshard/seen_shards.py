"""The shards that a look shows: which nodes own slots, and which of the others could get some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container

from bootstrap.model import empty_mark
from bootstrap.model.layout import UNKNOWN, Place
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.view import Member
from bootstrap.plan import migrations, ownership, timed
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.agreement import agreement
from bootstrap.plan.reshard.standing import LATER, Shard, Standing, first_beyond


def standing(facts: Facts, wish: int) -> Standing:
    """Return the shards of our node's cluster, as a look at all pods shows them."""
    views = {view.node_id: view for _, view in facts.viewed}
    owned = {one.member.node_id: one.ranges for one in ownership.owners(facts)}
    known = {one.node_id: one for one in facts.my.members if not one.handshake}
    # The keys of a seat to which slots just move come before the slots are its own.
    filled = {one.target_id for one in migrations.running(facts)}
    empty = [
        node_id
        for node_id, view in views.items()
        if node_id in known and (timed.roleless(view) or node_id in filled)
    ]
    if facts.snapshot.scope < Scope.ALL:  # a guess, from what our own node knows of the others
        plain = (one for one in known.values() if not (one.slots or one.is_replica or one.failed))
        empty += [one.node_id for one in plain if one.node_id not in views]
    marked: dict[str, list[int]] = defaultdict(list)
    for pod, view in facts.viewed:
        if empty_mark.marked(view):
            marked[view.myself.primary_id or view.node_id].append(pod.ordinal)
    found = [
        Shard(
            node_id=node_id,
            ordinal=_placed(ordinal(facts, known[node_id]) if node_id in known else None),
            ranges=owned.get(node_id, ()),
            replicas=_linked(facts, node_id),
            place=_place(facts, node_id),
            kept=kept(facts, node_id),
            marked=tuple(marked[node_id]),
        )
        for node_id in {*owned, *empty}
    ]
    shards = tuple(sorted(found, key=lambda one: (one.ordinal, one.node_id)))
    ordinals = {_placed(ordinal(facts, one)) for one in known.values() if not lost(facts, one)}
    return Standing(topology=facts.topology, wish=wish, shards=shards, known=frozenset(ordinals))


def to_come(facts: Facts, found: Standing) -> list[str]:
    """Return the pods that the wish needs, that do not answer, and that have no known node."""
    needed = range(found.topology.ordinal_start, first_beyond(found.topology, found.wish))
    return [found.topology.name_of(one) for one in needed if one not in there(facts, found)]


def there(facts: Facts, found: Standing) -> set[int]:
    """Return the ordinals of the pods that answer, or that have a known node."""
    return {pod.ordinal for pod, _ in facts.viewed} | found.known


def newcomers(facts: Facts, besides: Container[str]) -> list[Pod]:
    """Return the pods whose nodes were met and have no role; without the nodes of these ids."""
    return [
        pod
        for pod, view in facts.viewed
        if timed.roleless(view) and not view.alone and view.node_id not in besides
    ]


def wished(facts: Facts) -> Standing | None:
    """Return how it stands towards the number that our own sidecar wishes; None without one."""
    wish = facts.snapshot.wished.wish
    return None if wish is None or wish.shards is None else standing(facts, wish.shards)


def agreed(facts: Facts) -> Standing | None:
    """Return the same, if all pods were looked at, and all nodes show that number."""
    if facts.me.view is None or facts.snapshot.scope < Scope.ALL:
        return None
    found = agreement(facts)
    return facts.once(wished) if found is not None and found.wish is not None else None


def lost(facts: Facts, member: Member) -> bool:
    """Whether a member's pod is another node by now, or was scaled away."""
    pod = facts.pod_named(member)
    away = member.gone and member.node_id not in facts.pod_by_id
    scaled = pod is None or pod.resolved.state == "absent"
    return away and (scaled or facts.pod_of_ghost(member) is not None)


def kept(facts: Facts, node_id: str) -> bool:
    """Whether a node without slots was drained: its sidecar made it stay, or a node follows it.

    Of our own node one thing more tells it, as after a restart: it came back with a config epoch,
    as owners of slots have. (A new node may get an epoch too, before it has a role.)
    """
    mine = node_id == facts.my.node_id and facts.my.myself.epoch > 0
    if mine and facts.snapshot.timers.came_back:
        return True
    seen = [view for _, view in facts.viewed]
    followed = any(one.primary_id == node_id for view in seen for one in view.members)
    return followed or any(one.node_id == node_id and empty_mark.marked(one) for one in seen)


def _place(facts: Facts, node_id: str) -> Place:
    pod = facts.pod_by_id.get(node_id)
    return facts.place(pod) if pod else UNKNOWN


def _linked(facts: Facts, primary_id: str) -> tuple[int, ...]:
    """Return the ordinals of the replicas that follow a primary, with their links up."""
    return tuple(
        pod.ordinal
        for pod, view in facts.viewed
        if view.myself.primary_id == primary_id and view.following
    )


def ordinal(facts: Facts, member: Member) -> int | None:
    """Return the ordinal of a member's pod; None if it is not known, or is of another set."""
    pod = facts.pod_by_id.get(member.node_id)
    return pod.ordinal if pod else facts.topology.ordinal_of(facts.hostname(member))


def _placed(found: int | None) -> int:
    return LATER if found is None else found
