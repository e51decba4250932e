"""What certificates say, for messages, and whether one would do. No server is trusted by this."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Facts: TypeAlias = Mapping[str, Any]
"""What ssl.SSLSocket.getpeercert gives of a certificate."""

_ANY_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h: ssl has no name for it."""
_NAMES, _CHARACTERS = 3, 80
"""Names and characters of a stranger's certificate that a message repeats."""
_TURNS = 10
"""More than any handshake takes."""


async def shown(address: str, port: int, client: ssl.SSLContext) -> str:
    """Whom the certificate of a server is for, until when, and from whom; empty if none was had.

    `client` trusts any certificate it is shown, and is changed. Nothing is said on these
    connections.
    """
    try:
        encoded = await _certificate(address, port, client, form=True)
        # ssl takes a certificate apart only once it is trusted. So it is, for this one look.
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
    """Return names, dates and authority on a line."""
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
    """Return the names and addresses that the certificate is for."""
    return [name for _, name in facts.get("subjectAltName", ())]


def names_pod_of(facts: Facts, subdomain: str) -> bool:
    """Whether it is for some pod below this name, or for all of them."""
    wanted = subdomain.lower()
    found = (name for kind, name in facts.get("subjectAltName", ()) if kind == "DNS")
    return any(name.lower().partition(".")[2] == wanted for name in found)


def since(facts: Facts) -> int:
    """Return when it began to be valid, in seconds since 1970."""
    return ssl.cert_time_to_seconds(facts["notBefore"])


def tried(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> tuple[bytes, Facts]:
    """The certificate of a server, and what it says, as a client would be shown it.

    Raises:
        ssl.SSLError: when the client would not have it as the certificate of that name.

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
