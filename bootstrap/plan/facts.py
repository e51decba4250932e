"""A snapshot in the light of the topology: the questions that several rules ask."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from bootstrap.model import layout
from bootstrap.model.proof import Proof, prove
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View


@dataclass(frozen=True)
class Facts:
    """Not slotted: what is derived is kept, since several rules ask for it."""

    snapshot: Snapshot
    topology: Topology

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
        """Our own node's view. Only asked by rules behind the one that waits for it."""
        assert self.me.view is not None  # plan() has waited for it
        return self.me.view

    @property
    def settled(self) -> bool:
        """Whether our node has its role in a cluster."""
        me = self.my.myself
        return not self.my.alone and bool(me.is_replica or me.slots)

    @functools.cached_property
    def viewed(self) -> tuple[tuple[Pod, View], ...]:
        """Pods whose node was read and proved to be theirs."""
        return tuple(
            (pod, pod.view)
            for pod in self.snapshot.pods
            if self.proof(pod) is Proof.OURS and pod.view is not None
        )

    @functools.cached_property
    def views(self) -> dict[str, View]:
        """Views of proven nodes, by the name of their pod."""
        return {pod.name: view for pod, view in self.viewed}

    @functools.cached_property
    def owner_ids(self) -> frozenset[str]:
        """Ids of nodes that own slots by the word of any proven node."""
        members = (member for _, view in self.viewed for member in view.members)
        return frozenset(member.node_id for member in members if member.slots)

    @functools.cached_property
    def connected(self) -> dict[str, frozenset[str]]:
        """For each proven node the ids of all nodes that it is connected with, its own among them.

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
        """What the node at a pod's address says about whose it is. Ours we reach without a name."""
        if pod.view is None:
            return Proof.SILENT
        if pod.name == self.topology.name:
            return Proof.OURS
        if pod.view.setting("cluster-announce-hostname") is None and self.shared(pod):
            return Proof.SILENT  # only the address tells, and it cannot be that of two pods
        known = self.me.view.known_ids if self.me.view else ()
        return prove(pod.view, pod.hostname, pod.address, self.topology, known)

    def shared(self, pod: Pod) -> str | None:
        """Another pod whose name leads to the same address; DNS is stale for one of them."""
        others = (other for other in self.snapshot.pods if other.name != pod.name)
        return next((other.name for other in others if other.address == pod.address), None)

    @functools.cached_property
    def _hostnames(self) -> dict[str, str]:
        """Hostnames by node id, as far as any of our nodes has heard of them."""
        members = (member for _, view in self.viewed for member in view.members)
        return {member.node_id: member.hostname for member in members if member.hostname}

    def hostname(self, member: Member) -> str:
        """A member's hostname. Gossip brings it later than the node, and never from a dead one."""
        return member.hostname or self._hostnames.get(member.node_id, "")

    def pod_named(self, member: Member) -> Pod | None:
        """The pod whose name a member bears, in whatever form, if it was looked at."""
        ordinal = self.topology.meant_by(self.hostname(member))
        return None if ordinal is None else self.snapshot.pod(self.topology.name_of(ordinal))

    def ghost(self, member: Member) -> Pod | None:
        """The pod in which a member used to live, proven to be another node's now.

        Its volume is gone. None for a node that may still come back.
        """
        pod = self.pod_named(member)
        if pod is None or member.node_id in self.pod_by_id or self.proof(pod) is not Proof.OURS:
            return None
        return pod

    def is_ours(self, member: Member) -> bool | None:
        """Whether a member is of our StatefulSet; None when there is nothing to tell by.

        The id that a pod's own node has said counts before any name: gossip may bring the name of
        a copy of that pod. A name in another form than ours, or of the set that was adopted, is not
        ours alone: while its pod is another node, a node that lives under that name is foreign.
        """
        pod, topology = self.pod_by_id.get(member.node_id), self.topology
        hostname = self.hostname(member)
        if any(topology.own_ordinal_of(name) is not None for name in (hostname, *_called(pod))):
            return True
        if topology.meant_by(hostname) is not None:
            if self.ghost(member) and self.lives(member):
                return False
            return True if topology.ordinal_of(hostname) is not None else None
        if hostname:
            return False
        if any(pod.address == member.address for pod in self.snapshot.pods if pod.address):
            return True
        return None

    def lives(self, member: Member) -> bool:
        """Whether our node is in touch with a member, and has had the time to find out."""
        old = self.my.uptime * 1000 > 2 * self.topology.node_timeout
        return old and member.bus_connected and not member.failed

    @functools.cached_property
    def own_ids(self) -> frozenset[str]:
        """Ids that answer at the addresses of our pods, whatever their nodes say that they are."""
        return frozenset(pod.view.node_id for pod in self.snapshot.pods if pod.view)

    @property
    def lasting_known(self) -> bool:
        """Whether it is known for how long our own node has missed others."""
        heard = (one.pod for one in self.snapshot.reports if one.memory is not None)
        return not self.snapshot.timers.glance or self.topology.name in heard

    @property
    def all_asked(self) -> bool:
        """Whether the node of each pod was read: no other id can be that of a pod of ours."""
        everybody = self.snapshot.scope is Scope.ALL
        return everybody and all(pod.view is not None for pod in self.snapshot.pods)

    def name(self, member: Member) -> str:
        """A member as a person would look for it: pod, id, address."""
        hostname = self.hostname(member)
        ordinal = self.topology.ordinal_of(hostname)
        pod = self.pod_by_id.get(member.node_id)
        who = pod.name if pod else self.topology.name_of(ordinal) if ordinal is not None else None
        where = member.node_id[:8]
        where += f" at {member.address}:{member.port}" if member.address else ", without an address"
        return f"{who} ({where})" if who else f"{hostname or 'unnamed'} ({where})"

    def pod_name(self, member: Member) -> str:
        """The name of a member's pod; else its address."""
        pod = self.pod_by_id.get(member.node_id)
        ordinal = pod.ordinal if pod else self.topology.ordinal_of(self.hostname(member))
        if ordinal is None:
            return member.address or member.node_id
        return self.topology.name_of(ordinal)

    def place(self, pod: Pod) -> layout.Place:
        """Where a pod runs, from the name that its sidecar gave its node."""
        if pod.name == self.topology.name:
            return layout.Place(host=self.topology.host, zone=self.topology.zone)
        if pod.view is None:
            return layout.UNKNOWN
        said = (pod.view.setting("cluster-announce-human-nodename") or "").split("/")
        host, zone = (*said[1:3], "", "")[:2]
        zone = zone if zone not in ("", "-") else pod.view.setting("availability-zone") or ""
        return layout.Place(host=None if host in ("", "-") else host, zone=zone or None)


def _called(pod: Pod | None) -> tuple[str, ...]:
    """The name by which a pod was looked for; where a node was, by its id, that is any name."""
    return (pod.hostname,) if pod else ()


def human_name(topology: Topology) -> str:
    """`redis-app-3/host-a/zone-1`, with `-` for what is not known.

    Not parted by spaces: redis writes this name unquoted into nodes.conf, and 8.2 was seen to
    crash at its next start on a space there.
    """
    return "/".join((topology.name, topology.host or "-", topology.zone or "-"))
