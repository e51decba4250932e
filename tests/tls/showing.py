"""Which certificate a server shows to who connects now."""

from __future__ import annotations

import contextlib
import socket
import ssl

from tests.statefulset import config, pod


def shown(one: pod.Pod) -> str:
    """The certificate that the pod's server shows now, in PEM."""
    assert one.tls is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection((one.address, one.port), timeout=10)
    with contextlib.closing(context.wrap_socket(raw)) as wrapped:
        return ssl.DER_cert_to_PEM_cert(wrapped.getpeercert(binary_form=True) or b"")


def filed(files: config.Tls) -> str:
    """The certificate that the files hold now, in PEM."""
    return files.cert.read_text()


def up_to_date(one: pod.Pod) -> bool:
    """Whether the server shows what its file holds."""
    assert one.tls is not None
    return shown(one).strip() == filed(one.tls).strip()
