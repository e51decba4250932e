"""Reading resolv.conf(5), as far as it tells where to ask and where we are."""

from __future__ import annotations

import ipaddress
from typing import Final

PORT: Final = 53
MOST_NAMESERVERS: Final = 3
"""MAXNS of resolv.h: the C library never asks more than these."""


def read_resolv_conf(text: str) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """Return the name servers as (address, port), and the search domains without trailing dots.

    The last `search` or `domain` line wins, as it does for the C library. Whatever makes no
    sense is passed over, for the file is not ours to correct.
    """
    nameservers: list[tuple[str, int]] = []
    search: tuple[str, ...] = ()
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith(("#", ";")):
            continue
        keyword, values = words[0], words[1:]
        if keyword == "nameserver" and values and _is_address(values[0]):
            nameservers.append((values[0], PORT))
        elif keyword == "search":
            search = tuple(domain for value in values if (domain := value.strip(".")))
        elif keyword == "domain":
            search = tuple(domain for value in values[:1] if (domain := value.strip(".")))
    return tuple(nameservers[:MOST_NAMESERVERS]), search


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)  # It takes a scope too, such as fe80::1%eth0.
    except ValueError:
        return False
    return True
