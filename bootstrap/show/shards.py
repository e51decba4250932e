"""The cluster as a person thinks of it: shards, and the nodes in them. From a look at all pods.

Every node's own word about itself counts most. About those that could not be asked counts what
our own node says; where that is silent too, what the first says that answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bootstrap.model import layout, slots
from bootstrap.model.snapshot import Member, Pod, Snapshot, Trouble, Unreachable, View
from bootstrap.model.topology import Topology
from bootstrap.plan import new_nodes_conf, ownership
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import down


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node. What only it could tell is None when it was not asked."""

    pod: str
    node_id: str
    address: str
    role: str
    place: layout.Place
    link: str | None
    lag: int | None
    """Bytes that a replica still lacks."""
    keys: int | None
    state: str | None
    """cluster_state, as the node itself sees it."""
    trouble: str
    """Why it was not asked, or what others say of it; empty when all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A primary, first, and its replicas by ordinal."""

    ranges: slots.Ranges
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All shards by their first slot, and who is in none."""

    shards: tuple[Shard, ...]
    lost: slots.Ranges
    disputed: slots.Ranges
    """Slots that more than one node says are its own."""
    outside: tuple[tuple[str, str], ...]
    """Pods without a node in the cluster, and why."""

    @property
    def well(self) -> bool:
        """Whether nothing is missing, and no node is in trouble."""
        rows = [row for shard in self.shards for row in shard.rows]
        wrong = any(row.trouble or row.state != "ok" or row.link == "down" for row in rows)
        return bool(rows) and not (wrong or self.lost or self.disputed or self.outside)


def cluster(snapshot: Snapshot, topology: Topology) -> Cluster:
    """Put together what was seen."""
    facts = Facts(snapshot, topology)
    members = _members(facts)
    primaries = [one for one in members if one.slots and not one.is_replica]
    shards = [
        Shard(
            ranges=primary.slots,
            rows=tuple(
                _row(facts, one, primary)
                for one in (primary, *_followers(facts, members, primary.node_id))
            ),
        )
        for primary in primaries
    ]
    listed = {row.node_id for shard in shards for row in shard.rows}
    spans = [span for primary in primaries for span in primary.slots]
    return Cluster(
        shards=tuple(sorted(shards, key=lambda shard: shard.ranges)),
        lost=slots.missing(spans) if shards else (),
        disputed=_twice(spans),
        outside=tuple(_outside(facts, members, listed)),
    )


def _members(facts: Facts) -> list[Member]:
    """All nodes, each by the best word there is about it."""
    views = [view for _, view in facts.viewed if _inside(view)]
    # Alone with its keys beside a cluster, our own node has claimed the slots of these for itself.
    if facts.me.view and not (views and new_nodes_conf.keys(facts.me)):
        views.insert(0, facts.me.view)
    found = {one.node_id: one for one in (views[0].members if views else ()) if not one.handshake}
    found |= ownership.remembered(facts)
    found |= {view.node_id: view.myself for _, view in facts.viewed if _inside(view)}
    return [found[node_id] for node_id in sorted(found)]


def _inside(view: View) -> bool:
    """Whether a node has met others, or was given its slots to meet them next.

    One that holds keys and knows no other has claimed the slots of these by itself.
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
        pod=_called(facts, member),
        node_id=member.node_id,
        address=_address(facts, member),
        role="replica" if replica else "primary",
        place=facts.place(pod) if pod else layout.UNKNOWN,
        link=("up" if view.link_up else "down") if replica and view else None,
        lag=lag,
        keys=view.keys if view else None,
        state=("ok" if view.state_ok else "fail") if view else None,
        trouble=_trouble(facts, member, view),
    )


def _address(facts: Facts, member: Member) -> str:
    """Where its pod is now; a node that has not been asked may have moved there too."""
    pod = facts.pod_by_id.get(member.node_id)
    if pod is None and facts.ghost(member) is None:
        pod = facts.pod_named(member)
    return (pod.address if pod else None) or member.address or "-"


def _called(facts: Facts, member: Member) -> str:
    """The pod's name; without one, whatever the node can be called by."""
    pod, hostname = facts.pod_by_id.get(member.node_id), facts.hostname(member)
    ordinal = pod.ordinal if pod else facts.topology.ordinal_of(hostname)
    return hostname or member.node_id[:8] if ordinal is None else facts.topology.name_of(ordinal)


def _trouble(facts: Facts, member: Member, view: View | None) -> str:
    if view is not None:
        others = [seen.member(member.node_id) for _, seen in facts.viewed if seen is not view]
        doubts = sum(one is not None and one.failed for one in others)
        if others and not any(others):
            return "no other node knows it"
        return f"{_count(doubts)} it for failed" if doubts else ""
    successor = facts.ghost(member)
    if successor:
        return f"{new_nodes_conf.fate(successor)}; another node lives in its pod"
    if down.scaled_away(facts, member):
        return "its pod is gone"
    pod = facts.pod_named(member)
    flags = ", ".join(sorted(member.flags & {"fail", "fail?", "noaddr"}))
    marked = f" ({flags})" if flags else ""
    return _absence(pod, marked) if pod else f"not looked at{marked}"


_SILENCE = {
    Trouble.REFUSED: "away",
    Trouble.TIMEOUT: "away",
    Trouble.LOADING: "loading",
}
"""What each kind of silence is called. Away is only a pod that nothing reaches."""


def _absence(pod: Pod, marked: str = "") -> str:
    """Why there is no word of a pod's own: it is away, or only we do not know."""
    said = reason(pod)
    if pod.view is not None:
        return f"not proven{marked}: {said}"
    if isinstance(pod.node, Unreachable):
        return f"{_SILENCE.get(pod.node.trouble, 'not let in')}{marked}: {said}"
    if pod.resolved.state == "absent":
        return f"away{marked}: DNS says {said}"
    return f"not known{marked}: DNS: {said}"


def _count(doubts: int) -> str:
    return "1 node takes" if doubts == 1 else f"{doubts} nodes take"


def _outside(facts: Facts, members: list[Member], listed: set[str]) -> Iterable[tuple[str, str]]:
    """Pods, and nodes, that are in no shard; each is told once."""
    strays = [
        (_stray(facts, member), f"{_trouble(facts, member, None)}; in no shard")
        for member in members
        if member.node_id not in listed and member.node_id not in facts.pod_by_id
        if _settled(listed, facts.ghost(member))
    ]
    yield from strays
    told = {name for name, _ in strays}
    rows = [facts.pod_named(one) for one in members if one.node_id in listed]
    named = {pod.name for pod in rows if pod}
    for pod in facts.snapshot.pods:
        proven = pod.view is not None and pod.view.node_id in facts.pod_by_id
        if not proven and pod.name not in named:
            if pod.name not in told:
                yield pod.name, _absence(pod)
        elif proven and pod.view is not None and pod.view.node_id not in listed:
            held = new_nodes_conf.keys(pod)
            kept = f"its nodes.conf is new, it holds {held} keys, and is in no shard"
            gone = any(facts.ghost(one) is pod for one in members)
            lost = f"in no shard; {new_nodes_conf.fate(pod)}" if gone else "in no shard"
            yield pod.name, "new" if pod.view.blank else kept if held else lost


def _stray(facts: Facts, member: Member) -> str:
    """A node in no shard as it is called; without a name all that it can be found by."""
    called = _called(facts, member)
    where = f" at {member.address}:{member.port}" if member.address else ""
    return f"node {member.node_id}{where}" if called == member.node_id[:8] else called


def _settled(listed: set[str], successor: Pod | None) -> bool:
    """Whether a former node's pod has a role again; else the two are told as one, by that pod."""
    return successor is None or successor.view is None or successor.view.node_id in listed


def reason(pod: Pod) -> str:
    """Why a pod's node could not be asked."""
    if pod.view is not None:
        return f"a node that is not proven to be its own answers at {pod.address}"
    if isinstance(pod.node, Unreachable):
        return pod.node.reason
    return pod.resolved.reason


def _twice(spans: list[slots.Range]) -> slots.Ranges:
    """The slots that are in more than one of the spans."""
    both: list[slots.Range] = []
    end = -1
    for first, last in sorted(spans):
        if first <= end:
            both.append((first, min(last, end)))
        end = max(end, last)
    return slots.normalise(both)
