"""Where the siblings' nodes are: every address that is tried, and who has proven to be at it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from bootstrap.dns import fanout
from bootstrap.model import directory
from bootstrap.model.proof import Proof, prove
from bootstrap.model.snapshot import Member, Pod, Trouble, Unreachable, View
from bootstrap.model.topology import Topology
from bootstrap.observe import placed, timers
from bootstrap.redis import login, node


class Peers:
    """Keeps connections, and who was proven to be where."""

    def __init__(self, topology: Topology, access: login.Access) -> None:
        """Connect to nothing yet."""
        self.topology = topology
        self.placed = placed.Placed(topology)
        self._access = access
        self._nodes: dict[tuple[str, str], node.Node] = {}
        self._proven: dict[str, str] = {}

    def proven(self, pod: str) -> str | None:
        """Return the address at which a pod's node was last seen, if it is not in doubt."""
        return self._proven.get(pod)

    def node_of(self, pod: str) -> node.Node | None:
        """Return the node that was last seen in a pod; None when none was proven to be there."""
        address = self._proven.get(pod)
        return self.at(address, f"{pod}.{self.topology.subdomain}") if address else None

    async def close(self) -> None:
        """End all connections, and know nothing of any pod."""
        await asyncio.gather(*(one.close() for one in self._nodes.values()))
        self._nodes.clear()
        self._proven.clear()

    async def observe(
        self,
        names: Mapping[int, directory.Name],
        mine: View | Unreachable,
        known: Sequence[Member],
        near: Collection[str] = (),
    ) -> list[Pod]:
        """Look at every pod of these ordinals; `known` are those whom our own node knows.

        `near` are the hostnames of those with whom it has a link, at the address that it knows.
        Addresses that swallow packets do not hold up a node that has its role.
        """
        asked = {
            ordinal: asyncio.create_task(self.one(ordinal, name, mine, known, near))
            for ordinal, name in names.items()
        }
        settled = isinstance(mine, View) and not mine.alone and not timers.roleless(mine)
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

    def doubt_shared(self, peers: list[Pod]) -> None:
        """Before 7.0 only the address says whose a node is: one for two pods proves neither."""
        addresses = Counter([self.topology.address, *(pod.address for pod in peers)])
        for pod in peers:
            named = pod.view is not None and pod.view.setting("cluster-announce-hostname")
            if addresses[pod.address] > 1 and named is None:
                self._proven.pop(pod.name, None)

    async def one(
        self,
        ordinal: int,
        name: directory.Name,
        mine: View | Unreachable,
        known: Sequence[Member],
        near: Collection[str] = (),
    ) -> Pod:
        """Return the pod, at the first address that leads to its own node or else was tried."""
        topology, pod = self.topology, self._pod(ordinal, name)
        proven = self._proven.get(pod.name)
        # Where our own node last saw it: a hint like any other, and one without DNS.
        form_of, ids = topology.form_of, {member.node_id for member in known}
        last = [member.address for member in known if form_of(member.hostname) == ordinal]
        hints = (proven, *name.addresses, *last)
        if pod.hostname in near:
            hints = (proven, *last, *name.addresses)  # what DNS said may be long ago
        best = pod
        for address in dict.fromkeys(hint for hint in hints if hint):
            said = await self.at(address, pod.hostname).read(shards=_joining(mine))
            seen = dataclasses.replace(pod, address=address, node=said)
            if isinstance(said, View):
                # What only our own node says of an address may be what a copied volume says.
                here = ids if address in (proven, *name.addresses) else ()
                proof = prove(said, pod.hostname, address, topology, here)
                if proof is Proof.OURS:
                    self._proven[pod.name] = address
                    self.placed.proved(mine, ordinal, said, address)
                    return seen
            if best.view is None and (best.node is None or isinstance(said, View)):
                # Where our own node last saw it another node may live by now: that says nothing.
                best = seen if address in (proven, *name.addresses) else best
        self._proven.pop(pod.name, None)
        return best

    def at(self, address: str, hostname: str) -> node.Node:
        """Return the node at an address, which is meant to be that of this name."""
        # With TLS a connection is good for one name: that is what the certificate was asked for.
        key = address, hostname if self._access.tls else ""
        if key not in self._nodes:
            self._nodes[key] = node.Node(address, self.topology.port, self._access, hostname)
        return self._nodes[key]


def _joining(mine: View | Unreachable) -> bool:
    """Whether our node is about to choose a shard; in forming that is the seed's business."""
    return timers.roleless(mine) and isinstance(mine, View) and not mine.alone
