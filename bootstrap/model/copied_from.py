"""Where to look for the nodes that a volume, or a server, may be a copy of.

A copy knows its originals by name and by address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bootstrap.model.snapshot import Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View


class Place(NamedTuple):
    """Where to ask: an address, the port (0: that of our own servers), and a certificate's name."""

    address: str
    port: int
    hostname: str


def foreign(members: Sequence[Member], topology: Topology) -> list[Member]:
    """Members whose name is not the full name of a pod of ours. One without a name tells nothing.

    The name of an adopted set is not ours here: what was adopted may come back to life.
    """
    named = [one for one in members if one.hostname and not one.handshake]
    return [one for one in named if topology.own_ordinal_of(one.hostname) is None]


def names(members: Sequence[Member], topology: Topology) -> list[str]:
    """Names to ask DNS for: those that are not ours, but for names cut short, which DNS lacks."""
    ours = f"{topology.subdomain}."
    rests = {one.hostname: one.hostname.partition(".")[2] for one in foreign(members, topology)}
    return sorted(name for name, rest in rests.items() if rest and not ours.startswith(f"{rest}."))


def of_volume(members: Sequence[Member], topology: Topology) -> list[Place]:
    """Where the nodes of a nodes.conf may live on, for as long as our server is down.

    Nowhere else, if our node comes back at the address that it had, among pods of our own names.
    """
    mine = next(one for one in members if "myself" in one.flags)
    if mine.address == topology.address and not foreign(members, topology):
        return []
    return _places(members)


def of_view(members: Sequence[Member], topology: Topology) -> list[Place]:
    """Where the nodes of other names are that our own node, which runs, knows."""
    return _places(foreign(members, topology))


def moved_on(
    node_id: str, answers: Sequence[tuple[str, View | Unreachable | None]]
) -> Iterator[Place]:
    """Where those that answered see the node of this id, if that is none of the places asked."""
    asked = {address for address, _ in answers}
    for _, said in answers:
        member = said.member(node_id) if isinstance(said, View) else None
        if member and member.address and not member.failed and member.address not in asked:
            yield Place(member.address, member.port, member.hostname)


def _places(members: Sequence[Member]) -> list[Place]:
    return sorted(Place(one.address, one.port, one.hostname) for one in members if one.address)
