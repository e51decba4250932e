"""The socket on which probes, metrics and status are asked for."""

from __future__ import annotations

import socket
from typing import Final, TypeAlias

Caller: TypeAlias = tuple[socket.socket, tuple[str, int]]
"""A connection that was taken, and from where it comes."""
_QUEUE: Final = 32
"""Callers that may wait to be let in."""


def listen(where: tuple[str, int]) -> socket.socket:
    """Listen on an address and port; without an address on all of both families.

    Raises:
        OSError: when the address cannot be bound.

    """
    host, _ = where
    both = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if ":" in host or both else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if both:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        made.listen(_QUEUE)
    except OSError:
        made.close()
        raise
    return made
