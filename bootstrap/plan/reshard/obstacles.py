"""What keeps slots from moving now, node by node. Each is waited for by name.

None of these is an error: pods restart, roles are handed over, replicas copy. Slots move between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bootstrap.model import fast_form, leaving_mark, slots
from bootstrap.model.migration import Way
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import View
from bootstrap.plan import migrations
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, durations, scaling
from bootstrap.plan.reshard import drain, functions, places, seen_shards
from bootstrap.plan.reshard.standing import Shard, Standing, first_beyond
from bootstrap.plan.verdict import Wait

LAG = 16 * 1024 * 1024
"""Bytes that a replica of a target may be behind: from the move on it is a copy of what came."""
_FULL = 0.9
"""The part of `maxmemory` that a target may use in the end. redis does not check it, and would then
evict keys, or refuse all writes."""


def waits(facts: Facts, found: Standing) -> list[Wait]:
    """Return what is waited for before the first slot moves; empty if nothing is."""
    missing = _missing(facts, found)
    if missing:
        return [missing]
    shards = (*found.owners, *found.seats)
    return [*of_shards(facts, found, shards), *drain.waits(facts, found)]


def of_shards(facts: Facts, found: Standing, shards: Sequence[Shard]) -> list[Wait]:
    """Return what is waited for of these shards, and the slots that are open anywhere."""
    return [wait for one in shards for wait in _of_shard(facts, found, one)] + [*_open(facts)]


def sides(facts: Facts, found: Standing) -> tuple[Way | None, dict[str, View]]:
    """Return the views of all nodes that give or get slots, by id, and how all of them migrate.

    The way is None if they do not migrate, or not in one way, or if one of them was not read.
    """
    ids = {one.source_id for one in found.transfers} | {one.target_id for one in found.transfers}
    views = {view.node_id: view for _, view in facts.viewed if view.node_id in ids}
    ways = {view.way for view in views.values()}
    return ways.pop() if len(ways) == 1 and len(views) == len(ids) else None, views


def _missing(facts: Facts, found: Standing) -> Wait | None:
    """Wait for new nodes if there are fewer primaries than shards are wished."""
    if found.missing <= 0:
        return None
    there = slots.many(len(found.keepers), "node")
    topology = facts.topology
    beyond = first_beyond(topology, found.wish)
    what = (
        f"{slots.many(found.wish, 'shard')} are wished, and {there} can have slots: for more, new"
        f" nodes are needed, up to {topology.name_of(beyond - 1)}. A pod that is a replica already"
        " has to come back with an empty volume for it"
    )
    more = Todo(
        what="are there as many pods as that? If not, add some",
        command=scaling.command(topology, beyond - topology.ordinal_start),
        expect="the new pods become a new shard",
    )
    # With that many pods the command would take some away.
    enough = () if max(seen_shards.there(facts, found)) >= beyond - 1 else (more,)
    spare = [
        advice.emptying(topology, topology.name_of(ordinal), "if it is a replica too many")
        for shard in found.owners
        for ordinal in sorted(shard.replicas)[topology.replicas_per_shard :]
    ]
    return Wait(pod=facts.me.name, what=what, fix=(*enough, *spare))


def _of_shard(facts: Facts, found: Standing, shard: Shard) -> Iterator[Wait]:
    """Wait for one shard's primary, and for its replicas if it gets slots."""
    pod = facts.pod_by_id.get(shard.node_id)
    if pod is None or pod.view is None:
        yield _away(facts, shard, facts.pod_name(shard.node_id))
        return
    yield from _of_primary(facts, pod, pod.view)
    targets = {one.target_id for one in found.transfers}
    if shard.node_id in targets:
        yield from _of_target(facts, found, shard, pod, pod.view)


def _away(facts: Facts, shard: Shard, name: str) -> Wait:
    """Wait for an owner that does not answer; if its pod was scaled away, say the way back."""
    pod = facts.snapshot.pod(name)
    if pod is None or pod.node is not None or pod.resolved.state != "absent":
        return Wait(pod=name, what="an answer of its server, which owns slots")
    what = (
        f"the pod to be there again: it owns {slots.named(shard.ranges)}, and DNS says that it does"
        " not exist, as after scaling down too early"
    )
    some = places.followers(facts, shard.node_id)
    last = max([shard.ordinal, *(one.ordinal for one in some)])
    return Wait(pod=name, what=what, fix=(scaling.back(facts.topology, last),))


def _of_primary(facts: Facts, pod: Pod, view: View) -> Iterator[Wait]:
    """Wait until a primary is well, as it says itself and as all others say.

    Of the last hand-off a node may hear a moment later.
    """
    if not view.state_ok:
        yield Wait(pod=pod.name, what="its cluster_state to be ok", usual=durations.REJOINED)
    if view.migrations_hidden:
        what = f"what moves from or to its node to be seen: {view.migrations_hidden}"
        yield Wait(pod=pod.name, what=what)
    if leaving_mark.marked(view):
        yield Wait(pod=pod.name, what="its hand-over to end", usual=durations.ELECTED)
    if fast_form.marked(view):
        yield Wait(pod=pod.name, what="settings of forming to be put back", usual=durations.MARKED)
    if any(member.handshake for member in view.members):
        yield Wait(pod=pod.name, what="its handshakes to end", usual=durations.HANDSHAKE)
    # A new owner's replicas hear of a hand-off a second or two after all others.
    handed = migrations.handed_over(facts, facts.pod_by_id.keys())
    doubts = [
        other.name
        for other, seen in facts.viewed
        if (member := seen.member(view.node_id)) is None
        or member.failed
        or slots.without(member.slots, handed) != slots.without(view.myself.slots, handed)
    ]
    if doubts:
        what = f"{slots.few(doubts)} to see it as it sees itself"
        yield Wait(pod=pod.name, what=what, usual=durations.GOSSIP)


def _of_target(facts: Facts, found: Standing, shard: Shard, pod: Pod, view: View) -> Iterator[Wait]:
    """Wait for the replicas of a node that gets slots: each key has its copies from the start."""
    wanted = facts.topology.replicas_per_shard
    if len(shard.replicas) < wanted:
        what = f"its replicas, before it gets slots: {len(shard.replicas)} of {wanted} are linked"
        late = seen_shards.to_come(facts, found)
        told = f"; {slots.few(late)} to come" if late else ""
        fix = tuple(_look(facts, one) for one in late[:1])
        yield Wait(pod=pod.name, what=f"{what}{told}", usual=durations.COPIED, fix=fix)
    behind = [
        one.name
        for one, seen in facts.viewed
        if seen.myself.primary_id == view.node_id and view.offset - seen.offset > LAG
    ]
    if behind:
        yield Wait(pod=pod.name, what=f"{', '.join(behind)} to catch up", passes=True)
    if view.trimming:
        what = "it to have deleted its keys of slots that it gave away"
        yield Wait(pod=pod.name, what=what, passes=True)
    yield from functions.waits(facts, pod, view)


def _look(facts: Facts, name: str) -> Todo:
    """Say how to see why a pod is not there."""
    return Todo(
        what=f"is {name} there, and does it run?",
        command=commands.get(facts.topology, f"pod {name}", "-o wide"),
        expect="Running; else kubectl describe says what it waits for",
    )


def _open(facts: Facts) -> Iterator[Wait]:
    """Wait until no slot is open to be moved key by key: servers lose keys over such leftovers."""
    for pod, view in facts.viewed:
        if view.myself.open_slots and not view.myself.is_replica:
            spans = slots.normalise((one.slot, one.slot) for one in view.myself.open_slots)
            what = f"{slots.named(spans)} to be open no longer: a client moves them key by key"
            yield Wait(pod=pod.name, what=what)


def memory(source: View, target: View, ranges: slots.Ranges) -> str:
    """Return why a target's memory may not be enough for these slots; empty if it is."""
    limit = target.writing.memory_limit
    coming = estimate(source, ranges)
    if not limit or target.writing.memory + coming <= _FULL * limit:
        return ""
    return (
        f"{target.writing.memory} of {limit} bytes are used there, and about {coming} would come:"
        f" more than {_FULL:.0%} of maxmemory"
    )


def more_memory(facts: Facts, name: str) -> Todo:
    """Say what a person can do for a target whose memory is not enough."""
    return Todo(
        what=f"how much memory may {name} use? Raise maxmemory there with CONFIG SET, and in its"
        " redis.conf; if need be, raise the memory limit of the pods first",
        command=f"{commands.ask(facts.topology, name)} CONFIG GET maxmemory",
        expect="bytes; the move begins by itself once the slots fit",
    )


def estimate(source: View, ranges: slots.Ranges) -> int:
    """Return about how many bytes the slots have: the source's, by the share of its slots."""
    return share(source.writing.dataset, source, ranges)


def share(whole: int, source: View, ranges: slots.Ranges) -> int:
    """Return the part of a number about the source that some of its slots have."""
    owned = slots.count(source.myself.slots)
    return whole * slots.count(ranges) // owned if owned else 0
