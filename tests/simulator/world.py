"""The StatefulSet around the servers: pods, volumes, addresses, names, and what befalls them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final, Literal

from bootstrap.model import actions
from bootstrap.model.actions import Action
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from tests.simulator import bits, bus, failures
from tests.simulator.node import Server
from tests.simulator.products import Product

SUBDOMAIN: Final = "redis-service.default.svc.cluster.local"
OTHER: Final = "other-app-0.other-service.default.svc.cluster.local"


@dataclasses.dataclass(slots=True, kw_only=True)
class Pod:
    """One pod. The server is its process and its volume in one."""

    ordinal: int
    server: Server
    host: str
    dns: str | None
    """The address that its name resolves to; None: there is no such name."""
    dns_works: bool = True

    @property
    def name(self) -> str:
        """Its name."""
        return f"redis-app-{self.ordinal}"


class World:
    """Deterministic: nothing in here draws lots or looks at a clock."""

    def __init__(
        self,
        product: Product,
        size: int,
        *,
        replicas: int = 1,
        hosts: int = 3,
        ordinal_start: int = 0,
        fast_form: bool = True,
    ) -> None:
        """Start every server, blank, at the same moment."""
        self.product = product
        self.size = size
        self.replicas = replicas
        self.hosts = hosts
        self.ordinal_start = ordinal_start
        self.fast_form = fast_form
        self.now = 0.0
        self.pods: dict[int, Pod] = {}
        self.strangers: list[Server] = []
        self.sent: list[Action] = []
        """Every command that was accepted."""
        self._made = 0
        for ordinal in self.expected:
            self.add_pod(ordinal)

    @property
    def expected(self) -> range:
        """Ordinals of first formation."""
        return range(self.ordinal_start, self.ordinal_start + self.size)

    @property
    def shards(self) -> int:
        """Primaries of first formation."""
        return self.size // (1 + self.replicas)

    def share(self, ordinal: int) -> int:
        """What the contract gives to this pod: floor(i*S/n) to floor((i+1)*S/n)-1."""
        index, shards = ordinal - self.ordinal_start, self.shards
        if not 0 <= index < shards:
            return 0
        return bits.of(((index * bits.SLOTS // shards, (index + 1) * bits.SLOTS // shards - 1),))

    def topology(self, ordinal: int) -> Topology:
        """What the settings of this pod's sidecar say."""
        pod = self.pods[ordinal]
        return Topology(
            statefulset="redis-app",
            ordinal=ordinal,
            subdomain=SUBDOMAIN,
            size=self.size,
            replicas_per_shard=self.replicas,
            ordinal_start=self.ordinal_start,
            address=pod.server.address,
            host=pod.host,
            fast_form=self.fast_form,
        )

    # Servers

    @property
    def servers(self) -> list[Server]:
        """Servers that run and are served by a network; ours and others'."""
        ours = [pod.server for _, pod in sorted(self.pods.items())]
        return [server for server in (*ours, *self.strangers) if server.up and not server.loading]

    def at(self, address: str) -> Server | None:
        """The server that answers at an address."""
        return next((server for server in self.servers if server.address == address), None)

    def anybody_at(self, address: str) -> Server | None:
        """The server process at an address, whether or not it answers."""
        ours = (pod.server for pod in self.pods.values())
        return next((one for one in (*ours, *self.strangers) if one.address == address), None)

    def pod_of(self, server: Server) -> Pod | None:
        """The pod that a server lives in; None for a stranger."""
        return next((pod for pod in self.pods.values() if pod.server is server), None)

    def new_server(self, address: str | None = None) -> Server:
        """A blank server; its id has nothing to do with its ordinal."""
        self._made += 1
        scrambled = (self._made * 0x9E3779B97F4A7C15) % (1 << 64)
        return Server(
            product=self.product,
            node_id=f"{scrambled:016x}{self._made:024x}",
            address=address or f"10.0.0.{self._made}",
            now=self.now,
        )

    # What befalls them

    def add_pod(self, ordinal: int) -> Pod:
        """A pod starts, and DNS knows it."""
        server = self.new_server()
        host = f"host-{ordinal % self.hosts}"
        self.pods[ordinal] = Pod(ordinal=ordinal, server=server, host=host, dns=server.address)
        return self.pods[ordinal]

    def restart(self, ordinal: int, *, moved: bool = False, wiped: bool = False) -> None:
        """The server comes (back) up: with its disk or a new one, here or elsewhere."""
        pod = self.pods[ordinal]
        self._made += 1
        address = f"10.0.0.{self._made}" if moved else pod.server.address
        if wiped:
            pod.server = self.new_server(address)
        else:
            pod.server.start(address)
        pod.server.loading = False
        if moved:
            pod.dns = address

    def with_links(self, server: Server, said: View | Unreachable) -> View | Unreachable:
        """What CLUSTER LINKS (redis 7.0) adds: links to others, and others' links to it."""
        if isinstance(said, Unreachable) or not self.product.names:
            return said
        up = self.servers
        at = {one.address: one.node_id for one in up}
        reaches = {one.node_id for one in server.others if at.get(one.address) == one.node_id}
        reached_by = {
            one.node_id
            for one in up
            if one is not server
            and one.node_id in server.table
            and (known := one.table.get(server.node_id)) is not None
            and at.get(known.address) == server.node_id
        }
        return dataclasses.replace(
            said, reaches=frozenset(reaches), reached_by=frozenset(reached_by)
        )

    def stranger(self, kind: Literal["blank", "cluster"]) -> Server:
        """Somebody else's node: new, or with a cluster and data of its own."""
        server = self.new_server()
        self.strangers.append(server)
        name = (("cluster-announce-hostname", OTHER),) if self.product.names else ()
        server.config_set((*name, ("cluster-announce-ip", server.address)))
        if kind == "cluster":
            mate = self.new_server()
            self.strangers.append(mate)
            server.add_slots(bits.ALL)
            server.keys = 0b111
            server.meet(mate.address)
            for _ in range(2):
                bus.turn([server, mate], self.at, lambda _one, _other: False)
        return server

    def write(self) -> None:
        """Clients write keys wherever the cluster says ok; replicas with a link follow at once."""
        for server in self.servers:
            if server.state_ok and server.me.primary_id is None:
                server.keys |= server.me.slots & sum(1 << slot for slot in range(0, bits.SLOTS, 97))
        for server in self.servers:
            primary = server.primary and self.at(server.link_host)
            if primary and server.link_up:
                server.keys = primary.keys

    def pass_time(self, seconds: float) -> None:
        """Time passes for everybody."""
        self.now += seconds
        for server in (*(pod.server for pod in self.pods.values()), *self.strangers):
            server.now = self.now

    def gossip(self, lost: frozenset[tuple[str, str]] = frozenset()) -> None:
        """One turn of the bus, and what each server makes of it."""
        servers = sorted(self.servers, key=lambda server: server.node_id)
        bus.turn(servers, self.at, lambda one, other: (one.address, other.address) in lost)
        failures.judge(servers)
        for server in servers:
            bus.judge_state(server)

    # What a sidecar can do and see

    def resolve(self, ordinal: int) -> Name:
        """What DNS says of a pod."""
        pod = self.pods.get(ordinal)
        if pod is not None and not pod.dns_works:
            return Name(state="unknown", reason="SERVFAIL from 10.0.0.10:53")
        if pod is None or pod.dns is None:
            return Name(state="absent", reason="NXDOMAIN from 10.0.0.10:53")
        return Name(state="found", addresses=(pod.dns,))

    def names(self) -> Iterator[int]:
        """Ordinals that the service's own record lists."""
        return (ordinal for ordinal, pod in sorted(self.pods.items()) if pod.dns and pod.dns_works)

    def carry_out(self, action: Action, server: Server) -> str | None:
        """One command on one server: None, or its refusal."""
        match action:
            case actions.ConfigSet():
                refused = server.config_set(action.settings)
            case actions.SetConfigEpoch():
                refused = server.set_config_epoch(action.epoch)
            case actions.AddSlots():
                refused = server.add_slots(bits.of(action.ranges))
            case actions.Meet():
                refused = server.meet(action.address)
            case actions.Replicate():
                refused = server.replicate(action.primary_id)
            case actions.Forget():
                refused = server.forget(action.node_id)
            case actions.Failover():
                refused = "ERR nobody hands over here"
            case actions.SetPeersPassword() | actions.ReloadCertificates():
                refused = "ERR no passwords and no certificates here"
        if refused is None:
            self.sent.append(action)
        return refused
