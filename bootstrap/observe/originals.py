"""Looks for the nodes of which our volume, or our server, may be a copy. Decides nothing.

These nodes are in another set, so nothing known about our own pods leads to them. Their names are
asked of DNS unchanged, and their addresses are tried.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bootstrap.dns import client
from bootstrap.model import copied_from
from bootstrap.model.snapshot import Originals, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.redis import login, node

CONNECT_SECONDS: Final = 0.5
"""A server in the same network takes a connection within milliseconds. A lost packet is repeated
after 1 s (RFC 6298), so a slightly longer wait would find no more."""

_AT_ONCE: Final = 32
"""Servers that are asked together. Each answers with a line for each node of its cluster."""


class Search:
    """For one task at a time. Keeps no connections, since a second look is rare."""

    def __init__(self, access: login.Access, names: client.Discovery) -> None:
        """Do not connect yet."""
        self._access = access
        self._names = names

    async def of_volume(
        self, members: Sequence[Member], topology: Topology, own: Iterable[str]
    ) -> Originals:
        """Return the nodes that a nodes.conf names; `own` are our own server's addresses."""
        me = next(one for one in members if "myself" in one.flags)
        places = copied_from.of_volume(members, topology)
        return await self._find(members, topology, places, {*own}, me.node_id)

    async def of_view(self, view: View, topology: Topology, own: Iterable[str]) -> Originals:
        """Return the nodes that our running node knows by foreign names."""
        places = copied_from.of_view(view.members, topology)
        return await self._find(view.members, topology, places, {*own}, view.node_id)

    async def _find(
        self,
        members: Sequence[Member],
        topology: Topology,
        places: Sequence[copied_from.Place],
        own: set[str],
        node_id: str,
    ) -> Originals:
        hostnames = copied_from.names(members, topology)
        found = await self._names.elsewhere(hostnames)
        more = [
            copied_from.Place(address, 0, name)
            for name in hostnames
            for address in found[name].addresses
        ]
        answers = await self._ask([*places, *more], own, topology, node_id)
        moved = [*copied_from.moved_on(node_id, answers)]
        answers += await self._ask(moved, own, topology, node_id)
        return Originals(names=tuple(found.items()), nodes=tuple(sorted(answers, key=_address)))

    async def _ask(
        self, places: Sequence[copied_from.Place], own: set[str], topology: Topology, node_id: str
    ) -> list[tuple[str, View | Unreachable | None]]:
        """Ask each address once. For the same address the file's entry counts, not that of DNS."""
        once = {one.address: one for one in reversed(places) if one.address not in own}
        said: list[View | Unreachable | None] = []
        for some in _batches(once.values()):
            heard = await asyncio.gather(*(self._at(one, topology) for one in some))
            said += [_brief(one, node_id) for one in heard]
        return list(zip(once, said, strict=True))

    async def _at(self, place: copied_from.Place, topology: Topology) -> View | Unreachable | None:
        # With TLS the file may hold the port for clients without TLS, where no server listens.
        port = topology.port if self._access.tls or not place.port else place.port
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(place.address, port)
        except (OSError, TimeoutError):
            return None
        writer.transport.abort()
        one = node.Node(place.address, port, self._access, place.hostname)
        try:
            return await one.read()
        finally:
            await one.close()


def _batches(places: Iterable[copied_from.Place]) -> Iterator[list[copied_from.Place]]:
    left = list(places)
    while left:
        yield left[:_AT_ONCE]
        del left[:_AT_ONCE]


def _brief(said: View | Unreachable | None, node_id: str) -> View | Unreachable | None:
    """Return an answer with the needed lines only: those of hundreds of nodes take much memory."""
    if not isinstance(said, View):
        return said
    kept = (one for one in said.members if one.node_id in {said.node_id, node_id})
    return dataclasses.replace(said, members=tuple(kept))


def _address(answer: tuple[str, View | Unreachable | None]) -> str:
    return answer[0]
