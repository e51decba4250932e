"""The socket on which probes, metrics and status are asked for."""

from __future__ import annotations

import socket
from typing import Final, TypeAlias

Caller: TypeAlias = tuple[socket.socket, tuple[str, int]]
"""An accepted connection, and its peer's address and port."""
_QUEUE: Final = 32
"""Connections that may wait to be accepted."""


def listen(where: tuple[str, int]) -> socket.socket:
    """Listen on address and port; an empty address means all, of both IP families.

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
