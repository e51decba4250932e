"""What can be asked of a node: one class is one command. An action does not carry itself out.

There is no action that flushes, resets, deletes slots, or takes a failover by force, so no plan
can hold one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from bootstrap.model import slots


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSet:
    """CONFIG SET of one or more settings, at once where the server can (redis 7.0)."""

    pod: str
    settings: tuple[tuple[str, str], ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPeersPassword:
    """CONFIG SET masterauth (and masteruser) to our own credentials, which no plan ever holds."""

    pod: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadCertificates:
    """CONFIG SET tls-cert-file to the path that it has: the server reads its TLS files anew."""

    pod: str
    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConfigEpoch:
    """CLUSTER SET-CONFIG-EPOCH: distinct epochs before nodes meet spare the slow resolution."""

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
    """CLUSTER MEET of a peer at an address. MEET takes addresses only, never names."""

    pod: str
    peer: str
    address: str
    port: int
    bus_port: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """CLUSTER REPLICATE of the node that lives in the primary's pod."""

    pod: str
    primary: str
    primary_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """CLUSTER FORGET of a node that is no more; the server bans its id for 60 seconds."""

    pod: str
    ghost: str
    node_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """CLUSTER FAILOVER without force: the primary stops for it, and no write is lost."""

    pod: str
    primary: str
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
    """The command's name, in words, as dry-run and the log say it."""
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
    """The command's arguments as people read them; never a secret."""
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
    """One line: who, what, why."""
    return f"{action.pod}: {kind(action)} {' '.join(arguments(action))} ({action.why})"
