"""Which kind of trouble an error is, and what to say about it."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from typing import Final

import redis.exceptions

from bootstrap.model import acl
from bootstrap.model.snapshot import Trouble

_CERTIFICATES: Final = {
    9: (Trouble.TLS_EXPIRED, "its certificate is not valid yet"),
    10: (Trouble.TLS_EXPIRED, "its certificate has expired"),
    62: (Trouble.TLS_NAME, "its certificate is not for it"),
    64: (Trouble.TLS_NAME, "its certificate is not for it"),
} | dict.fromkeys(
    (2, 18, 19, 20, 21),
    (Trouble.TLS_UNTRUSTED, "its certificate is from an authority that we do not trust"),
)
"""Codes X509_V_ERR_* of OpenSSL's x509_vfy.h."""
NAME_MISMATCH: Final = 62
"""X509_V_ERR_HOSTNAME_MISMATCH."""
_ALERTS: Final = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
"""Words in the alert of a server that does not accept the client's certificate."""


_UNKNOWN: Final = re.compile(r"unknown command ['`]?([A-Za-z]+)")
"""The words of rejectCommandFormat in server.c; redis 6.2 has backticks instead of quotes."""
_PROTECTED: Final = "in protected mode"
"""A server tells a client on another host, and hangs up (acceptCommonHandler, networking.c)."""
CROWDED: Final = "max number of clients"
"""A server with as many clients as it takes says so, and hangs up (the same function)."""
TOO_MANY: Final = (
    "it has as many clients as it takes, and turns every new one away: max number of clients"
    " reached (maxclients)"
)
"""What messages say about such a server."""


class UnsupportedError(redis.exceptions.RedisError):
    """The server is older than the oldest supported version. The message is its version."""


class CommandMissingError(redis.exceptions.RedisError):
    """The server does not know a command. The message is the command's name."""


class LoadingError(redis.exceptions.BusyLoadingError):
    """The server is loading its data, and meanwhile answers like a new server."""


def forbidden(reply: object) -> bool:
    """Whether a server refused since our user lacks the right."""
    return isinstance(reply, redis.exceptions.NoPermissionError)


def command_missing(reply: object) -> bool:
    """Whether a server refused a command since it does not know its name."""
    return bool(_missing(reply))


def turned_away(reply: object) -> bool:
    """Whether a server in protected mode hangs up, since the sidecar is on another host."""
    return isinstance(reply, redis.exceptions.RedisError) and _PROTECTED in str(reply)


def crowded(reply: object) -> bool:
    """Whether a server hangs up since it has as many clients as it takes."""
    return isinstance(reply, redis.exceptions.RedisError) and CROWDED in str(reply)


def unheard(error: redis.exceptions.AuthenticationError) -> bool:
    """Whether a server asks for a password. After AUTH that means it does not know AUTH."""
    return "Authentication required" in str(error)


def diagnose(error: BaseException) -> tuple[Trouble, str]:  # noqa: C901, PLR0912 - a table
    """Return which kind of trouble an error is, and what was seen, for messages."""
    text = str(error)
    match error:
        case UnsupportedError():
            return Trouble.UNSUPPORTED, f"server version: expected 6.2 or later, saw {text}"
        case redis.exceptions.BusyLoadingError():
            return Trouble.LOADING, "it is LOADING its data; that is not an empty node"
        case redis.exceptions.NoPermissionError():
            return Trouble.PERMISSION, f"the sidecar's user may not do what is needed: {text}"
        case redis.exceptions.RedisError() if turned_away(error):
            return (
                Trouble.PROTECTED,
                "it turns other pods away: protected-mode is on, its default user has no password",
            )
        case redis.exceptions.RedisError() if crowded(error):
            return Trouble.CROWDED, TOO_MANY
        case redis.exceptions.RedisError() if name := _missing(error):
            return Trouble.COMMAND, _about_command(name)
        case redis.exceptions.AuthenticationError():
            return Trouble.PASSWORD, _about_password(text)
        case redis.exceptions.ResponseError() if "cluster support disabled" in text:
            return Trouble.NOT_CLUSTER, "Redis is not in cluster mode: expected cluster-enabled yes"
        case _ if inner := tls(error):
            return _about_tls(inner)
        case ValueError() | redis.exceptions.InvalidResponse():
            return Trouble.NOT_REDIS, f"it does not answer as Redis does: {text}"
        case redis.exceptions.ResponseError():
            return Trouble.NOT_REDIS, f"it answered {text}"
        case TimeoutError() | redis.exceptions.TimeoutError():
            return Trouble.TIMEOUT, "no answer in time"
        case _:
            return Trouble.REFUSED, f"no connection: {_plainly(error)}"


def tls(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS error that caused an error; None if none did."""
    return next((one for one in _chain(error) if isinstance(one, ssl.SSLError)), None)


def hung_up(error: BaseException) -> bool:
    """Whether the other side closed the connection without a message."""
    ends = (ConnectionResetError, BrokenPipeError, EOFError)
    return any(isinstance(one, ends) or "closed by server" in str(one) for one in _chain(error))


def _missing(reply: object) -> str:
    """Return the command that a server does not know; empty for other replies."""
    if isinstance(reply, CommandMissingError):
        return str(reply)
    found = isinstance(reply, redis.exceptions.ResponseError) and _UNKNOWN.search(str(reply))
    return found[1].upper() if found else ""


def _about_command(name: str) -> str:
    """Say which command is missing, what needs it, and why it may be missing."""
    purpose = acl.PURPOSES.get(name, "by the sidecar")
    return (
        f"it does not know the command {name}, which is needed {purpose}: a line `rename-command"
        f" {name} ...` in its redis.conf, or its provider, has taken it away"
    )


def _about_password(text: str) -> str:
    """Say whether the server or the sidecar has a password that the other does not expect."""
    if "Authentication required" in text:
        return f"it wants a password, and the sidecar sends none: {text}"
    if "without any password configured" in text:
        return "it has no password, and the sidecar sends one"
    return f"it does not accept the sidecar's user and password: {text}"


def _about_tls(error: ssl.SSLError) -> tuple[Trouble, str]:
    code = getattr(error, "verify_code", None)
    if code in _CERTIFICATES:
        return _CERTIFICATES[code]
    reason = str(getattr(error, "reason", None) or "")
    _, alert, told = reason.partition("ALERT_")
    if alert and any(word in told for word in _ALERTS):
        said = told.replace("_", " ").lower()
        return Trouble.TLS_OURS, f"it does not accept the sidecar's certificate: {said}"
    if reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return Trouble.TLS, "TLS failed: expected TLS, saw something else"
    return Trouble.TLS, f"TLS failed: {getattr(error, 'verify_message', '') or error}"


def _plainly(error: BaseException) -> str:
    """Return what the system said, without the address that redis-py and asyncio add."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno:
            return os.strerror(one.errno)
    *_, innermost = _chain(error)
    return str(innermost) or type(innermost).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, down to the first."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__
