"""What one node says about itself and about the nodes that it knows. Views are never merged."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Literal

from bootstrap.model import migration
from bootstrap.model.slots import Ranges

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSlot:
    """A slot that a node has open to be moved, from the node's own line in `CLUSTER NODES`."""

    slot: int
    importing: bool
    """Whether the slot moves to the node (`[7-<-ID]`); else away from the node (`[7->-ID]`)."""
    peer_id: str
    """The id of the node on the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One line of `CLUSTER NODES`, or of nodes.conf: a node as another node, or itself, sees it."""

    node_id: str
    address: str
    """Empty if it is not known (the flag `noaddr`)."""
    port: int
    """The client port."""
    bus_port: int
    hostname: str = ""
    """The announced hostname: lower case, no trailing dot; empty if there is none (before 7.0)."""
    flags: frozenset[str] = frozenset()
    """The server's words, such as `myself`, `master`, `slave`, `fail?`."""
    primary_id: str | None = None
    """The id of a replica's primary; None for a primary."""
    epoch: int = 0
    """The config epoch."""
    bus_connected: bool = True
    """Whether the node that wrote the line has its link to this node."""
    slots: Ranges = ()
    open_slots: tuple[OpenSlot, ...] = ()
    """In the server's order. Only a node's own line has any."""

    @property
    def handshake(self) -> bool:
        """Whether this is only an address that was met, and has not said yet which node it is."""
        return "handshake" in self.flags

    @property
    def failed(self) -> bool:
        """Whether the node has failed for this view (`fail?`), for most (`fail`), or `noaddr`."""
        return bool(self.flags & {"fail", "fail?", "noaddr"})

    @property
    def gone(self) -> bool:
        """The same without `fail?`, which is one node's impression only."""
        return bool(self.flags & {"fail", "noaddr"})

    @property
    def is_replica(self) -> bool:
        """Whether the node is a replica."""
        return "slave" in self.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What decides if a server accepts writes of clients; from its INFO and its settings.

    The defaults mean no fault.
    """

    aof_failed: bool = False
    """Whether the last write or sync of the append-only file failed; False if there is no such
    file."""
    rdb_failed: bool = False
    """Whether the last snapshot failed and is tried again; False if `save` asks for none."""
    rdb_stops: bool = True
    """Whether the server refuses writes after a failed snapshot (`stop-writes-on-bgsave-error`)."""
    memory: int = 0
    """Bytes that count against `maxmemory`."""
    dataset: int = 0
    """Bytes that the data take (`used_memory_dataset`)."""
    memory_limit: int = 0
    """`maxmemory` in bytes; 0: no limit."""
    keeps: str = ""
    """The `maxmemory-policy` if it can evict no key now; empty if it can."""
    replicas: int = 0
    """Replicas with a small enough lag (`min_slaves_good_slaves` in INFO)."""
    replicas_needed: int = 0
    """Replicas that a write needs (`min-replicas-to-write`)."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What one node says about itself and about all nodes that it knows.

    `bootstrap.redis` reads a view. A default means that the server did not tell, or was not asked.
    """

    node_id: str
    members: tuple[Member, ...]
    """The lines of `CLUSTER NODES`, sorted by node id."""
    state_ok: bool
    """Whether the server says `cluster_state:ok`."""
    keys: int
    """Keys in all databases."""
    lasting: int = 0
    """The keys among them that have no time to live."""
    expired: int = 0
    """Keys whose time to live has ended since the server's start, those in its dump included."""
    version: Version
    product: Literal["redis", "valkey"] = "redis"
    run_id: str = ""
    """Different after each start of the server."""
    uptime: int = 0
    """Seconds since the server's start."""
    old_port: int = 0
    """The client port to which the server sends clients, though it listens elsewhere: before 7.0
    the port that it announced at its start; 0 if it sends them to the right one."""
    link_up: bool = False
    """Whether a replica has its replication link; False for a primary."""
    primary_host: str = ""
    """The address from which a replica replicates; empty for a primary."""
    primary_port: int = 0
    """The port from which a replica replicates; 0 for a primary."""
    copying: bool = False
    """Whether a copy of the primary's data is being received."""
    offset: int = 0
    """The replication offset in bytes."""
    replication_id: str = ""
    """The id of the stream of writes that the server sends or follows (`master_replid`). A server
    that starts as a primary makes a new one. A replica has that of its primary."""
    former_replication_id: str = ""
    """The id that a primary had when it was a replica, or that it read from its dump
    (`master_replid2`); empty if it has none."""
    copies_given: int = 0
    """How often a replica has got a copy, or what it lacked of one, since the server's start."""
    settings: tuple[tuple[str, str], ...] = ()
    """Names and values of the settings in `redis.views`, sorted; only those that the server knows.
    Never a password."""
    peers_password_ok: bool = True
    """Whether `masterauth` and `masteruser` are our own credentials, which no view holds."""
    reaches: frozenset[str] | None = None
    """Ids of nodes to which this node has a link on the cluster bus; None if it was not asked, or
    cannot tell (redis 6.2)."""
    reached_by: frozenset[str] | None = None
    """Ids of nodes that have a link to this node; None as above."""
    unanswered: frozenset[str] = frozenset()
    """Ids of nodes that have not answered this node's last ping for 3 s."""
    bus_hidden: str = ""
    """Why the links cannot be seen, in the server's words, if our user may not ask for them."""
    certificate_old: bool = False
    """Whether the server still uses a TLS certificate that was replaced. Always False for peers."""
    writing: Writing = field(default_factory=Writing)
    """Whether the server accepts writes of clients."""
    clients: int = 0
    """Connections that count against `maxclients` (networking.c, acceptCommonHandler)."""
    clients_most: int = 0
    """`maxclients`; 0 if the server does not tell."""
    trimming: bool = False
    """Whether the server still deletes keys of slots that it gave away (redis 8.4)."""
    libraries: int = 0
    """Libraries of functions (`number_of_libraries` in INFO, redis 7.0)."""
    migrations: tuple[migration.Migration, ...] = ()
    """The migrations of slots that the server lists, the newest first; those that have ended
    too."""
    migrations_hidden: str = ""
    """Why they cannot be seen, in the server's words, if our user may not ask for them."""
    shards: tuple[frozenset[str], ...] = ()
    """Node ids by shard, failed nodes included; empty if not asked, or before redis 7.2."""

    @functools.cached_property
    def myself(self) -> Member:
        """The node's line about itself."""
        return next(member for member in self.members if member.node_id == self.node_id)

    @functools.cached_property
    def others(self) -> tuple[Member, ...]:
        """All lines except the node's own, handshakes included."""
        return tuple(member for member in self.members if member.node_id != self.node_id)

    @property
    def way(self) -> migration.Way | None:
        """How the server migrates slots by itself; None if it does not."""
        return migration.way(self.product, self.version)

    @functools.cached_property
    def known_ids(self) -> frozenset[str]:
        """Ids of all known nodes, its own included, handshakes excluded."""
        return frozenset(member.node_id for member in self.members if not member.handshake)

    @functools.cached_property
    def met_at(self) -> frozenset[str]:
        """Addresses with which a handshake is under way."""
        return frozenset(member.address for member in self.members if member.handshake)

    @property
    def alone(self) -> bool:
        """Whether the node knows no other node, and no handshake is under way."""
        return len(self.members) == 1

    @property
    def blank(self) -> bool:
        """Whether the node is proven new: alone, a primary, no slot, no key.

        A server that loads its data makes no view, so it never counts as blank.
        """
        me = self.myself
        return self.alone and not me.slots and not self.keys and not me.is_replica

    @property
    def following(self) -> bool:
        """Whether replication works, and from the right primary.

        A replica connects to an address and checks no id, so its link may lead to another node that
        has the address now. Valkey reconnects by itself, and may report another address
        (cluster-announce-client-ipv4).
        """
        primary = self.member(self.myself.primary_id)
        if primary is None or not self.link_up:
            return False
        return self.product == "valkey" or self.primary_host == primary.address

    def setting(self, name: str) -> str | None:
        """Return the value of a setting; None if the server does not know the setting."""
        return next((value for known, value in self.settings if known == name), None)

    def member(self, node_id: str | None) -> Member | None:
        """Return the line about a node; None if the node is not known here."""
        return next((member for member in self.members if member.node_id == node_id), None)
