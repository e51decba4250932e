"""What is still to be done until the wished number of shards own all slots evenly."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from bootstrap.model import rebalance, slots
from bootstrap.model.layout import UNKNOWN, Place, together
from bootstrap.model.rebalance import Transfer
from bootstrap.model.topology import Topology

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
    marked: tuple[int, ...] = ()
    """The ordinals of its nodes that were told to stay when the last slot leaves."""


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
        does not need are none, but for the primary of a drained shard with a replica that it needs.
        """
        candidates = [one for one in self.empty if not self.beyond(one.ordinal)]
        many = self.wish - len(self.owners)
        # An empty primary beyond hands its role over once it has slots, and not before.
        late = [
            one
            for one in self.empty
            if one.kept and self.beyond(one.ordinal) and not all(map(self.beyond, one.replicas))
        ]
        candidates += late[: max(0, many - len(candidates))]
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
        return tuple(
            one
            for one in self.empty
            if one.kept and self.beyond(one.ordinal) and one not in self.seats
        )

    @functools.cached_property
    def drained(self) -> tuple[Shard, ...]:
        """The owners that are to give all their slots away, by ordinal.

        A shard whose draining has begun is drained to the end, though a pod of it may be away by
        now, or have lost its mark with a restart. (A replica inside may have brought its mark from
        another shard.) Then come the shards of which most will go: first those whose primary stands
        beyond the pods that the wish needs, then those with most replicas there, then the last
        ones.
        """

        def stays(shard: Shard) -> tuple[bool, bool, int, int]:
            beyond = sum(self.beyond(ordinal) for ordinal in shard.replicas)
            begun = any(one == shard.ordinal or self.beyond(one) for one in shard.marked)
            return not begun, not self.beyond(shard.ordinal), -beyond, -shard.ordinal

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


def _rank(seat: Shard, taken: Sequence[Place]) -> tuple[int, int, int, int]:
    """Return what the order of seats goes by; `taken` are the places of other primaries."""
    same = [together(seat.place, one) for one in taken]
    hosts, zones = sum(host for host, _ in same), sum(zone for _, zone in same)
    return -len(seat.replicas), hosts, zones, seat.ordinal
