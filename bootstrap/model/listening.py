"""Whether a server may answer only its own pod, by its settings.

The settings alone are no proof, and no fault is reported for them. They are the reason to try the
server at its pod's address.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from bootstrap.model.view import View

_ALL: Final = {"*": 4, "0.0.0.0": 4, "::": 6, "::*": 6}  # noqa: S104 - words of redis.conf
"""Words of `bind` for all addresses of one family (redis.conf; anet.c asks for IPv6 alone)."""

_EMPTY_IS_NONE: Final = (7, 0, 0)
"""Since this version an empty `bind` means no address; before, it meant all (config.c)."""


def covers(bind: str, address: str) -> bool:
    """Whether a server with this `bind` surely listens at the address; an empty `bind` is none.

    A leading `-` means that the address may be missing on the host. For a name such as `localhost`
    the address that the server resolved is not known, so a name does not count.
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
    """Whether the server may not listen at the address and port that peers use."""
    bind = view.setting("bind")
    if view.myself.port != port:
        return True
    if bind is None or (not bind and view.version < _EMPTY_IS_NONE):
        return False
    return not covers(bind, address)


def protected(view: View) -> bool:
    """Whether the server refuses other hosts while its default user has no password.

    Passwords of other users do not count: the server hangs up before a login. Before 7.0 a `bind`
    in the configuration switched protected mode off (networking.c, acceptCommonHandler).
    """
    explicit = view.version < (7, 0, 0) and bool(view.setting("bind"))
    return view.setting("protected-mode") == "yes" and not explicit
