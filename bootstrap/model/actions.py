"""What a plan can ask of a node. Each class is one command; `bootstrap.redis` sends it.

No action flushes, resets, deletes slots, or forces a failover, so no plan can contain one.

In each action, `kind` is its name in dry runs, the log and metrics. `pod` is the pod whose server
gets the command, and `why` is the reason, for the log and for people. `arguments` has no secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bootstrap.model import migration, slots


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSet:
    """CONFIG SET of one or more settings, in one command if the server can (redis 7.0)."""

    kind: ClassVar = "config-set"
    pod: str
    settings: tuple[tuple[str, str], ...]
    """Names and values."""
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return tuple(f"{name}={value}" for name, value in self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPeersPassword:
    """CONFIG SET masterauth (and masteruser) to our own credentials, which no plan contains."""

    kind: ClassVar = "set-peers-password"
    pod: str
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return ("masterauth=<our password>",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadCertificates:
    """CONFIG SET tls-cert-file to its present value: the server then reads its TLS files again."""

    kind: ClassVar = "reload-certificates"
    pod: str
    path: str
    """The present value of tls-cert-file."""
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return (self.path,)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConfigEpoch:
    """CLUSTER SET-CONFIG-EPOCH: distinct epochs before nodes meet avoid a slow resolution later."""

    kind: ClassVar = "set-config-epoch"
    pod: str
    epoch: int
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return (str(self.epoch),)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSlots:
    """CLUSTER ADDSLOTS."""

    kind: ClassVar = "add-slots"
    pod: str
    ranges: slots.Ranges
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return (slots.render(self.ranges),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meet:
    """CLUSTER MEET of a peer. The command takes an address, not a name."""

    kind: ClassVar = "meet"
    pod: str
    peer: str
    """The name of the peer's pod."""
    address: str
    port: int
    """The peer's client port."""
    bus_port: int
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return self.peer, self.address, str(self.port), str(self.bus_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """CLUSTER REPLICATE: the node becomes a replica."""

    kind: ClassVar = "replicate"
    pod: str
    primary: str
    """The name of the primary's pod."""
    primary_id: str
    """The id of the node in that pod."""
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return self.primary, self.primary_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """CLUSTER FORGET of a node that no longer exists. The server bans the id for 60 seconds."""

    kind: ClassVar = "forget"
    pod: str
    ghost: str
    """What messages call the node."""
    node_id: str
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return self.ghost, self.node_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """CLUSTER FAILOVER, never by force: the primary pauses writes for it, and no write is lost.

    The command goes to the replica that takes over.
    """

    kind: ClassVar = "failover"
    pod: str
    primary: str
    """The name of the present primary's pod."""
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return ("of", self.primary)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateSlots:
    """CLUSTER MIGRATESLOTS (valkey 9.0): the node gives slots, with their keys, to another node.

    The server does it by itself, and lists it until it has ended (`migration`).
    """

    kind: ClassVar = "migrate-slots"
    pod: str
    """The pod of the source."""
    ranges: slots.Ranges
    target: str
    """The name of the target's pod."""
    target_id: str
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return slots.brief(self.ranges), "to", self.target, self.target_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSlots:
    """CLUSTER MIGRATION IMPORT (redis 8.4): the node fetches slots from the one that owns them."""

    kind: ClassVar = "import-slots"
    pod: str
    """The pod of the target."""
    ranges: slots.Ranges
    source: str
    """The name of the source's pod."""
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return slots.brief(self.ranges), "from", self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelMigrations:
    """Ends all slot migrations that the node was commanded to make. No slot of them has moved."""

    kind: ClassVar = "cancel-migrations"
    pod: str
    way: migration.Way
    """How the node's server migrates, which decides the command."""
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFunctions:
    """FUNCTION RESTORE: the node gets the functions of another node, which no plan contains.

    If a library is there already, the server refuses, and nothing changes.
    """

    kind: ClassVar = "restore-functions"
    pod: str
    source: str
    """The name of the pod whose functions they are: FUNCTION DUMP goes there."""
    why: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments for people."""
        return "of", self.source


Action = (
    ConfigSet
    | SetPeersPassword
    | ReloadCertificates
    | SetConfigEpoch
    | AddSlots
    | Meet
    | Replicate
    | Forget
    | Failover
    | MigrateSlots
    | ImportSlots
    | CancelMigrations
    | RestoreFunctions
)


def describe(action: Action) -> str:
    """Return one line: the pod, the action, the reason."""
    return " ".join((f"{action.pod}:", action.kind, *action.arguments, f"({action.why})"))
