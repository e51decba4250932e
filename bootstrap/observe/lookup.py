"""Which peers a look looks at, and where they are: by DNS, or by what our own node knows."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Collection, Sequence

from bootstrap.dns import client
from bootstrap.model import directory, halves, nameless
from bootstrap.model.hostnames import plain
from bootstrap.model.snapshot import Pod, Scope, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.observe.peers import Peers


class Lookup:
    """Asks DNS no more than a look needs, and remembers what it said of the Service."""

    def __init__(self, topology: Topology, peers: Peers, names: client.Discovery) -> None:
        """Ask nothing yet."""
        self.topology = topology
        """Whose pods are looked for. If POD_IP is not set, our own address is learnt by a look."""
        self.peers = peers
        self.names = names
        self.listed = False
        """Whether DNS has listed all pods of the Service."""
        self.service: directory.Name | None = None
        """What DNS says of the Service's own name; None if it was not asked."""
        self._unnamed = False
        self._sought: set[str] = set()

    def forget_listing(self) -> None:
        """Forget the list of the Service's pods: it may lack pods that came later."""
        self.listed = False
        self.names.forget_listing()

    async def look(
        self,
        scope: Scope,
        mine: View | Unreachable,
        known: Sequence[Member],
        near: Collection[str],
    ) -> list[Pod]:
        """Look at the peers that `scope` asks for.

        `mine` is our own node, and `known` are the nodes that it knows, or knew when its server
        ended. `near` are the hostnames of those whose addresses it surely knows: these need no DNS.
        """
        match scope:
            case Scope.LOCAL:
                return []
            case Scope.SEED:
                seed = self.topology.ordinal_start
                name = await self.names.address_of(self.topology.hostname_of(seed))
                if self.topology.seed:
                    return []
                return [await self.peers.one(seed, name, mine, known)]
            case Scope.HALF:
                return await self._half(mine, known)
            case Scope.ALL:
                return await self._all(mine, known, set(near) - self._sought)

    async def _half(self, mine: View | Unreachable, known: Sequence[Member]) -> list[Pod]:
        """Look at half of the peers, without those that surely are where our node believes."""
        topology = self.topology
        some = halves.half(set(topology.ordinals) | self._ordinals_in(known), topology.ordinal)
        ordinals = self.peers.placed.among(mine, some)
        ordinals.discard(topology.ordinal)
        if ordinals:
            # One question for all peers, since all pods ask at the same time.
            await self.names.relist()
        hostnames = [topology.hostname_of(ordinal) for ordinal in ordinals]
        found = await self.names.ask(())
        found = await self.names.ask([name for name in hostnames if not found.of(name).addresses])
        names = {ordinal: found.of(topology.hostname_of(ordinal)) for ordinal in sorted(ordinals)}
        return await self.peers.observe(names, mine, known)

    async def _all(
        self, mine: View | Unreachable, known: Sequence[Member], near: set[str]
    ) -> list[Pod]:
        topology = self.topology
        ordinals = set(topology.ordinals) | self._ordinals_in(known)
        ordinals.discard(topology.ordinal)
        wanted = [
            topology.hostname_of(ordinal)
            for ordinal in sorted(ordinals)
            if not self.peers.proven(topology.name_of(ordinal))
            and topology.hostname_of(ordinal) not in near
        ]
        if topology.size is None or topology.address is None or self._unnamed:
            # Some pod may have an unexpected name. Our own name also asks for the Service's list.
            wanted.append(topology.hostname_of(topology.ordinal))
        found = await self.names.ask(wanted)
        # If DNS is silent, more questions only take time.
        answered = found.of(topology.hostname_of(topology.ordinal)).state != "unknown"
        if not self.listed and topology.size is None and (answered or found.nameless):
            self.listed = await self.names.list_pods()
            found = await self.names.ask(())
        ours = (topology.own_ordinal_of(name.removesuffix(".")) for name, _ in found.names)
        self.service = found.service
        placed = await self._named_by_nodes(found.nameless)
        ordinals |= {ordinal for ordinal in ours if ordinal is not None} | placed.keys()
        ordinals.discard(topology.ordinal)
        names = {
            ordinal: placed.get(ordinal) or found.of(topology.hostname_of(ordinal))
            for ordinal in sorted(ordinals)
        }
        peers = await self.peers.observe(names, mine, known, near)
        await self._settle_address(found, peers)
        self.peers.doubt_shared(peers)
        self._sought = {pod.hostname for pod in peers if not self.peers.proven(pod.name)}
        all_proven = all(self.peers.proven(pod.name) for pod in peers)
        if topology.seed and topology.size is not None and all_proven and not self.listed:
            # Only now: questions about missing names come first.
            self.listed = await self.names.list_pods()
            return await self._all(mine, known, near - self._sought) if self.listed else peers
        self._unnamed = nameless.exist(mine, peers)
        return list(peers)

    async def _named_by_nodes(self, nameless: tuple[str, ...]) -> dict[int, directory.Name]:
        """Ask the nodes at the Service's addresses without a name; return them by ordinal."""
        views = await asyncio.gather(*(self.peers.at(address, "").read() for address in nameless))
        named: dict[int, directory.Name] = {}
        for address, said in zip(nameless, views, strict=True):
            hostname = isinstance(said, View) and said.setting("cluster-announce-hostname")
            ordinal = self.topology.own_ordinal_of(plain(hostname)) if hostname else None
            if ordinal is not None:
                named[ordinal] = directory.Name(state="found", addresses=(address,))
        return named

    def _ordinals_in(self, known: Sequence[Member]) -> set[int]:
        """Return the ordinals of all nodes that our own node knows, also beyond the size."""
        found = (self.topology.meant_by(member.hostname) for member in known)
        return {ordinal for ordinal in found if ordinal is not None}

    async def _settle_address(self, found: directory.Directory, peers: list[Pod]) -> None:
        """Learn our address if POD_IP is not set: the one from which the seed is reached."""
        topology = self.topology
        if topology.address is not None:
            return
        seed = topology.hostname_of(topology.ordinal_start)
        seen = [pod.address for pod in peers if pod.hostname == seed and pod.address]
        for address in [*seen, *found.of(seed).addresses][:1]:
            source = await self.peers.at(address, seed).source_address()
            if source is not None:
                self.topology = dataclasses.replace(topology, address=source)
                self.peers.topology = self.topology
