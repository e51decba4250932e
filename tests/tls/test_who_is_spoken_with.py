"""Nothing is said to a server, its password least of all, before it is known whose it is."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Final

import pytest

from bootstrap import connection, encryption, node, secret
from bootstrap.core.model import Trouble, Unreachable, View
from tests.statefulset import authority, config, needs, pod, sets

NAME: Final = "redis-app-0.redis-service.default.svc.cluster.local"
ELSEWHERE: Final = "redis-app-0.another-service.default.svc.cluster.local"
PASSWORD: Final = "s3cret"


@pytest.fixture
def issuer(tmp_path: Path) -> authority.Authority:
    return authority.Authority(tmp_path)


def look(one: pod.Pod, client: config.Tls, name: str, password: str) -> View | Unreachable:
    """As a sidecar that means the pod of this name, or knows the address alone."""

    async def read() -> View | Unreachable:
        files = encryption.Files(ca=client.ca, cert=client.cert, key=client.key)
        access = connection.Access(
            credentials=secret.Credentials(password=secret.Secret(password)),
            tls=encryption.Encryption(files, NAME),
            timeout=10.0,
        )
        where = node.Node(one.address, one.port, access, name)
        try:
            return await where.read()
        finally:
            await where.close()

    return asyncio.run(read())


def knocks(one: pod.Pod) -> int:
    """How often a password was refused; so how often one was sent."""
    return len([entry for entry in one.ask("ACL", "LOG") if "auth" in entry])


@pytest.mark.parametrize("meant", [NAME, ""], ids=["by name", "by address"])
@pytest.mark.parametrize(
    ("certified", "trusted"),
    [
        ((NAME,), True),
        ((ELSEWHERE, NAME), True),
        (("*.redis-service.default.svc.cluster.local",), True),
        ((NAME.upper(),), True),
        ((ELSEWHERE,), False),
        (("*.another-service.default.svc.cluster.local",), False),
        (("redis-service.default.svc.cluster.local",), False),
        (("a.b.redis-service.default.svc.cluster.local",), False),
    ],
    ids=str,
)
def test_a_password_is_sent_to_pods_of_ours_only(
    issuer: authority.Authority, meant: str, certified: tuple[str, ...], *, trusted: bool
) -> None:
    files, client = issuer.issue(*certified), issuer.issue("client")
    server = needs.server("redis-7.0")
    config = {"requirepass": PASSWORD}
    with sets.LocalStatefulSet(1, server, tls=lambda _: files, server_config=config) as app:
        app.start_servers()
        app[0].ask("ACL", "LOG", "RESET")
        found = look(app[0], client, meant, "wrong")
        assert isinstance(found, Unreachable)
        assert found.trouble is (Trouble.PASSWORD if trusted else Trouble.TLS_NAME)
        assert knocks(app[0]) == trusted
        assert isinstance(look(app[0], client, meant, PASSWORD), View) is trusted


@pytest.mark.parametrize("meant", [NAME, ""], ids=["by name", "by address"])
def test_the_right_name_from_the_wrong_authority(
    issuer: authority.Authority, tmp_path: Path, meant: str
) -> None:
    other = authority.Authority(tmp_path, "other")
    files = dataclasses.replace(other.issue(NAME), ca=other.ca)
    server = needs.server("redis-7.0")
    with sets.LocalStatefulSet(1, server, tls=lambda _: files) as app:
        app.start_servers()
        found = look(app[0], issuer.issue("client"), meant, PASSWORD)
        assert isinstance(found, Unreachable)
        assert found.trouble is Trouble.TLS_UNTRUSTED
