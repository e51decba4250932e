"""Whose node answers at an address, by what its own sidecar wrote into it."""

from __future__ import annotations

import enum
from collections.abc import Collection

from bootstrap.model import hostnames
from bootstrap.model.topology import Topology
from bootstrap.model.view import View


class Proof(enum.Enum):
    """What a node's own words prove about a pod that was looked for."""

    OURS = enum.auto()
    #: It says nothing yet: its sidecar has not written, or this is not a node of ours.
    SILENT = enum.auto()
    #: Another pod of the same StatefulSet: an address that moved on.
    PEER = enum.auto()
    STRANGER = enum.auto()


def prove(
    view: View,
    hostname: str,
    address: str | None,
    topology: Topology,
    known: Collection[str] = (),
) -> Proof:
    """Judge the node that answered at an address which the hostname led to.

    A server before 7.0 has no place for a hostname; there the announced address, which a sidecar
    wrote too, is all the proof that can be had.

    A cluster that is being adopted may announce short names, or names outside. Such a name is not
    ours alone, so it counts only for a node whose id our own node knows: `known`.
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
        return Proof.STRANGER
    # The name of the same pod before it was adopted: its sidecar has not written yet.
    return Proof.SILENT if topology.hostname_of(meant) == hostname else Proof.PEER
