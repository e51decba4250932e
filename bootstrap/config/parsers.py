"""Parsers from text to value. Their limits catch mistakes that would otherwise fail later.

A parser takes a text without blanks around it. It raises NotThisError, whose message says what was
expected; the caller adds the variable's name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bootstrap.config import secret
from bootstrap.model import wish as wishes

DNS_PORT: Final = 53
LAST_PORT: Final = 65535
LEAST_MILLISECONDS: Final = 100
"""Fewer milliseconds are taken for a mistake: 15 was meant as 15 seconds."""

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)?", re.ASCII)
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "1", "yes"), True),
    **dict.fromkeys(("false", "0", "no"), False),
}
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A DNS label (RFC 1123): what Kubernetes allows for pods, namespaces and Services."""
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
_PLACE: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")


class NotThisError(ValueError):
    """The text is not valid. The message says what was expected."""


def integer(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from least to most."""

    def parse(text: str) -> int:
        # int() alone would also take 1_000, +1, and digits of other scripts.
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise NotThisError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def boolean(text: str) -> bool:
    """Parse true, false, 1, 0, yes, no, in any case."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise NotThisError("true or false (or 1, 0, yes, no)") from None


def seconds(text: str) -> float:
    """Parse a duration above zero into seconds; a number alone is in seconds."""
    match = _DURATION.fullmatch(text)
    value = float(match[1]) * _SECONDS[match[2] or "s"] if match else 0.0
    if value <= 0:
        raise NotThisError("a duration above 0 as 10, 10s, 500ms, 2m or 1h")
    return value


def milliseconds(text: str) -> int:
    """Parse a duration into whole milliseconds; a number alone is in milliseconds, as in Redis."""
    match = _DURATION.fullmatch(text)
    value = round(float(match[1]) * _SECONDS[match[2] or "ms"] * 1000) if match else 0
    if value < LEAST_MILLISECONDS:
        raise NotThisError(
            f"milliseconds, at least {LEAST_MILLISECONDS}, or a duration with its unit as 15s"
        )
    return value


def choice(*names: str) -> Callable[[str], Any]:
    """Return a parser of these words, which are given in lower case; it takes any case."""

    def parse(text: str) -> str:
        if text.lower() not in names:
            raise NotThisError(f"one of {', '.join(names)}")
        return text.lower()

    return parse


def label(text: str) -> str:
    """Parse one label of a DNS name: the name of a pod, namespace or Service."""
    if not _LABEL.fullmatch(text):
        raise NotThisError("a single DNS label (a-z, 0-9 and -, at most 63 characters, no dots)")
    return text


def domain(text: str) -> str:
    """Parse a DNS domain; the result is in lower case, without a trailing dot."""
    name = text.lower().removesuffix(".")
    if not all(_LABEL.fullmatch(part) for part in name.split(".")):
        raise NotThisError("a DNS domain as cluster.local")
    return name


def adopted(text: str) -> str:
    """Parse a StatefulSet's name in DNS: a hostname of its pods without `-` and the ordinal."""
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if len(labels) < len(("SET", "SERVICE")) or not all(map(_LABEL.fullmatch, labels)):
        raise NotThisError("STATEFULSET.SERVICE.NAMESPACE.svc.DOMAIN, as the refusal names it")
    return name


def place(text: str) -> str:
    """Parse the name of a host or zone.

    The server writes the name into its nodes.conf line. A blank there makes redis 8.2 crash at its
    next start.
    """
    if not _PLACE.fullmatch(text):
        raise NotThisError("only letters, digits, '.', '_' and '-'")
    return text


def address(text: str) -> str:
    """Parse an IP address that can be announced; the result is in its usual form."""
    value = _address(text)
    # A scope (fe80::1%eth0) has a meaning on this host only.
    if value is None or value.is_unspecified or value.is_multicast or "%" in text:
        raise NotThisError("one IPv4 or IPv6 address at which others reach this pod")
    return str(value)


def host(text: str) -> str:
    """Parse the name or address of a host; an IPv6 address may be in brackets."""
    name = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not _address(name) and not (name == text and _HOST.fullmatch(text)):
        raise NotThisError("a host name or an address, without a port")
    return name


def wish(text: str) -> wishes.Wish:
    """Parse a wished number of shards, or `hold`."""
    try:
        return wishes.parse(text.lower())
    except ValueError as error:
        raise NotThisError(str(error)) from None


def path(text: str) -> Path:
    """Parse the path of a file, which need not exist: `checks` looks at the files."""
    return Path(text)


def nameservers(text: str) -> tuple[tuple[str, int], ...]:
    """Parse addresses with or without a port, separated by commas; IPv6 as ::1 or [::1]:53."""
    found = []
    for part in text.replace(",", " ").split():
        name, port = (part, DNS_PORT) if _address(part) else _host_port(part)
        if not _address(name):
            raise NotThisError("addresses, not names, as 10.96.0.10 or 127.0.0.1:5353,[::1]:53")
        found.append((name, port))
    if not found:
        raise NotThisError("at least one address as 10.96.0.10 or 127.0.0.1:5353,[::1]:53")
    return tuple(found)


def listener(text: str) -> tuple[str, int] | None:
    """Parse host:port into a pair; no host means every address. "off" gives None."""
    if text.lower() == "off":
        return None
    name, port = _host_port(text)
    if name and not _address(name) and not _HOST.fullmatch(name):
        raise NotThisError("host:port or off")
    return name, port


def password(text: str) -> secret.Secret:
    """Take the text unchanged."""
    if not secret.encodable(text):
        raise NotThisError("UTF-8 text")
    return secret.Secret(text)


def token(text: str) -> secret.Secret:
    """Parse a token that can be sent in an HTTP header unchanged."""
    if not re.fullmatch(r"[!-~]{8,}", text):
        raise NotThisError("at least 8 printable ASCII characters without blanks")
    return secret.Secret(text)


def username(text: str) -> str:
    """Parse the name of an ACL user: Redis allows no blanks and no NUL in it."""
    if not secret.encodable(text) or re.search(r"[\s\0]", text):
        raise NotThisError("an ACL user's name without blanks")
    return text


def _host_port(text: str) -> tuple[str, int]:
    name, colon, port = text.rpartition(":")
    bracketed = name.startswith("[") and name.endswith("]")
    # ::1:8080 is an address without a port: with a port, IPv6 needs brackets.
    if not colon or (":" in name and not bracketed):
        raise NotThisError("host:port, IPv6 as [::1]:8080")
    if bracketed and not _address(name[1:-1]):
        raise NotThisError("an IPv6 address between the brackets")
    try:
        return name[1:-1] if bracketed else name, integer(1, LAST_PORT)(port)
    except NotThisError as error:
        raise NotThisError(f"{error} as the port") from None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
