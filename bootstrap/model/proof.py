"""Which pod a node belongs to, by what its own sidecar wrote into the server."""

from __future__ import annotations

import enum
from collections.abc import Collection

from bootstrap.model import hostnames
from bootstrap.model.topology import Topology
from bootstrap.model.view import View


class Proof(enum.Enum):
    """What a node proves about the pod that was looked for at its address."""

    OURS = enum.auto()
    """It is that pod's node."""
    SILENT = enum.auto()
    """No proof: its sidecar has not written yet, or it is not a node of ours."""
    PEER = enum.auto()
    """It is the node of another pod of the same StatefulSet: the address is an old one."""
    FOREIGN = enum.auto()
    """It is a foreign node."""


def prove(
    view: View,
    hostname: str,
    address: str | None,
    topology: Topology,
    known: Collection[str] = (),
) -> Proof:
    """Judge the node that answered at `address`, to which `hostname` led. `known` are node ids.

    A server before 7.0 announces no hostname. For such a server the announced address counts, which
    a sidecar has written too.

    A cluster that is being adopted may announce short names, or names in an outside domain. Other
    pods may have the same name, so it counts only if our own node knows the node's id (`known`).
    """
    said = view.setting("cluster-announce-hostname")
    if said is None:
        announced = view.setting("cluster-announce-ip")
        return Proof.OURS if announced and announced == address else Proof.SILENT
    said = hostnames.plain(said)
    if said == hostname:
        return Proof.OURS
    if not said:
        return Proof.SILENT
    if hostnames.other_form(said, hostname):
        return Proof.OURS if view.node_id in known else Proof.SILENT
    meant = topology.meant_by(said)
    if meant is None:
        return Proof.FOREIGN
    # The name of the same pod before the adoption: its sidecar has not written the new one yet.
    return Proof.SILENT if topology.hostname_of(meant) == hostname else Proof.PEER
