"""Where to look for the nodes of which our volume, or our server, may be a copy.

A copied nodes.conf contains the names and addresses of the nodes of the original cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bootstrap.model.snapshot import Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View


class Place(NamedTuple):
    """Where to ask."""

    address: str
    port: int
    """The client port; 0: that of our own servers."""
    hostname: str
    """The name that the certificate there must have."""


def foreign(members: Sequence[Member], topology: Topology) -> list[Member]:
    """Return the members whose hostname is not the full name of a pod of ours.

    A member without a hostname tells nothing. A name of the adopted set counts as foreign: its pods
    may come back.
    """
    named = [one for one in members if one.hostname and not one.handshake]
    return [one for one in named if topology.own_ordinal_of(one.hostname) is None]


def names(members: Sequence[Member], topology: Topology) -> list[str]:
    """Return the foreign names to ask of DNS, sorted; without shortened names, which DNS lacks."""
    ours = f"{topology.subdomain}."
    rests = {one.hostname: one.hostname.partition(".")[2] for one in foreign(members, topology)}
    return sorted(name for name, rest in rests.items() if rest and not ours.startswith(f"{rest}."))


def of_volume(members: Sequence[Member], topology: Topology) -> list[Place]:
    """Return where the nodes of our nodes.conf may still run, while our server is down.

    Nothing if our node has the address that it had before, and all names in the file are ours.
    """
    mine = next(one for one in members if "myself" in one.flags)
    if mine.address == topology.address and not foreign(members, topology):
        return []
    return _places(members)


def of_view(members: Sequence[Member], topology: Topology) -> list[Place]:
    """Return where the foreign nodes are that our own running node knows."""
    return _places(foreign(members, topology))


def moved_on(
    node_id: str, answers: Sequence[tuple[str, View | Unreachable | None]]
) -> Iterator[Place]:
    """Yield where the nodes that answered see the node of this id, if nothing was asked there."""
    asked = {address for address, _ in answers}
    for _, said in answers:
        member = said.member(node_id) if isinstance(said, View) else None
        if member and member.address and not member.failed and member.address not in asked:
            yield Place(member.address, member.port, member.hostname)


def _places(members: Sequence[Member]) -> list[Place]:
    return sorted(Place(one.address, one.port, one.hostname) for one in members if one.address)
