"""The TLS examples on a server that was built with TLS, with certificates made as they tell."""

from __future__ import annotations

import fnmatch
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import redis

from tests.configuration import image
from tests.statefulset import addresses, clients, config, folders, needs

EXAMPLE: Final = image.EXAMPLES / "tls-secret" / "kustomization.yaml"
NAME: Final = "redis-7.0"
"""The one of the matrix that has TLS."""


@pytest.fixture
def folder() -> Iterator[Path]:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here: the example makes its certificates with it")
    with folders.temporary() as found:
        image.prepare(found)
        _follow(EXAMPLE.read_text(), found / "tls")
        yield found


def test_servers_speak_tls_only_and_want_a_certificate(folder: Path) -> None:
    some = addresses.Addresses()
    address = some.of(0)
    made = folder / "tls"
    files = config.Tls(ca=made / "ca.crt", cert=made / "tls.crt", key=made / "tls.key")
    image.add(image.EXAMPLES / "tls" / "also-tls.conf", folder)
    child = image.start(needs.server(NAME), folder, address)
    try:
        with image.wait_up(
            child, lambda: clients.connect(address, image.PORT, **clients.encrypted(files))
        ) as asked:
            assert asked.config_get("port") == {"port": "0"}
            assert asked.config_get("tls-cluster") == {"tls-cluster": "yes"}
            assert asked.config_get("tls-replication") == {"tls-replication": "yes"}
        with pytest.raises(redis.ConnectionError):
            clients.connect(address, image.PORT).ping()
        # Without a certificate of its own a client gets no further than the handshake.
        bare = clients.connect(
            address, image.PORT, ssl=True, ssl_ca_certs=str(files.ca), ssl_check_hostname=False
        )
        with pytest.raises((redis.ConnectionError, ssl.SSLError)):
            bare.ping()
    finally:
        child.stop()
        some.release()


def test_the_certificate_names_pods_and_the_clients_service(folder: Path) -> None:
    shown = subprocess.check_output(
        ["openssl", "x509", "-in", folder / "tls" / "tls.crt", "-noout", "-ext", "subjectAltName"],
        text=True,
    )
    names = re.findall(r"DNS:([^,\s]+)", shown)
    for wanted in ("redis-app-5.redis-service.redis", "redis-client.redis"):
        assert any(fnmatch.fnmatch(f"{wanted}.svc.cluster.local", name) for name in names)


def _follow(text: str, folder: Path) -> None:
    """Run the commands of the example's comment, in its folder, as a person pastes them."""
    commands = [line[4:] for line in text.splitlines() if line.startswith("#   ")]
    assert commands
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=60,
    )
