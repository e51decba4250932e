"""What a plan can ask of a node. Each class is one command; `bootstrap.redis` sends it.

No action flushes, resets, deletes slots, or forces a failover, so no plan can contain one.

In each action, `pod` is the pod whose server gets the command, and `why` is the reason, for the
log and for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from bootstrap.model import slots


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSet:
    """CONFIG SET of one or more settings, in one command if the server can (redis 7.0)."""

    pod: str
    settings: tuple[tuple[str, str], ...]
    """Names and values."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPeersPassword:
    """CONFIG SET masterauth (and masteruser) to our own credentials, which no plan contains."""

    pod: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadCertificates:
    """CONFIG SET tls-cert-file to its present value: the server then reads its TLS files again."""

    pod: str
    path: str
    """The present value of tls-cert-file."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConfigEpoch:
    """CLUSTER SET-CONFIG-EPOCH: distinct epochs before nodes meet avoid a slow resolution later."""

    pod: str
    epoch: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSlots:
    """CLUSTER ADDSLOTS."""

    pod: str
    ranges: slots.Ranges
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meet:
    """CLUSTER MEET of a peer. The command takes an address, not a name."""

    pod: str
    peer: str
    """The name of the peer's pod."""
    address: str
    port: int
    """The peer's client port."""
    bus_port: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """CLUSTER REPLICATE: the node becomes a replica."""

    pod: str
    primary: str
    """The name of the primary's pod."""
    primary_id: str
    """The id of the node in that pod."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """CLUSTER FORGET of a node that no longer exists. The server bans the id for 60 seconds."""

    pod: str
    ghost: str
    """What messages call the node."""
    node_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """CLUSTER FAILOVER, never by force: the primary pauses writes for it, and no write is lost.

    The command goes to the replica that takes over.
    """

    pod: str
    primary: str
    """The name of the present primary's pod."""
    why: str


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
)


def kind(action: Action) -> str:
    """Return the action's name in dry runs, the log and metrics."""
    match action:
        case ConfigSet():
            return "config-set"
        case SetPeersPassword():
            return "set-peers-password"
        case ReloadCertificates():
            return "reload-certificates"
        case SetConfigEpoch():
            return "set-config-epoch"
        case AddSlots():
            return "add-slots"
        case Meet():
            return "meet"
        case Replicate():
            return "replicate"
        case Forget():
            return "forget"
        case Failover():
            return "failover"
        case _:
            assert_never(action)


def arguments(action: Action) -> tuple[str, ...]:
    """Return the command's arguments for people; never a secret."""
    match action:
        case ConfigSet():
            return tuple(f"{name}={value}" for name, value in action.settings)
        case SetPeersPassword():
            return ("masterauth=<our password>",)
        case ReloadCertificates():
            return (action.path,)
        case SetConfigEpoch():
            return (str(action.epoch),)
        case AddSlots():
            return (slots.render(action.ranges),)
        case Meet():
            return action.peer, action.address, str(action.port), str(action.bus_port)
        case Replicate():
            return action.primary, action.primary_id
        case Forget():
            return action.ghost, action.node_id
        case Failover():
            return ("of", action.primary)
        case _:
            assert_never(action)


def describe(action: Action) -> str:
    """Return one line: the pod, the action, the reason."""
    return f"{action.pod}: {kind(action)} {' '.join(arguments(action))} ({action.why})"
