"""Looks at our own node, the seed, half of the pods or all pods, all at once. Decides nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.dns import client
from bootstrap.model import bus, copied_from, directory, listening
from bootstrap.model.primary_answer import LASTING_SECONDS, PrimaryAnswer
from bootstrap.model.snapshot import Originals, Pod, Scope, Snapshot, Trouble, Unreachable, Volume
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.model.wish import UNSTATED, Wished
from bootstrap.observe import bus_port, disk, lookup, originals, stated_wish, timers, volume
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
        self._stopwatches = timers.Stopwatches(topology, clock)
        self._local = node.Node(
            local, topology.port, access, topology.hostname_of(topology.ordinal)
        )
        self._peers = Peers(topology, access)
        self.names = names
        self.lookup = lookup.Lookup(topology, self._peers, names)
        self._folder = folder
        self._volume: Volume | None = None
        self._wished: Wished = UNSTATED
        self.ports = bus_port.Ports(clock)
        self._originals = originals.Search(access, names)
        self._access, self._clock = access, clock

    @property
    def topology(self) -> Topology:
        """The set, and our own address as far as it is known by now."""
        return self.lookup.topology

    async def look(self, scope: Scope) -> Snapshot:
        """Look once, at no more nodes than `scope` asks for."""
        self._wished = stated_wish.read(self.topology)
        mine = await self._local.read(links=True)
        if self._stopwatches.restarted(mine):
            # A list from before the restart may lack pods that came later.
            self.lookup.forget_listing()
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
        pods = [me, *await self.lookup.look(scope, mine, self._remembered(mine), self._near(mine))]
        pods = await self._bus_ports_tried(mine, pods) if scope is Scope.ALL else pods
        seen = await self._find_originals(scope, mine)
        pods.sort(key=lambda pod: pod.ordinal)
        memory = self._stopwatches.of(scope, me, pods, self._volume)
        down = memory.unlinked_for(me.name) or 0.0
        return Snapshot(
            scope=scope,
            pods=tuple(pods),
            timers=memory,
            listed=self.lookup.listed,
            service=self.lookup.service,
            volume=self._volume,
            originals=seen,
            wished=self._wished,
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

    def wish_changed(self) -> bool:
        """Whether another wish is stated than the last look found."""
        return stated_wish.read(self.topology) != self._wished

    async def migrating(self) -> bool:
        """Whether slots still move from or to our own server."""
        return await self._local.migrating()

    async def strays(self, pod: str) -> int | str:
        """Return how many keys a pod's node has in slots it does not own; or why it is unknown."""
        one = self.node_of(pod)
        return await one.strays() if one else "its node is gone"

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

    def _near(self, mine: View | Unreachable) -> set[str]:
        """Return hostnames of nodes to which our node has a link: it knows their addresses.

        These need no DNS. Otherwise one node that is away for long would make every sidecar ask for
        all pods, again and again. If a pod is not there after all, the next look asks DNS.
        """
        if not isinstance(mine, View) or not self._stopwatches.looked(mine):
            return set()
        return {one.hostname for one in mine.others if one.bus_connected and not one.failed}
