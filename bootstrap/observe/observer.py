"""Looks at our own node, the seed, half of the pods or all pods, all at once. Decides nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.dns import client
from bootstrap.model import bus, copied_from, directory, halves, listening, nameless
from bootstrap.model.hostnames import plain
from bootstrap.model.primary_answer import LASTING_SECONDS, PrimaryAnswer
from bootstrap.model.snapshot import Originals, Pod, Scope, Snapshot, Trouble, Unreachable, Volume
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.observe import bus_port, disk, originals, timers, volume
from bootstrap.observe.peers import Peers
from bootstrap.redis import login, node

if TYPE_CHECKING:
    from bootstrap.observe import primary_check


class Observer:
    """Knows where to look, and remembers what was seen."""

    def __init__(  # noqa: PLR0913 - all that a look depends on
        self,
        topology: Topology,
        local: str,
        access: login.Access,
        names: client.Discovery,
        clock: Callable[[], float],
        *,
        folder: Path | None = None,
    ) -> None:
        """`local` is the address of our own Redis; `clock` gives seconds.

        `folder` is where the volume of our own Redis is mounted; None: it is not.
        """
        self.topology = topology
        self.names = names
        self._stopwatches = timers.Stopwatches(topology, clock)
        self._local = node.Node(
            local, topology.port, access, topology.hostname_of(topology.ordinal)
        )
        self._peers = Peers(topology, access)
        self._listed = False
        self._service: directory.Name | None = None
        self._unnamed = False
        self._sought: set[str] = set()
        self._folder = folder
        self._volume: Volume | None = None
        self.ports = bus_port.Ports(clock)
        self._originals = originals.Search(access, names)
        self._access, self._clock = access, clock

    async def look(self, scope: Scope) -> Snapshot:
        """Look once, at no more nodes than `scope` asks for."""
        mine = await self._local.read(links=True)
        if self._stopwatches.restarted(mine):
            # A list from before the restart may lack pods that came later.
            self._listed = False
            self.names.forget_listing()
        self._volume = self._volume_of(mine)
        me = Pod(
            name=self.topology.name,
            ordinal=self.topology.ordinal,
            hostname=self.topology.hostname_of(self.topology.ordinal),
            resolved=directory.UNASKED,
            address=self.topology.address or self._local.address,
            node=mine,
            deaf=await self._deaf(mine),
        )
        pods = [me, *await self._look_at_peers(scope, mine)]
        pods = await self._bus_ports_tried(mine, pods) if scope is Scope.ALL else pods
        seen = await self._find_originals(scope, mine)
        pods.sort(key=lambda pod: pod.ordinal)
        memory = self._stopwatches.of(scope, me, pods, self._volume)
        down = memory.unlinked_for(me.name) or 0.0
        return Snapshot(
            scope=scope,
            pods=tuple(pods),
            timers=memory,
            listed=self._listed,
            service=self._service,
            volume=self._volume,
            originals=seen,
            primary_answer=await self._trials.lately(mine) if down >= LASTING_SECONDS else None,
            disk=disk.read(self._folder) if self._folder else None,
        )

    async def _deaf(self, mine: View | Unreachable) -> Unreachable | None:
        """Return why our server answers no peer; tried only if its settings are a reason to."""
        address = self.topology.address
        if address is None or not isinstance(mine, View):
            return None
        open_to_all = self._access.credentials.proves_default or not listening.protected(mine)
        if open_to_all and not listening.elsewhere(mine, address, self.topology.port):
            return None
        from bootstrap.observe import own_address  # noqa: PLC0415 - most pods do not need it

        return await own_address.tried(address, self.topology.port, self._access)

    async def _bus_ports_tried(self, mine: View | Unreachable, pods: list[Pod]) -> list[Pod]:
        """Try the bus ports of pods that answer, but to which our node has no link."""
        if not isinstance(mine, View) or mine.blank:
            return pods
        places = {
            pod.name: (pod.address, pod.view.myself.bus_port)
            for pod in pods
            if pod.view and pod.address and self._peers.proven(pod.name)
            if not bus.linked(mine, pod.view.node_id)
        }
        said = await self.ports.try_all(places)
        return [dataclasses.replace(pod, bus=said.get(pod.name)) for pod in pods]

    async def dialled(self, snapshot: Snapshot) -> PrimaryAnswer | None:
        """Return what our replica's primary answers our pod now; None if the link is up."""
        me = snapshot.pod(self.topology.name)
        return await self._trials.twice(me.view) if me and me.view else None

    @functools.cached_property
    def _trials(self) -> primary_check.Trials:
        from bootstrap.observe import primary_check  # noqa: PLC0415 - a healthy pod does not need it

        return primary_check.Trials(self._local, self._access, self._clock)

    def gate_opened(self) -> None:
        """Remember that our own server may be up from now on."""
        self._stopwatches.opened = True

    def answered(self, pod: str, kind: str, refused: str | None, *, forbidden: bool) -> None:
        """Remember how a server answered an action; `refused` is None if it accepted the action."""
        self._stopwatches.answered(pod, kind, refused, forbidden=forbidden)

    def _volume_of(self, mine: View | Unreachable) -> Volume | None:
        """Read our own node's volume if no server listens; one that runs has read it already."""
        down = isinstance(mine, Unreachable) and mine.trouble is Trouble.REFUSED
        return volume.read(self._folder) if self._folder and down else None

    async def _find_originals(self, scope: Scope, mine: View | Unreachable) -> Originals | None:
        """Look for the nodes of which our volume, or our server, may be a copy.

        Look for those of a volume until its server starts, and for those of a server only if its
        node knows foreign names. None if there is no reason to look.
        """
        topology, own = self.topology, [self._local.address, self.topology.address or ""]
        if self._volume and self._volume.members and not self._stopwatches.opened:
            return await self._originals.of_volume(self._volume.members, topology, own)
        if (
            scope is Scope.ALL
            and isinstance(mine, View)
            and copied_from.foreign(mine.others, topology)
        ):
            return await self._originals.of_view(mine, topology, own)
        return None

    def _remembered(self, mine: View | Unreachable) -> tuple[Member, ...]:
        """Return the nodes that our own node knows, or knew when its server ended."""
        if isinstance(mine, View):
            return mine.members
        return self._volume.members if self._volume else ()

    def node_of(self, pod: str) -> node.Node | None:
        """Return the node in a pod; None if none was proven to be there."""
        if pod == self.topology.name:
            return self._local
        return self._peers.node_of(pod)

    async def rest(self) -> None:
        """Close the connections to all peers: a healthy pod speaks with its own Redis only."""
        await self._peers.close()

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(self._local.close(), self._peers.close())

    async def _look_at_peers(self, scope: Scope, mine: View | Unreachable) -> list[Pod]:
        match scope:
            case Scope.LOCAL:
                return []
            case Scope.SEED:
                seed = self.topology.ordinal_start
                name = await self.names.address_of(self.topology.hostname_of(seed))
                if self.topology.seed:
                    return []
                return [await self._peers.one(seed, name, mine, self._remembered(mine))]
            case Scope.HALF:
                return await self._half(mine)
            case Scope.ALL:
                return await self._all_peers(mine)

    async def _half(self, mine: View | Unreachable) -> list[Pod]:
        """Look at half of the peers, without those that surely are where our node believes."""
        topology = self.topology
        some = halves.half(set(topology.ordinals) | self._ordinals_in(mine), topology.ordinal)
        ordinals = self._peers.placed.among(mine, some)
        ordinals.discard(topology.ordinal)
        if ordinals:
            # One question for all peers, since all pods ask at the same time.
            await self.names.relist()
        hostnames = [topology.hostname_of(ordinal) for ordinal in ordinals]
        found = await self.names.ask(())
        found = await self.names.ask([name for name in hostnames if not found.of(name).addresses])
        names = {ordinal: found.of(topology.hostname_of(ordinal)) for ordinal in sorted(ordinals)}
        return await self._peers.observe(names, mine, self._remembered(mine))

    async def _all_peers(self, mine: View | Unreachable) -> list[Pod]:
        topology = self.topology
        ordinals = set(topology.ordinals) | self._ordinals_in(mine)
        ordinals.discard(topology.ordinal)
        near = self._near(mine) - self._sought
        wanted = [
            topology.hostname_of(ordinal)
            for ordinal in sorted(ordinals)
            if not self._peers.proven(topology.name_of(ordinal))
            and topology.hostname_of(ordinal) not in near
        ]
        if topology.size is None or topology.address is None or self._unnamed:
            # Some pod may have an unexpected name. Our own name also asks for the Service's list.
            wanted.append(topology.hostname_of(topology.ordinal))
        found = await self.names.ask(wanted)
        # If DNS is silent, more questions only take time.
        answered = found.of(topology.hostname_of(topology.ordinal)).state != "unknown"
        if not self._listed and topology.size is None and (answered or found.nameless):
            self._listed = await self.names.list_pods()
            found = await self.names.ask(())
        ours = (topology.own_ordinal_of(name.removesuffix(".")) for name, _ in found.names)
        self._service = found.service
        placed = await self._named_by_nodes(found.nameless)
        ordinals |= {ordinal for ordinal in ours if ordinal is not None} | placed.keys()
        ordinals.discard(topology.ordinal)
        names = {
            ordinal: placed.get(ordinal) or found.of(topology.hostname_of(ordinal))
            for ordinal in sorted(ordinals)
        }
        peers = await self._peers.observe(names, mine, self._remembered(mine), near)
        await self._settle_address(found, peers)
        self._peers.doubt_shared(peers)
        self._sought = {pod.hostname for pod in peers if not self._peers.proven(pod.name)}
        all_proven = all(self._peers.proven(pod.name) for pod in peers)
        if topology.seed and topology.size is not None and all_proven and not self._listed:
            # Only now: questions about missing names come first.
            self._listed = await self.names.list_pods()
            return await self._all_peers(mine) if self._listed else peers
        self._unnamed = nameless.exist(mine, peers)
        return list(peers)

    def _near(self, mine: View | Unreachable) -> set[str]:
        """Return hostnames of nodes to which our node has a link: it knows their addresses.

        These need no DNS. Otherwise one node that is away for long would make every sidecar ask for
        all pods, again and again. If a pod is not there after all, the next look asks DNS.
        """
        if not isinstance(mine, View) or not self._stopwatches.looked(mine):
            return set()
        return {one.hostname for one in mine.others if one.bus_connected and not one.failed}

    async def _named_by_nodes(self, nameless: tuple[str, ...]) -> dict[int, directory.Name]:
        """Ask the nodes at the Service's addresses without a name; return them by ordinal."""
        views = await asyncio.gather(*(self._peers.at(address, "").read() for address in nameless))
        named: dict[int, directory.Name] = {}
        for address, said in zip(nameless, views, strict=True):
            hostname = isinstance(said, View) and said.setting("cluster-announce-hostname")
            ordinal = self.topology.own_ordinal_of(plain(hostname)) if hostname else None
            if ordinal is not None:
                named[ordinal] = directory.Name(state="found", addresses=(address,))
        return named

    def _ordinals_in(self, mine: View | Unreachable) -> set[int]:
        """Return the ordinals of all nodes that our own node knows, also beyond the size."""
        members = self._remembered(mine)
        found = (self.topology.meant_by(member.hostname) for member in members)
        return {ordinal for ordinal in found if ordinal is not None}

    async def _settle_address(self, found: directory.Directory, peers: list[Pod]) -> None:
        """Learn our address if POD_IP is not set: the one from which the seed is reached."""
        topology = self.topology
        if topology.address is not None:
            return
        seed = topology.hostname_of(topology.ordinal_start)
        seen = [pod.address for pod in peers if pod.hostname == seed and pod.address]
        for address in [*seen, *found.of(seed).addresses][:1]:
            source = await self._peers.at(address, seed).source_address()
            if source is not None:
                self.topology = dataclasses.replace(topology, address=source)
                self._peers.topology = self.topology
