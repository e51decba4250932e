"""Where the peers' nodes are: the addresses that are tried, and which node proved to be there."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from bootstrap.dns import fanout
from bootstrap.model import directory
from bootstrap.model.proof import Proof, prove
from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.observe import placed
from bootstrap.plan import timed
from bootstrap.redis import login, node


class Peers:
    """Keeps connections, and the address at which each pod's node was proven to be."""

    def __init__(self, topology: Topology, access: login.Access) -> None:
        """Do not connect yet."""
        self.topology = topology
        self.placed = placed.Placed(topology)
        self._access = access
        self._nodes: dict[tuple[str, str], node.Node] = {}
        self._proven: dict[str, str] = {}

    def proven(self, pod: str) -> str | None:
        """Return the address at which a pod's node was last proven to be, unless it is in doubt."""
        return self._proven.get(pod)

    def node_of(self, pod: str) -> node.Node | None:
        """Return the node that was last proven to be in a pod, if any."""
        address = self._proven.get(pod)
        return self.at(address, f"{pod}.{self.topology.subdomain}") if address else None

    async def close(self) -> None:
        """Close all connections, and forget all pods."""
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
        """Look at the pods of these ordinals.

        `names` are what DNS says by ordinal, `mine` is our own node, and `known` are the nodes that
        it knows. `near` are the hostnames of those to which it has a link. If our node has its
        role, it does not wait for a few addresses that drop packets.
        """
        asked = {
            ordinal: asyncio.create_task(self.one(ordinal, name, mine, known, near))
            for ordinal, name in names.items()
        }
        settled = isinstance(mine, View) and not mine.alone and not timed.roleless(mine)
        await fanout.wait(asked.values(), all_of_them=not settled)
        return [
            self._late(ordinal, names[ordinal]) if task.cancelled() else task.result()
            for ordinal, task in asked.items()
        ]

    def _late(self, ordinal: int, name: directory.Name) -> Pod:
        """Return a pod that had not answered long after the others."""
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
        """Drop the proof of nodes that share an address, if they announce no hostname.

        Before 7.0 only the address tells whose node it is. If two pods have the same, neither is
        proven.
        """
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
        """Return the pod at the first address that leads to its own node; else at one tried.

        The arguments are those of `observe`, for one pod.
        """
        topology, pod = self.topology, self._pod(ordinal, name)
        proven = self._proven.get(pod.name)
        # The address that our own node knows is a hint too, without DNS.
        form_of, ids = topology.form_of, {member.node_id for member in known}
        last = [member.address for member in known if form_of(member.hostname) == ordinal]
        hints = (proven, *name.addresses, *last)
        if pod.hostname in near:
            hints = (proven, *last, *name.addresses)  # the answers of DNS may be old
        best = pod
        for address in dict.fromkeys(hint for hint in hints if hint):
            said = await self.at(address, pod.hostname).read(shards=_joining(mine))
            seen = dataclasses.replace(pod, address=address, node=said)
            if isinstance(said, View):
                # An address that only our own node knows may come from a copied volume.
                here = ids if address in (proven, *name.addresses) else ()
                proof = prove(said, pod.hostname, address, topology, here)
                if proof is Proof.OURS:
                    self._proven[pod.name] = address
                    self.placed.proved(mine, ordinal, said, address)
                    return seen
            if best.view is None and (best.node is None or isinstance(said, View)):
                # At the address that only our own node knows, another node may live by now.
                best = seen if address in (proven, *name.addresses) else best
        self._proven.pop(pod.name, None)
        return best

    def at(self, address: str, hostname: str) -> node.Node:
        """Return the node at an address, where the pod of this hostname is expected."""
        # With TLS a connection is valid for one name: the certificate was checked for that name.
        key = address, hostname if self._access.tls else ""
        if key not in self._nodes:
            self._nodes[key] = node.Node(address, self.topology.port, self._access, hostname)
        return self._nodes[key]


def _joining(mine: View | Unreachable) -> bool:
    """Whether our node is about to choose a shard. While forming, the seed chooses."""
    return isinstance(mine, View) and timed.roleless(mine) and not mine.alone
