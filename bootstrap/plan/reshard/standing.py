"""What is still to be done until the wished number of shards own all slots evenly."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from bootstrap.model import empty_mark, rebalance, slots
from bootstrap.model.layout import UNKNOWN, Place, together
from bootstrap.model.rebalance import Transfer
from bootstrap.model.snapshot import Scope
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member
from bootstrap.plan import migrations, ownership, timed
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.agreement import agreement

LATER = 2**31
"""The ordinal of a node without a name of ours: it comes after all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A primary and its replicas."""

    node_id: str
    """The primary's."""
    ordinal: int
    """The primary's pod's; `LATER` if it is not known."""
    ranges: slots.Ranges
    """Empty for a seat: a primary that waits for slots."""
    replicas: tuple[int, ...] = ()
    """The ordinals of its replicas that live and have their link to it."""
    place: Place = UNKNOWN
    """Where the primary runs."""
    kept: bool = False
    """Whether an empty primary was drained (`kept`)."""


@dataclass(frozen=True)
class Standing:
    """The shards that there are, and the number of them that is wished."""

    topology: Topology
    wish: int
    shards: tuple[Shard, ...]
    """Owners of slots and empty primaries, by ordinal."""
    known: frozenset[int] = frozenset()
    """The ordinals of all nodes of the cluster, without those that will not come back."""

    @functools.cached_property
    def owners(self) -> tuple[Shard, ...]:
        """The shards that own slots."""
        return tuple(one for one in self.shards if one.ranges)

    @functools.cached_property
    def seats(self) -> tuple[Shard, ...]:
        """The empty primaries that are to get slots, as many as are missing, if there are.

        Those come first that have most replicas by now, then those on whose host, and in whose
        zone, fewest other primaries are, then those with the lowest ordinals. Pods that the wish
        does not need are none.
        """
        candidates = [one for one in self.empty if not self.beyond(one.ordinal)]
        many = self.wish - len(self.owners)
        if len(candidates) <= many:
            return tuple(candidates)
        taken = [one.place for one in self.owners]
        found: list[Shard] = []
        while len(found) < many:
            best = min(candidates, key=lambda one: _rank(one, taken))
            candidates.remove(best)
            taken.append(best.place)
            found.append(best)
        return tuple(found)

    @functools.cached_property
    def empty(self) -> tuple[Shard, ...]:
        """The shards that own no slots."""
        return tuple(one for one in self.shards if not one.ranges)

    @functools.cached_property
    def idle(self) -> tuple[Shard, ...]:
        """The drained shards that the wish does not need: their primaries stand beyond it.

        A new pod beyond the wish is none of these, though it begins as an empty primary too. It
        becomes one more replica.
        """
        return tuple(one for one in self.empty if one.kept and self.beyond(one.ordinal))

    @functools.cached_property
    def drained(self) -> tuple[Shard, ...]:
        """The owners that are to give all their slots away, by ordinal.

        These are the shards of which most will go: first those whose primary stands beyond the
        pods that the wish needs, then those with most replicas there, then the last ones.
        """

        def stays(shard: Shard) -> tuple[bool, int, int]:
            beyond = sum(self.beyond(ordinal) for ordinal in shard.replicas)
            return not self.beyond(shard.ordinal), -beyond, -shard.ordinal

        many = max(0, len(self.owners) - self.wish)
        return tuple(sorted(sorted(self.owners, key=stays)[:many], key=lambda one: one.ordinal))

    @functools.cached_property
    def keepers(self) -> tuple[Shard, ...]:
        """The shards that are to own all slots, by ordinal; too few while seats are missing."""
        staying = [one for one in self.owners if one not in self.drained]
        return tuple(sorted([*staying, *self.seats], key=lambda one: one.ordinal))

    @property
    def missing(self) -> int:
        """How many primaries are missing that could get slots."""
        return self.wish - len(self.keepers)

    @functools.cached_property
    def transfers(self) -> tuple[Transfer, ...]:
        """What has to move; empty while primaries are missing, since all would move again then."""
        if self.missing:
            return ()
        owned = {one.node_id: one.ranges for one in self.owners}
        return rebalance.transfers(owned, [one.node_id for one in self.keepers])

    @functools.cached_property
    def awaited(self) -> tuple[int, ...]:
        """The ordinals of the pods that may become the missing primaries, the lowest ones first.

        These are pods that the wish needs, and that are in no shard yet. If there are too few of
        them, the last replicas are meant: such a pod has to come back with an empty volume.
        """
        topology = self.topology
        wanted = range(topology.ordinal_start, first_beyond(topology, self.wish))
        primaries = {one.ordinal for one in self.shards}
        new = [one for one in wanted if one not in self.known | primaries]
        late = [one for one in wanted if one in self.known - primaries]
        many = max(0, self.missing)
        more = max(0, many - len(new))
        return tuple(sorted([*new[:many], *late[len(late) - more :]]))

    @functools.cached_property
    def foreseen(self) -> Standing:
        """The same with the missing primaries, as if they were there; their ids are pod names."""
        come = [
            Shard(node_id=self.topology.name_of(one), ordinal=one, ranges=())
            for one in self.awaited
        ]
        if not come:
            return self
        shards = tuple(sorted((*self.shards, *come), key=lambda one: one.ordinal))
        return dataclasses.replace(self, shards=shards)

    @property
    def done(self) -> bool:
        """Whether the wished number of shards own all slots evenly."""
        return not self.missing and not self.transfers

    def beyond(self, ordinal: int) -> bool:
        """Whether a pod stands beyond the pods that the wished shards need."""
        return ordinal >= first_beyond(self.topology, self.wish)


def first_beyond(topology: Topology, wish: int) -> int:
    """Return the first ordinal that so many shards, each with its replicas, do not need."""
    return topology.ordinal_start + wish * (1 + topology.replicas_per_shard)


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
    found = [
        Shard(
            node_id=node_id,
            ordinal=_ordinal(facts, known.get(node_id)),
            ranges=owned.get(node_id, ()),
            replicas=_linked(facts, node_id),
            place=_place(facts, node_id),
            kept=kept(facts, node_id),
        )
        for node_id in {*owned, *empty}
    ]
    shards = tuple(sorted(found, key=lambda one: (one.ordinal, one.node_id)))
    ordinals = {_ordinal(facts, one) for one in known.values() if not lost(facts, one)}
    return Standing(topology=facts.topology, wish=wish, shards=shards, known=frozenset(ordinals))


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


def _rank(seat: Shard, taken: Sequence[Place]) -> tuple[int, int, int, int]:
    """Return what the order of seats goes by; `taken` are the places of other primaries."""
    same = [together(seat.place, one) for one in taken]
    hosts, zones = sum(host for host, _ in same), sum(zone for _, zone in same)
    return -len(seat.replicas), hosts, zones, seat.ordinal


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


def _ordinal(facts: Facts, member: Member | None) -> int:
    if member is None:
        return LATER
    pod = facts.pod_by_id.get(member.node_id)
    found = pod.ordinal if pod else facts.topology.ordinal_of(facts.hostname(member))
    return LATER if found is None else found
