"""The cluster as shards with their nodes, from a look at all pods.

What a node says about itself counts most. For a node that could not be read, the view of our own
node counts; without that, the view of the first node that answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from bootstrap.model import layout, slots
from bootstrap.model.slots import SLOTS
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan import migrations, new_nodes_conf, ownership
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import going
from bootstrap.plan.reshard.seen_shards import standing
from bootstrap.show import node_trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node. Values that only the node itself knows are None if it was not read."""

    pod: str
    """The pod's name; without a pod, the hostname or the start of the id."""
    node_id: str
    address: str
    """`-` if it is not known."""
    role: str
    """`primary` or `replica`."""
    place: layout.Place
    link: str | None
    """`up` or `down`, for a replica."""
    lag: int | None
    """Bytes that a replica is behind its primary."""
    keys: int | None
    state: str | None
    """The node's own cluster_state: `ok` or `fail`."""
    trouble: str
    """Why the node was not read, or what others say about it; empty if all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A primary and its replicas."""

    ranges: slots.Ranges
    """Empty if the primary waits for slots, or was drained and may go."""
    rows: tuple[Row, ...]
    """The primary first, then its replicas by ordinal."""
    waits: bool = False
    """Whether its primary has no slots yet, and is to get some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All shards, and the pods and nodes in none."""

    shards: tuple[Shard, ...]
    """By their first slot; those without slots come last."""
    lost: slots.Ranges
    """Slots that no node owns, if there is any shard."""
    disputed: slots.Ranges
    """Slots that several nodes claim."""
    outside: tuple[tuple[str, str], ...]
    """Pods and nodes that are in no shard, and why."""

    @property
    def well(self) -> bool:
        """Whether no slot, pod or link is missing, no node is in trouble or waits for slots."""
        rows = [row for shard in self.shards for row in shard.rows]
        wrong = any(row.trouble or row.state != "ok" or row.link == "down" for row in rows)
        waits = any(shard.waits for shard in self.shards)
        return bool(rows) and not (wrong or waits or self.lost or self.disputed or self.outside)


def cluster(snapshot: Snapshot, topology: Topology) -> Cluster:
    """Return the cluster that a snapshot shows."""
    facts = Facts(snapshot, topology)
    members = _members(facts)
    seats, idle = _seats(facts), going.empty_primaries(facts)
    primaries = [
        one
        for one in members
        if not one.is_replica and (one.slots or one.node_id in seats or one.node_id in idle)
    ]
    shards = [
        Shard(
            ranges=primary.slots,
            rows=tuple(
                _row(facts, one, primary)
                for one in (primary, *_followers(facts, members, primary.node_id))
            ),
            waits=primary.node_id in seats,
        )
        for primary in primaries
    ]
    listed = {row.node_id for shard in shards for row in shard.rows}
    spans = [span for primary in primaries for span in primary.slots]
    handed = migrations.handed_over(facts, facts.pod_by_id.keys())
    return Cluster(
        shards=tuple(sorted(shards, key=lambda shard: (not shard.ranges, shard.ranges))),
        lost=slots.missing((*spans, *handed)) if spans else (),
        disputed=slots.without(_twice(spans), handed),
        outside=tuple(node_trouble.outside(facts, members, listed)),
    )


def _seats(facts: Facts) -> frozenset[str]:
    """Return the ids of the empty primaries that are to get slots."""
    wish = facts.snapshot.wished.wish
    if wish is None or facts.me.view is None:
        return frozenset()
    # While no slot is to move, all of them stay what they are.
    most = SLOTS if wish.shards is None else wish.shards
    return frozenset(one.node_id for one in standing(facts, most).seats)


def _members(facts: Facts) -> list[Member]:
    """Return all nodes, each by the best view of it."""
    views = [view for _, view in facts.viewed if _inside(view)]
    # If our own node is alone with keys beside a cluster, it has claimed their slots itself.
    if facts.me.view and not (views and new_nodes_conf.keys(facts.me)):
        views.insert(0, facts.me.view)
    found = {one.node_id: one for one in (views[0].members if views else ()) if not one.handshake}
    found |= ownership.remembered(facts)
    found |= {view.node_id: view.myself for _, view in facts.viewed if _inside(view)}
    return [found[node_id] for node_id in sorted(found)]


def _inside(view: View) -> bool:
    """Whether a node has met others, or has got slots and will meet them next.

    A node with keys that knows no other node has claimed the slots of its keys itself.
    """
    return not view.alone or bool(view.myself.slots and not view.keys)


def _followers(facts: Facts, members: list[Member], primary_id: str) -> list[Member]:
    mine = [one for one in members if one.primary_id == primary_id]
    return sorted(mine, key=lambda one: (_ordinal(facts, one), one.node_id))


def _ordinal(facts: Facts, member: Member) -> int:
    pod = facts.pod_by_id.get(member.node_id)
    return pod.ordinal if pod else 2**31


def _row(facts: Facts, member: Member, primary: Member) -> Row:
    pod = facts.pod_by_id.get(member.node_id)
    view = pod.view if pod else None
    over = facts.pod_by_id.get(primary.node_id)
    ahead = over.view.offset if over and over.view else None
    replica = member.is_replica
    lag = max(0, ahead - view.offset) if replica and view and ahead is not None else None
    return Row(
        pod=node_trouble.name_of(facts, member),
        node_id=member.node_id,
        address=_address(facts, member),
        role="replica" if replica else "primary",
        place=facts.place(pod) if pod else layout.UNKNOWN,
        link=("up" if view.link_up else "down") if replica and view else None,
        lag=lag,
        keys=view.keys if view else None,
        state=("ok" if view.state_ok else "fail") if view else None,
        trouble=node_trouble.trouble(facts, member, view),
    )


def _address(facts: Facts, member: Member) -> str:
    """Return the present address of a node's pod, even if the node there was not read."""
    pod = facts.pod_by_id.get(member.node_id)
    if pod is None and facts.pod_of_ghost(member) is None:
        pod = facts.pod_named(member)
    return (pod.address if pod else None) or member.address or "-"


def _twice(spans: list[slots.Range]) -> slots.Ranges:
    """Return the slots that are in several of the spans."""
    both: list[slots.Range] = []
    end = -1
    for first, last in sorted(spans):
        if first <= end:
            both.append((first, min(last, end)))
        end = max(end, last)
    return slots.normalise(both)
