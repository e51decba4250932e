"""What certificates say, for messages, and whether one is valid. Nothing here decides on trust."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Facts: TypeAlias = Mapping[str, Any]
"""A certificate as ssl.SSLSocket.getpeercert returns it."""

_ANY_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h; the module ssl has no name for it."""
_NAMES, _CHARACTERS = 3, 80
"""Names of a foreign certificate that a message repeats, at most, and characters of each."""
_TURNS = 10
"""Turns of a handshake, at most; no handshake takes so many."""


async def shown(address: str, port: int, client: ssl.SSLContext) -> str:
    """Return names, validity and issuer of a server's certificate; empty if it showed none.

    `client` must trust any certificate, and is changed. No data is sent on these connections.
    """
    try:
        encoded = await _certificate(address, port, client, form=True)
        # ssl decodes only trusted certificates. So this one is trusted for the second connection.
        client.load_verify_locations(cadata=encoded)
        client.verify_mode = ssl.CERT_REQUIRED
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_ANY_TIME)
        return describe(await _certificate(address, port, client, form=False))
    except (OSError, ValueError):
        return ""


async def _certificate(address: str, port: int, client: ssl.SSLContext, *, form: bool) -> Any:
    _, writer = await asyncio.open_connection(address, port, ssl=client, server_hostname="")
    try:
        return writer.get_extra_info("ssl_object").getpeercert(form)
    finally:
        writer.transport.abort()


def describe(facts: Facts) -> str:
    """Return names, validity and issuer on one line."""
    listed = names(facts)
    more = f" and {len(listed) - _NAMES} more" if len(listed) > _NAMES else ""
    said = ", ".join(_short(name) for name in listed[:_NAMES]) or "no name"
    parts = (value for part in facts.get("issuer", ()) for _, value in part)
    issuer = _short(", ".join(parts)) or "an issuer without a name"
    return (
        f"one for {said}{more}, valid from {_date(facts['notBefore'])} to"
        f" {_date(facts['notAfter'])}, issued by {issuer}"
    )


def names(facts: Facts) -> list[str]:
    """Return the names and addresses of the certificate (subjectAltName)."""
    return [name for _, name in facts.get("subjectAltName", ())]


def names_pod_of(facts: Facts, subdomain: str) -> bool:
    """Whether the certificate is for some pod below this name, or for all of them."""
    wanted = subdomain.lower()
    found = (name for kind, name in facts.get("subjectAltName", ()) if kind == "DNS")
    return any(name.lower().partition(".")[2] == wanted for name in found)


def since(facts: Facts) -> int:
    """Return the start of the certificate's validity, in seconds since 1970."""
    return ssl.cert_time_to_seconds(facts["notBefore"])


def tried(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> tuple[bytes, Facts]:
    """Return the certificate (DER, and decoded) that a client gets in a handshake with a server.

    Raises:
        ssl.SSLError: when the client would not accept the certificate for that name.

    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    asked = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_TURNS):
        with contextlib.suppress(ssl.SSLWantReadError):
            asking.do_handshake()
            return asking.getpeercert(binary_form=True) or b"", asking.getpeercert() or {}
        with contextlib.suppress(ssl.SSLWantReadError):
            asked.do_handshake()
    raise ssl.SSLError("the handshake does not come to an end")


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}..."


def _date(text: str) -> str:
    when = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(text), dt.UTC)
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
