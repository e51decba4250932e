"""At which addresses a server listens, by its own settings."""

from __future__ import annotations

import ipaddress
from typing import Final

from bootstrap.core.model import View

_ALL: Final = {"*": None, "::*": 6, "0.0.0.0": 4, "::": None}  # noqa: S104 - words of redis.conf
"""Words for all addresses, with the family that they are for (redis.conf, `bind`)."""


def covers(bind: str, address: str) -> bool:
    """Whether a server with this `bind` listens at the address. Without any it listens at all.

    A leading `-` allows an address to be missing on the host.
    """
    wanted = ipaddress.ip_address(address)
    words = [word.removeprefix("-") for word in bind.split()]
    return not words or any(_is(word, wanted) for word in words)


def _is(word: str, wanted: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if word in _ALL:
        return _ALL[word] in (None, wanted.version)
    try:
        return ipaddress.ip_address(word) == wanted
    except ValueError:
        return True  # a word that the server understands and we do not is no evidence


def elsewhere(view: View, address: str | None) -> bool:
    """Whether the server's own settings leave out the address at which peers look for it."""
    bind = view.setting("bind")
    return bind is not None and address is not None and not covers(bind, address)


def protected(view: View) -> bool:
    """Whether the server speaks with its own host alone, should it have no password.

    Before 7.0 a `bind` of one's own switched that off (networking.c, acceptCommonHandler).
    """
    explicit = view.version < (7, 0, 0) and bool(view.setting("bind"))
    return view.setting("protected-mode") == "yes" and not explicit
