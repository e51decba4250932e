"""A look at our own node and at some nodes that it knows, by their ids. Asks no DNS.

For a sidecar without the time to find pods. If our own node has a link to a node, the address it
knows is right, and a node that answers with the expected id needs no other proof. The connections
are separate from the loop's: a hand-over can look while the loop does, and close its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from bootstrap.dns import fanout
from bootstrap.model import directory
from bootstrap.model.snapshot import Pod, Scope, Snapshot, Trouble, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.observe import disk, stated_wish
from bootstrap.plan import successor
from bootstrap.redis import login, node

_LAST = 2**31
"""The ordinal of a node without a name of ours: it is sorted after all others."""

Choice = Callable[[View], tuple[Member, ...]]
"""Chooses the nodes to look at, from our own node's view."""


class Neighbours:
    """Looks at our own node and chosen others. Keeps connections from one look to the next."""

    def __init__(
        self,
        topology: Topology,
        local: str,
        access: login.Access,
        folder: Path | None = None,
    ) -> None:
        """Do not connect yet. `local` is the address of our own Redis; `folder` is its volume."""
        self._folder = folder
        self._topology = topology
        self._access = access
        self._local = node.Node(
            local, topology.port, access, topology.hostname_of(topology.ordinal)
        )
        self._nodes: dict[str, node.Node] = {}
        self._at: dict[str, str] = {}
        self._members: tuple[Member, ...] = ()

    async def observe(self, choose: Choice) -> Snapshot:
        """Look at our own node, then at the chosen nodes: the last ones if our own is silent."""
        mine = await self._local.read()
        if isinstance(mine, View):
            self._members = choose(mine)
        topology = self._topology
        me = Pod(
            name=topology.name,
            ordinal=topology.ordinal,
            hostname=topology.hostname_of(topology.ordinal),
            resolved=directory.UNASKED,
            address=topology.address or self._local.address,
            node=mine,
        )
        pods = [me, *await self._in_time()]
        pods.sort(key=lambda pod: (pod.ordinal, pod.name))
        space = disk.read(self._folder) if self._folder else None
        return Snapshot(
            scope=Scope.ALL,
            pods=tuple(pods),
            listed=False,
            wished=stated_wish.read(topology),
            disk=space,
        )

    def node_of(self, pod: str) -> node.Node | None:
        """Return the node that last proved to be that pod's, if any."""
        if pod == self._topology.name:
            return self._local
        address = self._at.get(pod)
        return self._nodes[address] if address else None

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(one.close() for one in (self._local, *self._nodes.values())))

    async def _in_time(self) -> list[Pod]:
        """Return all chosen pods, without waiting for a node that hangs."""
        asked = {member: asyncio.create_task(self._ask(member)) for member in self._members}
        await fanout.wait(asked.values(), all_of_them=False)
        late = Unreachable(trouble=Trouble.TIMEOUT, reason="no answer in time")
        return [
            self._pod(member, late) if task.cancelled() else self._pod(member, task.result())
            for member, task in asked.items()
        ]

    async def _ask(self, member: Member) -> View | Unreachable:
        if member.address not in self._nodes:
            # Gossip may bring any name. A certificate for a foreign name must not be enough.
            ours = self._topology.own_ordinal_of(member.hostname) is not None
            self._nodes[member.address] = node.Node(
                member.address, self._topology.port, self._access, member.hostname if ours else ""
            )
        said = await self._nodes[member.address].read()
        if isinstance(said, View) and said.node_id != member.node_id:
            reason = f"another node, {said.node_id[:8]}, answers at {member.address}"
            return Unreachable(trouble=Trouble.REFUSED, reason=reason)
        return said

    def _pod(self, member: Member, said: View | Unreachable) -> Pod:
        ordinal = self._topology.ordinal_of(member.hostname)
        name = successor.called(member, self._topology)
        if isinstance(said, View):
            self._at[name] = member.address
        else:
            self._at.pop(name, None)
        return Pod(
            name=name,
            ordinal=_LAST if ordinal is None else ordinal,
            hostname=member.hostname,
            resolved=directory.UNASKED,
            address=member.address,
            node=said,
        )
