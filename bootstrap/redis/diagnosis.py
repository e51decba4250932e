"""A second look at a server after an error, to find out what is wrong with it.

These connections carry no password, and no command but PING.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from bootstrap.model.snapshot import Trouble
from bootstrap.redis import certificates, encryption, failures

_SECONDS = 0.5
"""Seconds for a look, at most."""
_CERTIFICATE = (Trouble.TLS_EXPIRED, Trouble.TLS_NAME, Trouble.TLS_UNTRUSTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server that failed, and how the sidecar connected to it."""

    address: str
    port: int
    name: str
    """The DNS name that its certificate must have; empty for any pod of our service."""
    tls: encryption.Encryption | None
    """None: without TLS."""
    known: bool
    """Whether an exchange succeeded before: then TLS on one side only is not the cause."""


async def explain(error: BaseException, server: Server) -> tuple[Trouble, str]:
    """Return the kind of trouble, and what was expected and seen. Never raises OSError."""
    trouble, said = failures.diagnose(error)
    tls, hung_up = server.tls, failures.hung_up(error)
    try:
        async with asyncio.timeout(_SECONDS):
            if tls and trouble in _CERTIFICATE:
                said += await _certificate(trouble, server, tls)
            elif tls and (hung_up or trouble is Trouble.TLS_OURS):
                trouble, said = await _refusal(server, tls) or (trouble, said)
            elif tls and trouble is Trouble.TIMEOUT and not server.known:
                if await speaks_plainly(server.address, server.port):
                    return Trouble.TLS, "expected TLS, saw a server that speaks without"
            elif not tls and hung_up and await _is_crowded(server):
                return Trouble.CROWDED, failures.TOO_MANY
            elif not tls and hung_up and not server.known and await _speaks_tls(server):
                return Trouble.TLS, "expected a server without TLS, saw one that speaks TLS"
    except (OSError, TimeoutError):
        pass
    return trouble, said


async def _certificate(trouble: Trouble, server: Server, tls: encryption.Encryption) -> str:
    """Return what was expected of the certificate, and what it says."""
    expected = {
        Trouble.TLS_EXPIRED: "one that is valid now",
        Trouble.TLS_NAME: f"one for {server.name}" if server.name else "one for a pod of ours",
        Trouble.TLS_UNTRUSTED: f"one from an authority in {tls.trusted}",
    }[trouble]
    shown = await certificates.shown(server.address, server.port, tls.blind())
    return f": expected {expected}" + (f", saw {shown}" if shown else "")


async def _refusal(server: Server, tls: encryption.Encryption) -> tuple[Trouble, str] | None:
    """Return what the server says about our certificate; None if it says nothing.

    A server says so after the handshake, and may hang up too soon for the answer to arrive. Here
    nothing is sent to it, so it closes the connection with no data unread, and no answer is lost.
    """
    try:
        reader, writer = await asyncio.open_connection(
            server.address, server.port, ssl=tls.blind(), server_hostname=""
        )
        try:
            await reader.read(1)
        finally:
            writer.transport.abort()
    except ssl.SSLError as error:
        trouble, said = failures.diagnose(error)
        expected = "expected one that its tls-ca-cert-file trusts, and that is valid"
        return trouble, f"{said}; {expected}, the sidecar shows {tls.showing}"
    return None


async def _is_crowded(server: Server) -> bool:
    """Whether a server says that it has too many clients, and hangs up.

    Nothing is sent to the server, so it closes the connection with no data unread, and its message
    is not lost. A server that takes new clients says nothing.
    """
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        async with asyncio.timeout(_SECONDS / 2):
            return failures.CROWDED.encode() in await reader.read()
    except TimeoutError:
        return False
    finally:
        writer.transport.abort()


async def speaks_plainly(address: str, port: int) -> bool:
    """Whether a server answers there without TLS.

    Raises:
        OSError: when there is no connection.

    """
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(b"PING\r\n")
        return await reader.read(1) in {b"+", b"-"}
    finally:
        writer.transport.abort()


async def _speaks_tls(server: Server) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(
            server.address, server.port, ssl=context, server_hostname=""
        )
    except ssl.SSLError as error:
        return "ALERT" in str(error.reason)
    writer.transport.abort()
    return True
