"""Which trouble an error is, and how it is said: a table."""

from __future__ import annotations

import errno
import ssl

import pytest
import redis.exceptions

from bootstrap.model.snapshot import Trouble
from bootstrap.redis import failures, parse


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def certificate(code: int) -> ssl.SSLCertVerificationError:
    """What ssl says of a server's certificate, by the code of OpenSSL."""
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code, error.verify_message = code, "so says OpenSSL"
    return error


def alert(reason: str) -> ssl.SSLError:
    """What ssl says when the server ends the handshake."""
    error = ssl.SSLError(1, "odd")
    error.reason = reason
    return error


E = redis.exceptions
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('192.0.2.1', 6379)")


@pytest.mark.parametrize(
    ("error", "trouble", "said"),
    [
        (failures.UnsupportedError("5.0.14"), Trouble.UNSUPPORTED, "saw 5.0.14"),
        (E.BusyLoadingError(), Trouble.LOADING, "LOADING"),
        (E.NoPermissionError("no perm"), Trouble.PERMISSION, "may not do what is needed: no perm"),
        (E.AuthenticationError("WRONGPASS x"), Trouble.PASSWORD, "user and password: WRONGPASS x"),
        (
            E.AuthenticationError("Authentication required."),
            Trouble.PASSWORD,
            "the sidecar sends none",
        ),
        (
            E.AuthenticationError("called without any password configured for the default user"),
            Trouble.PASSWORD,
            "it has no password, and the sidecar sends one",
        ),
        (E.AuthenticationWrongNumberOfArgsError("x"), Trouble.NOT_REDIS, "it answered x"),
        (
            E.ResponseError("This instance has cluster support disabled"),
            Trouble.NOT_CLUSTER,
            "not in cluster mode",
        ),
        (E.ResponseError("odd"), Trouble.NOT_REDIS, "it answered odd"),
        (parse.MalformedError("odd"), Trouble.NOT_REDIS, "does not answer as Redis does: odd"),
        (E.InvalidResponse("odd"), Trouble.NOT_REDIS, "does not answer as Redis does: odd"),
        (ValueError("invalid literal for int()"), Trouble.NOT_REDIS, "as Redis does"),
        (UnicodeError("odd"), Trouble.NOT_REDIS, "as Redis does"),
        (ssl.SSLError(1, "bad certificate"), Trouble.TLS, "bad certificate"),
        (caused(E.ConnectionError("x"), ssl.SSLError(1, "bad")), Trouble.TLS, "TLS failed"),
        (certificate(9), Trouble.TLS_EXPIRED, "not valid yet"),
        (certificate(10), Trouble.TLS_EXPIRED, "has expired"),
        (caused(E.ConnectionError("x"), certificate(10)), Trouble.TLS_EXPIRED, "has expired"),
        (certificate(62), Trouble.TLS_NAME, "not for it"),
        (certificate(64), Trouble.TLS_NAME, "not for it"),
        (certificate(18), Trouble.TLS_UNTRUSTED, "do not trust"),
        (certificate(20), Trouble.TLS_UNTRUSTED, "do not trust"),
        (certificate(26), Trouble.TLS, "TLS failed: so says OpenSSL"),
        (alert("TLSV1_ALERT_UNKNOWN_CA"), Trouble.TLS_OURS, "certificate: unknown ca"),
        (alert("SSLV3_ALERT_CERTIFICATE_EXPIRED"), Trouble.TLS_OURS, ": certificate expired"),
        (alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), Trouble.TLS_OURS, ": certificate required"),
        (alert("SSLV3_ALERT_HANDSHAKE_FAILURE"), Trouble.TLS, "TLS failed"),
        (alert("WRONG_VERSION_NUMBER"), Trouble.TLS, "expected TLS, saw something else"),
        (TimeoutError(), Trouble.TIMEOUT, "no answer in time"),
        (E.TimeoutError("Timeout reading"), Trouble.TIMEOUT, "no answer in time"),
        (REFUSED, Trouble.REFUSED, "no connection: Connection refused"),
        (caused(E.ConnectionError("x"), REFUSED), Trouble.REFUSED, "no connection: Connection ref"),
        (E.ConnectionError("Connection closed by server."), Trouble.REFUSED, "closed by server"),
        (E.ConnectionError(), Trouble.REFUSED, "no connection: ConnectionError"),
    ],
)
def test_every_error_is_some_trouble(error: Exception, trouble: Trouble, said: str) -> None:
    found, reason = failures.diagnose(error)
    assert found is trouble
    assert said in reason
