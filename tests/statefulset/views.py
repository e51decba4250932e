"""What one node says of the cluster, read by the tests' own parser.

Independent of the product's: an oracle that shares the product's mistakes sees none of them.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import redis.exceptions

from tests.statefulset import answers
from tests.statefulset import pod as pods

SLOTS: Final = 16384


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of CLUSTER NODES."""

    node_id: str
    address: str
    """`ip:port`; the ip may be empty in a node's line about itself."""
    flags: frozenset[str]
    primary: str | None
    """The primary's id when the node is a replica."""
    connected: bool
    slots: tuple[tuple[int, int], ...]
    """Ranges, both ends included."""
    moving: tuple[str, ...]
    """Slots being imported or migrated, as they are written."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the oracle wants to know from one node, read over one connection."""

    pod: str
    address: str
    """Where the pod is, `ip:port`."""
    node_id: str
    state: str
    """cluster_state."""
    lines: tuple[Line, ...]
    link: str | None
    """A replica's master_link_status; None on a primary."""
    follows: str | None
    """The `ip:port` that a replica replicates from; None on a primary."""
    dialled: frozenset[str] | None
    """Ids to which a connection of its own is established; None where the server can't say."""

    @property
    def ids(self) -> frozenset[str]:
        """The ids that the node knows, its own included."""
        return frozenset(line.node_id for line in self.lines)

    def line(self, node_id: str) -> Line | None:
        """Return what the node says about another."""
        return next((line for line in self.lines if line.node_id == node_id), None)


def read(pod: pods.Pod) -> View | str:
    """Ask the pod's node; a string says why it could not be asked."""
    try:
        with pod.client() as client:
            return build(pod.name, f"{pod.address}:{pod.port}", answers.ask(client))
    except redis.exceptions.RedisError as error:
        return f"{type(error).__name__}: {error}"


def build(pod: str, address: str, told: answers.Answers) -> View:
    """Make a view of what the node of the pod at this address answered."""
    replication = told["replication"]
    replica = replication["role"] == "slave"
    return View(
        pod=pod,
        address=address,
        node_id=told["node_id"],
        state=_pairs(told["info"])["cluster_state"],
        lines=tuple(parse_line(line) for line in told["nodes"].splitlines()),
        link=str(replication["master_link_status"]) if replica else None,
        follows=f"{replication['master_host']}:{replication['master_port']}" if replica else None,
        dialled=_dialled(told["links"]),
    )


def _dialled(links: list[list[Any]] | None) -> frozenset[str] | None:
    """In CLUSTER NODES a dialled address is "connected" at once; these connections are there.

    A handler for reading is set when the connection is there (clusterLinkConnectHandler).
    """
    if links is None:
        return None
    facts = [dict(zip(link[::2], link[1::2], strict=True)) for link in links]
    return frozenset(
        str(link["node"])
        for link in facts
        if link["direction"] == "to" and "r" in str(link["events"])
    )


def parse_line(text: str) -> Line:
    """Read one line of CLUSTER NODES; ValueError or IndexError when it is not one."""
    node_id, where, flags, primary, _ping, _pong, _epoch, link, *slots = text.split()
    return Line(
        node_id=node_id,
        address=where.split(",")[0].split("@")[0],
        flags=frozenset(flags.split(",")),
        primary=None if primary == "-" else primary,
        connected=link == "connected",
        slots=tuple(_range(slot) for slot in slots if not slot.startswith("[")),
        moving=tuple(slot for slot in slots if slot.startswith("[")),
    )


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
