"""Whether a server may answer its own pod and no other: what its settings say, as far as they go.

That alone is never told as a fault. It is the reason to try the server at its pod's address.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from bootstrap.model.view import View

_ALL: Final = {"*": 4, "0.0.0.0": 4, "::": 6, "::*": 6}  # noqa: S104 - words of redis.conf
"""Words of `bind` for all addresses of one family (redis.conf; anet.c asks for IPv6 alone)."""

_EMPTY_IS_NONE: Final = (7, 0, 0)
"""Since then a `bind` of no word is no address at all, and before it was every one (config.c)."""


def covers(bind: str, address: str) -> bool:
    """Whether a server with this `bind` listens at the address for sure; with no word, nowhere.

    A leading `-` allows an address to be missing on the host. Of a name, as `localhost`, it is not
    known which address it was for the server.
    """
    wanted = ipaddress.ip_address(address)
    return any(_is(word.removeprefix("-"), wanted) for word in bind.split())


def _is(word: str, wanted: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if word in _ALL:
        return _ALL[word] == wanted.version
    try:
        return ipaddress.ip_address(word) == wanted
    except ValueError:
        return False


def elsewhere(view: View, address: str, port: int) -> bool:
    """Whether the server may not listen at the address and port at which peers look for it."""
    bind = view.setting("bind")
    if view.myself.port != port:
        return True
    if bind is None or (not bind and view.version < _EMPTY_IS_NONE):
        return False
    return not covers(bind, address)


def protected(view: View) -> bool:
    """Whether the server speaks with its own host alone while its default user has no password.

    Other users make no difference: it hangs up before it asks for one. Before 7.0 a `bind` of one's
    own switched that off (networking.c, acceptCommonHandler).
    """
    explicit = view.version < (7, 0, 0) and bool(view.setting("bind"))
    return view.setting("protected-mode") == "yes" and not explicit
