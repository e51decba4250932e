"""Nothing is said to a server, its password least of all, before it is known whose it is."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Final

import pytest

from bootstrap.config import secret
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.observe import neighbours
from bootstrap.redis import connection, encryption, node
from tests.shell import watching
from tests.statefulset import authority, config, needs, pod, process, sets

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


def test_a_name_that_gossip_brings_is_not_enough(issuer: authority.Authority) -> None:
    """The authority signs for others too, and a member says that it is one of them."""
    evil = "evil.example.com"
    server, settings = needs.server("redis-7.0"), {"requirepass": PASSWORD}

    def files(fqdn: str) -> config.Tls:
        return issuer.issue(NAME) if fqdn == NAME else issuer.issue(evil)

    async def hand_over(one: pod.Pod) -> None:
        client = issuer.issue("client")
        ours = encryption.Files(ca=client.ca, cert=client.cert, key=client.key)
        access = connection.Access(
            credentials=secret.Credentials(password=secret.Secret(PASSWORD)),
            tls=encryption.Encryption(ours, NAME),
            timeout=10.0,
        )
        around = neighbours.Neighbours(watching.topology_of(one), one.address, access)
        try:
            found = await around.observe(lambda view: view.others)
        finally:
            await around.close()
        (other,) = (seen for seen in found.pods if seen.name != one.name)
        assert other.hostname == evil
        assert isinstance(other.node, Unreachable)
        assert other.node.trouble is Trouble.TLS_NAME

    with sets.LocalStatefulSet(2, server, tls=files, server_config=settings) as app:
        app.start_servers()
        watching.announce(app[0])
        app[1].ask("CONFIG", "SET", "cluster-announce-hostname", evil)
        app[0].ask("CLUSTER", "MEET", app[1].address, app[1].port)
        process.wait_for(lambda: evil in app[0].cluster_nodes(), 20.0, "gossip")
        # Were it sent, it would be refused, and so be seen.
        app[1].ask("CONFIG", "SET", "requirepass", "another")
        asyncio.run(hand_over(app[0]))
        with app[1].client(password="another") as client:
            assert client.execute_command("ACL", "LOG") == []
