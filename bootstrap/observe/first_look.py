"""The first look at the other pods, with the least effort: whether all their servers are down.

At a first start all pods begin together and share processors, and each server waits for its start
gate. The module that speaks with servers takes longest to load, and no server is up yet. So DNS is
asked once for each name (`dns.first_question`), and each port is tried. If that is not enough, the
loop looks.
"""

from __future__ import annotations

import socket
import time
from typing import Final

from bootstrap.dns import answers
from bootstrap.model import directory
from bootstrap.model.snapshot import Pod
from bootstrap.model.topology import Topology
from bootstrap.redis import login

_SECONDS: Final = 0.3
"""Seconds for all ports together. If a server is down, its port refuses within a millisecond."""


def others(topology: Topology, known: answers.Findings) -> tuple[Pod, ...] | None:
    """Return the other pods if none of their servers listens; None if one may listen."""
    found: list[Pod] = []
    ends = time.monotonic() + _SECONDS
    said = known.to_directory()
    for ordinal in topology.ordinals:
        hostname = topology.hostname_of(ordinal)
        name = said.of(hostname)
        if ordinal == topology.ordinal:
            continue
        if name.state == "unknown" or len(name.addresses) > 1:
            return None
        if name.addresses and not _closed(name.addresses[0], topology.port, ends):
            return None
        found.append(_down(topology, ordinal, name))
    return tuple(found)


def _down(topology: Topology, ordinal: int, name: directory.Name) -> Pod:
    """Return a pod that DNS does not know yet, or whose server refuses connections."""
    return Pod(
        name=topology.name_of(ordinal),
        ordinal=ordinal,
        hostname=topology.hostname_of(ordinal),
        resolved=name,
        address=name.addresses[0] if name.addresses else None,
        node=login.refused() if name.addresses else None,
    )


def _closed(address: str, port: int, ends: float) -> bool:
    """Whether the port refuses connections before `ends`, in seconds of time.monotonic."""
    left = ends - time.monotonic()
    if left <= 0:
        return False
    try:
        socket.create_connection((address, port), timeout=left).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
