"""Looks at our own node, at the seed, or at everybody, all at once; decides nothing."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from bootstrap import connection, discovery, fanout, memories, node, placed, volume
from bootstrap.core import directory, halves
from bootstrap.core.model import (
    Member,
    Pod,
    Scope,
    Snapshot,
    Topology,
    Trouble,
    Unreachable,
    View,
    Volume,
)
from bootstrap.core.proof import Proof, prove

_NOT_ASKED = directory.Name(state="unknown", reason="not asked for yet")


class Observer:
    """Keeps connections, and who was proven to be where."""

    def __init__(  # noqa: PLR0913 - all that a look depends on
        self,
        topology: Topology,
        local: str,
        access: connection.Access,
        names: discovery.Discovery,
        clock: Callable[[], float],
        *,
        folder: Path | None = None,
    ) -> None:
        """`local` is the address of our own Redis; `clock` gives seconds.

        `folder` is where the volume of our own Redis can be looked at; None: nowhere.
        """
        self.topology = topology
        self.names = names
        self._access = access
        self._memories = memories.Memories(topology, clock)
        self._local = node.Node(
            local, topology.port, access, topology.hostname_of(topology.ordinal)
        )
        self._nodes: dict[tuple[str, str], node.Node] = {}
        self._proven: dict[str, str] = {}
        self._placed = placed.Placed(topology)
        self._listed = False
        self._unnamed = False
        self._folder = folder
        self._volume: Volume | None = None

    async def look(self, scope: Scope) -> Snapshot:
        """One look, no wider than asked for."""
        mine = await self._local.read()
        self._volume = self._volume_of(mine)
        me = Pod(
            name=self.topology.name,
            ordinal=self.topology.ordinal,
            hostname=self.topology.hostname_of(self.topology.ordinal),
            resolved=_NOT_ASKED,
            address=self.topology.address or self._local.address,
            node=mine,
        )
        pods = [me, *await self._peers(scope, mine)]
        pods.sort(key=lambda pod: pod.ordinal)
        return Snapshot(
            scope=scope,
            pods=tuple(pods),
            memory=self._memories.of(scope, me, pods, self._volume),
            listed=self._listed,
            volume=self._volume,
        )

    def gate_opened(self) -> None:
        """From now on our own server may be up at any time."""
        self._memories.opened = True

    def _volume_of(self, mine: View | Unreachable) -> Volume | None:
        """Our own node's volume, while nobody listens: a server that runs has read it already."""
        down = isinstance(mine, Unreachable) and mine.trouble is Trouble.REFUSED
        return volume.read(self._folder) if self._folder and down else None

    def _remembered(self, mine: View | Unreachable) -> tuple[Member, ...]:
        """Whom our own node knows; while it is down, whom it knew when it ended."""
        if isinstance(mine, View):
            return mine.members
        return self._volume.members if self._volume else ()

    def node_of(self, pod: str) -> node.Node | None:
        """The node that was last seen in a pod; None when none was proven to be there."""
        if pod == self.topology.name:
            return self._local
        address = self._proven.get(pod)
        return self._at(address, f"{pod}.{self.topology.subdomain}") if address else None

    async def rest(self) -> None:
        """Let go of all peers: a healthy pod talks to its own Redis alone."""
        await asyncio.gather(*(one.close() for one in self._nodes.values()))
        self._nodes.clear()
        self._proven.clear()

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*(one.close() for one in (self._local, *self._nodes.values())))

    async def _peers(self, scope: Scope, mine: View | Unreachable) -> list[Pod]:
        match scope:
            case Scope.LOCAL:
                return []
            case Scope.SEED:
                seed = self.topology.ordinal_start
                name = await self.names.address_of(self.topology.hostname_of(seed))
                return [] if self.topology.seed else [await self._peer(seed, name, mine)]
            case Scope.HALF:
                return await self._half(mine)
            case Scope.ALL:
                return await self._everybody(mine)

    async def _half(self, mine: View | Unreachable) -> list[Pod]:
        """Half of the siblings; of those only who may not be where our node believes."""
        topology = self.topology
        some = halves.half(set(topology.ordinals) | self._ordinals_in(mine), topology.ordinal)
        ordinals = self._placed.among(mine, some)
        ordinals.discard(topology.ordinal)
        if ordinals:
            # One question for all of them: everybody asks at the same time.
            await self.names.relist()
        hostnames = [topology.hostname_of(ordinal) for ordinal in ordinals]
        found = await self.names.look(())
        found = await self.names.look([name for name in hostnames if not found.of(name).addresses])
        names = {ordinal: found.of(topology.hostname_of(ordinal)) for ordinal in sorted(ordinals)}
        return await self._in_time(names, mine)

    async def _everybody(self, mine: View | Unreachable) -> list[Pod]:
        topology = self.topology
        ordinals = set(topology.ordinals) | self._ordinals_in(mine)
        ordinals.discard(topology.ordinal)
        wanted = [
            topology.hostname_of(ordinal)
            for ordinal in sorted(ordinals)
            if topology.name_of(ordinal) not in self._proven
        ]
        if topology.size is None or topology.address is None or self._unnamed:
            # Somebody is not expected by name: with our own we ask for the service, which lists.
            wanted.append(topology.hostname_of(topology.ordinal))
        found = await self.names.look(wanted)
        # Where DNS is silent, more questions only take time.
        answered = found.of(topology.hostname_of(topology.ordinal)).state != "unknown"
        if not self._listed and topology.size is None and (answered or found.nameless):
            self._listed = await self.names.list_pods()
            found = await self.names.look(())
        ours = (topology.ordinal_of(name.removesuffix(".")) for name, _ in found.names)
        nameless = await self._named_by_nodes(found.nameless)
        ordinals |= {ordinal for ordinal in ours if ordinal is not None} | nameless.keys()
        ordinals.discard(topology.ordinal)
        names = {
            ordinal: nameless.get(ordinal) or found.of(topology.hostname_of(ordinal))
            for ordinal in sorted(ordinals)
        }
        peers = await self._in_time(names, mine)
        await self._settle_address(found, peers)
        self._doubt_shared(peers)
        everybody = all(pod.name in self._proven for pod in peers)
        if topology.seed and topology.size is not None and everybody and not self._listed:
            # Only now: while names are missing, their questions come first.
            self._listed = await self.names.list_pods()
            return await self._everybody(mine) if self._listed else peers
        self._unnamed = _unnamed([mine, *(pod.node for pod in peers)], peers)
        return list(peers)

    async def _in_time(
        self, names: dict[int, directory.Name], mine: View | Unreachable
    ) -> list[Pod]:
        """Every peer. Addresses that swallow packets do not hold up a node that has its role."""
        asked = {
            ordinal: asyncio.create_task(self._peer(ordinal, name, mine))
            for ordinal, name in names.items()
        }
        settled = isinstance(mine, View) and not mine.alone and not memories.roleless(mine)
        await fanout.wait(asked.values(), all_of_them=not settled)
        return [
            self._late(ordinal, names[ordinal]) if task.cancelled() else task.result()
            for ordinal, task in asked.items()
        ]

    def _late(self, ordinal: int, name: directory.Name) -> Pod:
        """A pod that did not answer when the others did."""
        pod = self._pod(ordinal, name)
        self._proven.pop(pod.name, None)
        reason = "no answer when half of the others had answered long ago"
        return dataclasses.replace(
            pod,
            address=next(iter(name.addresses), None),
            node=Unreachable(trouble=Trouble.TIMEOUT, reason=reason),
        )

    def _pod(self, ordinal: int, name: directory.Name) -> Pod:
        return Pod(
            name=self.topology.name_of(ordinal),
            ordinal=ordinal,
            hostname=self.topology.hostname_of(ordinal),
            resolved=name,
        )

    def _doubt_shared(self, peers: list[Pod]) -> None:
        """Before 7.0 only the address says whose a node is: one for two pods proves neither."""
        addresses = Counter([self.topology.address, *(pod.address for pod in peers)])
        for pod in peers:
            named = pod.view is not None and pod.view.setting("cluster-announce-hostname")
            if addresses[pod.address] > 1 and named is None:
                self._proven.pop(pod.name, None)

    async def _peer(self, ordinal: int, name: directory.Name, mine: View | Unreachable) -> Pod:
        """The first address that leads to the pod's own node, or else the first that was tried."""
        topology, pod = self.topology, self._pod(ordinal, name)
        proven = self._proven.get(pod.name)
        hints = (proven, *name.addresses, *self._addresses_in(mine, ordinal))
        best = pod
        for address in dict.fromkeys(hint for hint in hints if hint):
            said = await self._at(address, pod.hostname).read(shards=_joining(mine))
            seen = dataclasses.replace(pod, address=address, node=said)
            if isinstance(said, View):
                proof = prove(said, pod.hostname, address, topology)
                if proof is Proof.OURS:
                    self._proven[pod.name] = address
                    self._placed.proved(mine, ordinal, said, address)
                    return seen
            if best.view is None and (best.node is None or isinstance(said, View)):
                # Where our own node last saw it somebody else may live by now: that says nothing.
                best = seen if address in (proven, *name.addresses) else best
        self._proven.pop(pod.name, None)
        return best

    def _at(self, address: str, hostname: str) -> node.Node:
        # With TLS a connection is good for one name: that is what the certificate was asked for.
        key = address, hostname if self._access.tls else ""
        if key not in self._nodes:
            self._nodes[key] = node.Node(address, self.topology.port, self._access, hostname)
        return self._nodes[key]

    async def _named_by_nodes(self, nameless: tuple[str, ...]) -> dict[int, directory.Name]:
        """Addresses of the service without a name: the node there says whose it is."""
        views = await asyncio.gather(*(self._at(address, "").read() for address in nameless))
        named: dict[int, directory.Name] = {}
        for address, said in zip(nameless, views, strict=True):
            hostname = isinstance(said, View) and said.setting("cluster-announce-hostname")
            ordinal = self.topology.ordinal_of(hostname) if hostname else None
            if ordinal is not None:
                named[ordinal] = directory.Name(state="found", addresses=(address,))
        return named

    def _ordinals_in(self, mine: View | Unreachable) -> set[int]:
        """Pods that our own node knows, beyond those that were expected at first."""
        members = self._remembered(mine)
        found = (self.topology.ordinal_of(member.hostname) for member in members)
        return {ordinal for ordinal in found if ordinal is not None}

    def _addresses_in(self, mine: View | Unreachable, ordinal: int) -> list[str]:
        """Where our own node last saw a pod: a hint like any other, and one without DNS."""
        members = self._remembered(mine)
        hostname = self.topology.hostname_of(ordinal)
        return [one.address for one in members if one.hostname == hostname and one.address]

    async def _settle_address(self, found: directory.Directory, peers: list[Pod]) -> None:
        """Without POD_IP, our address is the one from which the seed is reached."""
        topology = self.topology
        if topology.address is not None:
            return
        seed = topology.hostname_of(topology.ordinal_start)
        seen = [pod.address for pod in peers if pod.hostname == seed and pod.address]
        for address in [*seen, *found.of(seed).addresses][:1]:
            source = await self._at(address, seed).source_address()
            if source is not None:
                self.topology = dataclasses.replace(topology, address=source)


def _joining(mine: View | Unreachable) -> bool:
    """Whether our node is about to choose a shard; in forming that is the seed's business."""
    return memories.roleless(mine) and isinstance(mine, View) and not mine.alone


def _unnamed(nodes: Iterable[View | Unreachable | None], peers: Iterable[Pod]) -> bool:
    """Whether somebody is known by address alone: before 7.0, a later pod that has been met."""
    views = [one for one in nodes if isinstance(one, View)]
    known = {pod.address for pod in peers} | {view.node_id for view in views}
    return any(
        not (member.hostname or member.failed or member.handshake)
        and known.isdisjoint({member.address, member.node_id})
        for view in views
        for member in view.others
    )
