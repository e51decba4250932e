"""One server: what it knows, what it answers, and what it refuses."""

from __future__ import annotations

import dataclasses

from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.redis import views
from tests.simulator import bits
from tests.simulator.products import Product


@dataclasses.dataclass(slots=True, kw_only=True)
class Known:
    """A node as another node, or itself, knows it."""

    node_id: str
    address: str
    port: int = 6379
    hostname: str = ""
    primary_id: str | None = None
    epoch: int = 0
    slots: int = 0
    handshake: bool = False
    meet: bool = False
    """A handshake that still has its MEET to send."""
    deadline: float = 0.0
    pfail: bool = False
    fail: float | None = None
    """Since when a majority says that it failed."""
    noaddr: bool = False
    silent: float | None = None
    """Since when it has not answered."""

    @property
    def failed(self) -> bool:
        """Seen as failing, by us alone or by a majority."""
        return self.pfail or self.fail is not None


@dataclasses.dataclass(slots=True, kw_only=True)
class Server:
    """A server process with its disk. What only lives in memory goes with a restart."""

    product: Product
    node_id: str
    address: str
    now: float
    config: dict[str, str] = dataclasses.field(default_factory=dict)
    """redis.conf, beyond the product's defaults."""

    # On disk.
    table: dict[str, Known] = dataclasses.field(default_factory=dict)
    keys: int = 0
    """The slots that hold at least one key."""
    current_epoch: int = 0

    # In memory.
    up: bool = True
    loading: bool = False
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    started: float = 0.0
    minority: float = -1e9
    state_ok: bool = False
    link_host: str = ""
    link_from: float | None = None
    link_up: bool = False
    synced: str | None = None
    """The primary whose data it has had since it started; only such a replica may take over."""
    handshakes: int = 0
    forgotten: dict[str, float] = dataclasses.field(default_factory=dict)
    """Until when gossip may not bring back whom it was told to forget."""

    def __post_init__(self) -> None:
        """Start for the first time."""
        self.table[self.node_id] = Known(node_id=self.node_id, address=self.address)
        self.start()

    # Life

    def start(self, address: str | None = None) -> None:
        """Come up with the disk as it is, perhaps at another address."""
        self.address = address or self.address
        self.table = {key: known for key, known in self.table.items() if not known.handshake}
        self.settings = {**self.product.settings, **self.config}
        self.up, self.started, self.minority = True, self.now, -1e9
        self.state_ok, self.link_up, self.link_from, self.synced = False, False, None, None
        self.me.address = self.address
        primary = self.primary
        self.link_host = primary.address if primary else ""
        for known in self.table.values():
            known.silent = None if known is self.me else self.now

    # What it is

    @property
    def me(self) -> Known:
        """What it knows of itself."""
        return self.table[self.node_id]

    @property
    def primary(self) -> Known | None:
        """The node that it follows."""
        return self.table.get(self.me.primary_id) if self.me.primary_id else None

    @property
    def others(self) -> list[Known]:
        """Nodes that it knows, handshakes not among them; sorted."""
        return [
            known
            for key, known in sorted(self.table.items())
            if key != self.node_id and not known.handshake
        ]

    @property
    def alone(self) -> bool:
        """Knows nobody, and is not about to."""
        return len(self.table) == 1

    @property
    def announced(self) -> str:
        """The address that it tells others."""
        return self.settings["cluster-announce-ip"] or self.address

    def timeout(self) -> float:
        """cluster-node-timeout in seconds."""
        return int(self.settings["cluster-node-timeout"]) / 1000

    # Commands. None is OK; a text is the refusal.

    def config_set(self, settings: tuple[tuple[str, str], ...]) -> str | None:
        """CONFIG SET: all of them or none."""
        for name, _ in settings:
            if name not in self.settings:
                return f"ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
        self.settings.update(settings)
        self.me.hostname = self.settings.get("cluster-announce-hostname", "")
        return None

    def set_config_epoch(self, epoch: int) -> str | None:
        """CLUSTER SET-CONFIG-EPOCH."""
        if not self.alone:
            return "ERR The user can assign a config epoch only when the node does not know any"
        if self.me.epoch:
            return "ERR Node config epoch is already non-zero"
        self.me.epoch = epoch
        self.current_epoch = max(self.current_epoch, epoch)
        return None

    def add_slots(self, slots: int) -> str | None:
        """CLUSTER ADDSLOTS."""
        if any(known.slots & slots for known in self.table.values()):
            return "ERR Slot is already busy"
        self.me.slots |= slots
        return None

    def meet(self, address: str) -> str | None:
        """CLUSTER MEET: only puts it down; whether it works is seen later."""
        self.shake(address, meet=True)
        return None

    def shake(self, address: str, *, meet: bool) -> None:
        """Begin a handshake, unless one with this address is on."""
        if any(known.handshake and known.address == address for known in self.table.values()):
            return
        self.handshakes += 1
        name = f"{self.handshakes:08x}{self.node_id[:32]}"
        deadline = self.now + max(self.timeout(), 1.0)
        self.table[name] = Known(
            node_id=name, address=address, handshake=True, meet=meet, deadline=deadline
        )

    def replicate(self, node_id: str) -> str | None:
        """CLUSTER REPLICATE."""
        wanted = self.table.get(node_id)
        if wanted is None or wanted.handshake:
            return f"ERR Unknown node {node_id}"
        if wanted is self.me:
            return "ERR Can't replicate myself"
        if wanted.primary_id is not None:
            return "ERR You can only replicate a master, not a replica."
        if self.me.primary_id is None and (self.me.slots or self.keys):
            return "ERR To set a master the node must be empty and without assigned slots."
        self.follow(node_id)
        return None

    def forget(self, node_id: str) -> str | None:
        """CLUSTER FORGET, with the ban that goes with it (CLUSTER_BLACKLIST_TTL)."""
        if node_id not in self.table:
            again = self.product.spreads_forget and self.banned(node_id)
            return None if again else f"ERR Unknown node {node_id}"
        if node_id == self.node_id:
            return "ERR I tried hard but I can't forget myself..."
        if node_id == self.me.primary_id:
            return "ERR Can't forget my master!"
        self.forgotten[node_id] = self.now + 60.0
        del self.table[node_id]
        return None

    def banned(self, node_id: str) -> bool:
        """Whether it was told to forget this node less than a minute ago."""
        return self.forgotten.get(node_id, -1.0) > self.now

    def follow(self, node_id: str) -> None:
        """Turn replica of a node."""
        self.me.slots, self.me.primary_id = 0, node_id
        self.link_host, self.link_from, self.link_up = self.table[node_id].address, None, False

    # What it says

    def read(self) -> View | Unreachable:
        """Answer as a server does: in texts, read by the parser that reads real servers."""
        if not self.up:
            return Unreachable(trouble=Trouble.REFUSED, reason="no connection: refused")
        if self.loading:
            return Unreachable(trouble=Trouble.LOADING, reason="it is LOADING its data")
        state = "ok" if self.state_ok else "fail"
        return views.view(
            "\n".join(self._line(known) for known in self.table.values()),
            views.info(self._info()),
            {"cluster_state": state, "cluster_known_nodes": str(len(self.table))},
            self.settings,
            peers_password_ok=True,
        )

    def _line(self, known: Known) -> str:
        role = "slave" if known.primary_id else "master"
        flags = ["myself", role] if known is self.me else ["handshake" if known.handshake else role]
        flags += ["fail"] * (known.fail is not None)
        flags += ["fail?"] * (known.pfail and known.fail is None)
        flags += ["noaddr"] * known.noaddr
        address = self.announced if known is self.me else known.address
        primary = self.table.get(known.primary_id or "")
        epoch = primary.epoch if primary else known.epoch
        hostname = f",{known.hostname}" if known.hostname else ""
        linked = "disconnected" if known.silent is not None else "connected"
        return " ".join(
            [
                known.node_id,
                f"{address}:{known.port}@{known.port + 10000}{hostname}",
                ",".join(flags),
                known.primary_id or "-",
                *("0", "0", str(epoch), linked),
                *bits.words(known.slots),
            ]
        )

    def _info(self) -> str:
        lines = ["# Server", f"run_id:{self.node_id[:8]}-{self.started}"]
        lines += [f"uptime_in_seconds:{int(self.now - self.started)}"]
        if self.product.kind == "valkey":
            lines += ["redis_version:7.2.4", f"valkey_version:{self.product.version}"]
        else:
            lines += [f"redis_version:{self.product.version}"]
        if self.me.primary_id:
            link = "up" if self.link_up else "down"
            lines += ["role:slave", f"master_host:{self.link_host}", f"master_link_status:{link}"]
        if self.keys:
            lines += [f"db0:keys={self.keys.bit_count()},expires=0,avg_ttl=0"]
        return "\r\n".join(lines)
