"""What is seen: values only. A view is what one node says; views are never merged."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bootstrap.model import directory
from bootstrap.model.slots import Ranges
from bootstrap.model.timers import Timers

if TYPE_CHECKING:
    from bootstrap.model.primary_answer import PrimaryAnswer
    from bootstrap.model.sidecar_report import SidecarReport

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSlot:
    """A slot that a node has open to be moved; `CLUSTER NODES` shows it on the node's own line."""

    slot: int
    #: Whether it comes to the node (`[7-<-ID]`), and does not leave it (`[7->-ID]`).
    importing: bool
    #: The node on the other side.
    peer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One line of `CLUSTER NODES`: a node as another node, or itself, describes it."""

    node_id: str
    address: str
    port: int
    bus_port: int
    hostname: str = ""
    flags: frozenset[str] = frozenset()
    primary_id: str | None = None
    epoch: int = 0
    bus_connected: bool = True
    slots: Ranges = ()
    #: In the server's order. Only a node's own line has any.
    open_slots: tuple[OpenSlot, ...] = ()

    @property
    def handshake(self) -> bool:
        """Not a node yet: an address that was met and has not said who it is."""
        return "handshake" in self.flags

    @property
    def failed(self) -> bool:
        """Seen as failing, by us alone (`fail?`) or by a majority (`fail`), or without address."""
        return bool(self.flags & {"fail", "fail?", "noaddr"})

    @property
    def gone(self) -> bool:
        """Failed by more than our own impression."""
        return bool(self.flags & {"fail", "noaddr"})

    @property
    def is_replica(self) -> bool:
        """Follows another node."""
        return "slave" in self.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What decides whether a server takes its clients' writes: of its INFO and its settings."""

    #: Whether the last write or sync of the append-only file failed; never where there is none.
    aof_failed: bool = False
    #: Whether the last snapshot failed and is tried again: only where `save` asks for snapshots.
    rdb_failed: bool = False
    #: `stop-writes-on-bgsave-error`: whether a snapshot that failed makes the server refuse writes.
    rdb_stops: bool = True
    #: Bytes that count against `maxmemory`, and that; 0 is no limit.
    memory: int = 0
    memory_limit: int = 0
    #: `maxmemory-policy` where no key can be evicted by it now; empty where some may be.
    keeps: str = ""
    #: Replicas that are near enough, and how many a write needs (`min-replicas-to-write`).
    replicas: int = 0
    replicas_needed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one reachable node says about itself and about all nodes it knows."""

    node_id: str
    members: tuple[Member, ...]
    state_ok: bool
    keys: int
    version: Version
    product: Literal["redis", "valkey"] = "redis"
    #: Another at each start of the server.
    run_id: str = ""
    uptime: int = 0
    link_up: bool = False
    primary_host: str = ""
    primary_port: int = 0
    #: Whether a copy of the primary's data is on its way.
    copying: bool = False
    offset: int = 0
    settings: tuple[tuple[str, str], ...] = ()
    #: Whether `masterauth`/`masteruser` are what our own credentials say; the values stay outside.
    peers_password_ok: bool = True
    #: Nodes to which it has a connection on the bus, and nodes that have one to it; None where that
    #: was not asked or cannot be told (redis 6.2).
    reaches: frozenset[str] | None = None
    reached_by: frozenset[str] | None = None
    #: Nodes that have not answered its last ping for seconds.
    unanswered: frozenset[str] = frozenset()
    #: What our user may not ask for, in the server's words, where the bus can't be seen for it.
    bus_hidden: str = ""
    #: Whether it goes on with a TLS certificate that was replaced; only our own node can say yes.
    certificate_old: bool = False
    #: Whether it takes its clients' writes.
    writing: Writing = field(default_factory=Writing)
    #: Connections that count against `maxclients` (networking.c, acceptCommonHandler), and that; 0
    #: where it is not told.
    clients: int = 0
    clients_most: int = 0
    #: Node ids by shard, failed nodes among them, where it was asked and could tell (redis 7.2).
    shards: tuple[frozenset[str], ...] = ()

    @property
    def myself(self) -> Member:
        """The node's line about itself."""
        return next(member for member in self.members if member.node_id == self.node_id)

    @property
    def others(self) -> tuple[Member, ...]:
        """Every line but its own, handshakes included."""
        return tuple(member for member in self.members if member.node_id != self.node_id)

    @property
    def known_ids(self) -> frozenset[str]:
        """Ids of all nodes it really knows, its own among them."""
        return frozenset(member.node_id for member in self.members if not member.handshake)

    @property
    def alone(self) -> bool:
        """Knows no other node, and is not about to."""
        return len(self.members) == 1

    @property
    def blank(self) -> bool:
        """Proven to be new: alone, no slot, no key, a primary. LOADING makes no view."""
        me = self.myself
        return self.alone and not me.slots and not self.keys and not me.is_replica

    @property
    def following(self) -> bool:
        """Whether replication works, with the primary that this replica has.

        It dials an address and asks for no id: a link may be up with the node that has the address
        now. Valkey dials anew by itself, and may tell us another address
        (cluster-announce-client-ipv4).
        """
        primary = self.member(self.myself.primary_id)
        if primary is None or not self.link_up:
            return False
        return self.product == "valkey" or self.primary_host == primary.address

    def setting(self, name: str) -> str | None:
        """The value of a server setting; None when this server does not know the setting."""
        return next((value for known, value in self.settings if known == name), None)

    def member(self, node_id: str | None) -> Member | None:
        """The line about a node, or None when it is not known here."""
        return next((member for member in self.members if member.node_id == node_id), None)


class Trouble(enum.StrEnum):
    """Why a node could not be viewed."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    LOADING = "loading"
    PASSWORD = "password"  # noqa: S105 - the name of a fault, not a secret
    PERMISSION = "permission"
    TLS = "tls"
    TLS_EXPIRED = "tls-expired"
    TLS_NAME = "tls-name"
    TLS_UNTRUSTED = "tls-untrusted"
    TLS_OURS = "tls-ours"
    NOT_CLUSTER = "not-cluster-mode"
    COMMAND = "command-missing"
    PROTECTED = "protected-mode"
    CROWDED = "max-clients"
    UNSUPPORTED = "unsupported-version"
    NOT_REDIS = "not-redis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """No view could be had. Never evidence of anything: such a node may own slots and hold keys."""

    trouble: Trouble
    reason: str
    #: Whether our own password was refused and has what spoils one, as a newline at its end.
    odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod as seen: what DNS says of its name, and what the node behind the name says."""

    name: str
    ordinal: int
    hostname: str
    resolved: directory.Name
    address: str | None = None
    node: View | Unreachable | None = None
    #: Why its bus port took no connection from our pod; empty when it did, None when not tried.
    bus: str | None = None
    #: Why our own server speaks with no peer at its pod's address, though it answers its sidecar;
    #: None when it does, or was not tried. Always None for peers.
    deaf: Unreachable | None = None

    @property
    def view(self) -> View | None:
        """The node's view, when there is one."""
        return self.node if isinstance(self.node, View) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What lies in our own node's volume: who it was when its server ended, and what it keeps."""

    #: Its nodes.conf; empty when there is none, as in a new volume.
    file: str = ""
    #: How the node saw itself and others, by that file.
    members: tuple[Member, ...] = ()
    #: What is wrong with the file, when nothing can be learned from it.
    corrupt: str = ""
    #: Whether that is only that we may not read it.
    denied: bool = False
    #: The first file or folder that holds data, or may hold some; empty when none does.
    data: str = ""

    @property
    def myself(self) -> Member | None:
        """The node's line about itself."""
        return next((member for member in self.members if "myself" in member.flags), None)

    @property
    def emptied(self) -> bool:
        """Whether a primary lost its data here; a file that cannot be read may say that it was."""
        me = self.myself
        owner = me is not None and bool(me.slots) and not me.is_replica
        return not self.data and (owner or bool(self.corrupt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """What was found at the names and addresses that other sets' nodes bear in our nodes.conf.

    A volume may be a copy. Then those that it was copied from may still be there.
    """

    #: Hostnames in the form in which they are compared, and what DNS says of each.
    names: tuple[tuple[str, directory.Name], ...] = ()
    #: Addresses and the node that answered there; None where nothing took the connection.
    nodes: tuple[tuple[str, View | Unreachable | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What the file system below our own node's volume says, whether the server runs or not."""

    #: Bytes that are left for a user who is not root; None where it could not be asked.
    free: int | None = None
    #: Whether another file can be made (`f_favail`).
    files: bool = True
    #: Whether the file system itself takes no writes, for every pod that mounts it.
    read_only: bool = False
    #: The first file or folder that the sidecar may not read; empty when it may read all.
    unread: str = ""


class Scope(enum.IntEnum):
    """How much was looked at: a healthy pod only ever looks at its own Redis."""

    LOCAL = 0
    SEED = 1
    #: The siblings that this pod introduces its node to after an outage of many.
    HALF = 2
    ALL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that a plan may depend on. Pods are sorted by ordinal; ours is among them."""

    scope: Scope
    pods: tuple[Pod, ...]
    timers: Timers = field(default_factory=Timers)
    #: Whether the service has said which pods it has, so that later ones were looked at too.
    listed: bool = True
    #: What DNS says of the headless Service's own name; None when it was not asked for.
    service: directory.Name | None = None
    #: Our own node's volume, while its server is down; None when it was not looked at.
    volume: Volume | None = None
    #: The file system of our own node's volume; None where it is not mounted in the sidecar.
    disk: Disk | None = None
    #: Where the nodes of another set were looked for; None when there was no reason to.
    originals: Originals | None = None
    #: What our replica's primary answered our own pod; None where that was not tried.
    primary_answer: PrimaryAnswer | None = None
    #: What the pods' own sidecars said of their last looks; asked for a person alone.
    reports: tuple[SidecarReport, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The pods that were looked at."""
        return tuple(pod.name for pod in self.pods)

    def pod(self, name: str) -> Pod | None:
        """The pod of that name, if it was looked at."""
        return next((pod for pod in self.pods if pod.name == name), None)
