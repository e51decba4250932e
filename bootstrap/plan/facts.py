"""What follows from a snapshot and the topology: answers to questions that several rules ask.

A node is proven if it was read, and what its sidecar wrote into it says that it is the node of the
pod at whose address it was read (`Proof.OURS`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bootstrap.model import empty_mark, human_name, layout
from bootstrap.model.proof import Proof, prove
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.model.wish import Wish

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Facts:
    """A snapshot and the topology. It has no slots, so that answers can be cached."""

    snapshot: Snapshot
    topology: Topology

    @functools.cached_property
    def _once(self) -> dict[Callable[[Facts], Any], Any]:
        return {}

    def once(self, asked: Callable[[Facts], _Found]) -> _Found:
        """What a function says of these facts. It is called the first time only."""
        if asked not in self._once:
            self._once[asked] = asked(self)
        found: _Found = self._once[asked]
        return found

    @functools.cached_property
    def me(self) -> Pod:
        """Our own pod."""
        return next(pod for pod in self.snapshot.pods if pod.name == self.topology.name)

    @property
    def set_name(self) -> str:
        """Our StatefulSet, as a hostname of one of its pods without the ordinal."""
        return f"{self.topology.statefulset}.{self.topology.subdomain}"

    @property
    def my(self) -> View:
        """Our own node's view. No rule is asked before there is one."""
        assert self.me.view is not None  # `rules.decide` waits for it
        return self.me.view

    @property
    def settled(self) -> bool:
        """Whether our node has its role in a cluster."""
        me = self.my.myself
        return not self.my.alone and bool(me.is_replica or me.slots)

    @functools.cached_property
    def viewed(self) -> tuple[tuple[Pod, View], ...]:
        """Pods whose node is proven, each with the node's view."""
        return tuple(
            (pod, pod.view)
            for pod in self.snapshot.pods
            if self.proof(pod) is Proof.OURS and pod.view is not None
        )

    @functools.cached_property
    def views(self) -> dict[str, View]:
        """Views of proven nodes, by the names of their pods."""
        return {pod.name: view for pod, view in self.viewed}

    @functools.cached_property
    def owner_ids(self) -> frozenset[str]:
        """Ids of nodes that own slots, by what any proven node says."""
        members = (member for _, view in self.viewed for member in view.members)
        return frozenset(member.node_id for member in members if member.slots)

    @functools.cached_property
    def living(self) -> tuple[Member, ...]:
        """The nodes of our node's cluster, but for those that have failed in all views; by id."""
        views = [view for _, view in self.viewed if view.node_id in self.my.known_ids]
        known: dict[str, list[Member]] = {}
        for member in (one for view in views for one in view.members if not one.handshake):
            known.setdefault(member.node_id, []).append(member)
        return tuple(
            said[0]
            for node_id, said in sorted(known.items())
            if node_id in self.pod_by_id or not all(one.gone for one in said)
        )

    @functools.cached_property
    def connected(self) -> dict[str, frozenset[str]]:
        """For each proven node, by id, the ids of all nodes it is connected with, its own included.

        Two nodes are connected if one knows the other, directly or through others.
        """
        links: dict[str, set[str]] = {}
        for _, view in self.viewed:
            for known in view.known_ids:
                links.setdefault(view.node_id, set()).add(known)
                links.setdefault(known, set()).add(view.node_id)
        found: dict[str, frozenset[str]] = {}
        for _, view in self.viewed:
            if view.node_id in found:
                continue
            side, todo = {view.node_id}, [view.node_id]
            while todo:
                near = links[todo.pop()] - side
                side |= near
                todo += near
            found |= dict.fromkeys(side, frozenset(side))
        return found

    @functools.cached_property
    def expected(self) -> tuple[Pod, ...]:
        """The pods of first formation that were looked at."""
        return tuple(pod for pod in self.snapshot.pods if pod.ordinal in self.topology.ordinals)

    @functools.cached_property
    def pod_by_id(self) -> dict[str, Pod]:
        """Proven pods by the id of their node."""
        return {view.node_id: pod for pod, view in self.viewed}

    def proof(self, pod: Pod) -> Proof:
        """What the node at a pod's address proves. Our own node needs no proof."""
        if pod.view is None:
            return Proof.SILENT
        if pod.name == self.topology.name:
            return Proof.OURS
        if pod.view.setting("cluster-announce-hostname") is None and self.shared(pod):
            return Proof.SILENT  # only the address could prove it, and two pods cannot have it
        known = self.me.view.known_ids if self.me.view else ()
        return prove(pod.view, pod.hostname, pod.address, self.topology, known)

    def shared(self, pod: Pod) -> str | None:
        """Another pod whose name leads to the same address; None if none does.

        DNS then has an old address for one of the two.
        """
        others = (other for other in self.snapshot.pods if other.name != pod.name)
        return next((other.name for other in others if other.address == pod.address), None)

    @functools.cached_property
    def _hostnames(self) -> dict[str, str]:
        """Hostnames by node id, as far as any proven node knows them."""
        members = (member for _, view in self.viewed for member in view.members)
        return {member.node_id: member.hostname for member in members if member.hostname}

    def hostname(self, member: Member) -> str:
        """A member's hostname, from any proven node's view; empty if none has it.

        Gossip brings a hostname later than the node, and never that of a dead node.
        """
        return member.hostname or self._hostnames.get(member.node_id, "")

    def pod_named(self, member: Member) -> Pod | None:
        """The pod that a member's hostname means, in any form; None if it was not looked at."""
        ordinal = self.topology.meant_by(self.hostname(member))
        return None if ordinal is None else self.snapshot.pod(self.topology.name_of(ordinal))

    def pod_of_ghost(self, member: Member) -> Pod | None:
        """The pod of a ghost: of a member whose pod is proven to have another node now.

        The member's volume is gone. None for a node that may still come back.
        """
        pod = self.pod_named(member)
        if pod is None or member.node_id in self.pod_by_id or self.proof(pod) is not Proof.OURS:
            return None
        return pod

    def is_ours(self, member: Member) -> bool | None:
        """Whether a member is of our StatefulSet; None if nothing tells.

        The id of a pod's proven node counts before any hostname, since gossip may bring the
        hostname of a copy of that pod. A hostname in another form than ours, or of the adopted set,
        may be that of a foreign node too. So a living node with such a hostname is foreign if its
        pod is proven to have another node.
        """
        pod, topology = self.pod_by_id.get(member.node_id), self.topology
        hostname = self.hostname(member)
        names = (hostname, pod.hostname) if pod else (hostname,)
        if any(topology.own_ordinal_of(name) is not None for name in names):
            return True
        if topology.meant_by(hostname) is not None:
            if self.pod_of_ghost(member) and self.lives(member):
                return False
            return True if topology.ordinal_of(hostname) is not None else None
        if hostname:
            return False
        if any(pod.address == member.address for pod in self.snapshot.pods if pod.address):
            return True
        return None

    def foreign_ids(self, view: View) -> frozenset[str]:
        """Ids of the foreign nodes that a node knows. A node of a proven pod is never foreign."""
        unproven = view.known_ids - self.pod_by_id.keys()
        return frozenset(
            one.node_id
            for one in view.others
            if one.node_id in unproven and self.is_ours(one) is False
        )

    def lives(self, member: Member) -> bool:
        """Whether our node has a link to a member, and has been up long enough to know.

        That is twice the node time-out.
        """
        old = self.my.uptime * 1000 > 2 * self.topology.node_timeout
        return old and member.bus_connected and not member.failed

    @functools.cached_property
    def own_ids(self) -> frozenset[str]:
        """Ids of the nodes that answer at our pods' addresses, proven or not."""
        return frozenset(pod.view.node_id for pod in self.snapshot.pods if pod.view)

    @property
    def lasting_known(self) -> bool:
        """Whether it is known for how long our own node has missed others.

        A single look knows it only from our own sidecar.
        """
        heard = (one.pod for one in self.snapshot.reports if one.memory is not None)
        return not self.snapshot.timers.glance or self.topology.name in heard

    @property
    def all_asked(self) -> bool:
        """Whether the node of each pod was read. Then no other id can be that of a pod of ours."""
        looked_at_all = self.snapshot.scope is Scope.ALL
        return looked_at_all and all(pod.view is not None for pod in self.snapshot.pods)

    def name(self, member: Member) -> str:
        """A member in words for a person: its pod or hostname, its id, and its address."""
        hostname = self.hostname(member)
        ordinal = self.topology.ordinal_of(hostname)
        pod = self.pod_by_id.get(member.node_id)
        named = pod.name if pod else self.topology.name_of(ordinal) if ordinal is not None else None
        where = member.node_id[:8]
        where += f" at {member.address}:{member.port}" if member.address else ", without an address"
        return f"{named} ({where})" if named else f"{hostname or 'unnamed'} ({where})"

    def pod_name(self, node_id: str) -> str:
        """The name of a node's pod; if that is not known, its address, or else its id."""
        pod = self.pod_by_id.get(node_id)
        if pod is not None:
            return pod.name
        views = (view.member(node_id) for _, view in self.viewed)
        known = next((one for one in views if one is not None), None)
        ordinal = self.topology.ordinal_of(self.hostname(known)) if known else None
        if ordinal is not None:
            return self.topology.name_of(ordinal)
        return (known.address if known else "") or node_id

    def place(self, pod: Pod) -> layout.Place:
        """The host and zone of a pod, from the name that its sidecar gave its node.

        If that has no zone, the server's setting `availability-zone` counts.
        """
        if pod.name == self.topology.name:
            return layout.Place(host=self.topology.host, zone=self.topology.zone)
        if pod.view is None:
            return layout.UNKNOWN
        said = human_name.place(pod.view)
        zone = said.zone or pod.view.setting("availability-zone") or None
        return layout.Place(host=said.host, zone=zone)

    @property
    def human_name(self) -> str:
        """The human node name that our own node should have, without the mark of a hand-over."""
        return self.named(self.snapshot.wished.wish)

    def named(self, wished: Wish | None) -> str:
        """The human node name of our own node with this wish, and the mark of standing empty."""
        plain = human_name.plain(self.topology, wished)
        stays = self.me.view is not None and empty_mark.marked(self.me.view)
        return empty_mark.mark(plain) if stays else plain
