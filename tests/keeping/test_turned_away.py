"""A replica whose primary turns it away: its sidecar tries the primary's port, and says why."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from tests.formation import forming
from tests.keeping import roles
from tests.statefulset import authority, needs, network, pod, sets, users
from tests.statefulset import spec as specs

SERVERS: Final = ("redis-7.0", "redis-8.2", "valkey-8.1", "valkey-9.1")
CODE: Final = "replica-refused"
ENV: Final = {"BOOTSTRAP_ALLOW_FEWER_SHARDS": "true", "BOOTSTRAP_INTERVAL": "500ms"}


@contextlib.contextmanager
def pair(
    name: str, env: specs.Environment | None = None, **more: Any
) -> Iterator[sets.LocalStatefulSet]:
    """The smallest set with a replica, formed."""
    given = {**ENV, **(env or {})}
    with (
        sets.LocalStatefulSet(2, needs.server(name), sidecar_env=given, **more) as app,
        forming.told(app),
    ):
        app.start_servers()
        app.start_sidecars()
        forming.wait_ready(app.pods)
        yield app


def part(primary: redis.Redis) -> None:
    """End the links of the replicas; they dial again at once."""
    primary.client_kill_filter(_type="replica")


def assert_told(replica: pod.Pod, *says: str, do: str = "    to do: ") -> None:
    """`/readyz`, the log, `status` and a dry run of the replica's pod have the cause."""

    def told() -> bool:
        status, text = forming.answers(replica)
        return status == 503 and CODE in text and all(one in text for one in says)

    forming.until(told, lambda: (forming.answers(replica), replica.server_tail()))
    for command in ("status", "--dry-run"):
        status, text = roles.beside(replica, command)
        assert status == 2, text
        assert f"ACT {CODE}: {replica.name} has no link" in text.splitlines()[0], text
        assert all(one in text for one in (f"TROUBLE {CODE}", *says)), text
        assert do in text, text


def told_of(
    app: sets.LocalStatefulSet, setting: str, wrong: str, *says: str, do: str = "    to do: "
) -> None:
    """The replica's pod tells of a setting of its primary, until it is what it was before."""
    primary, replica = app[0], app[1]
    with primary.client() as admin:
        before = admin.config_get(setting)[setting]
        admin.config_set(setting, wrong)
        part(admin)
        assert_told(replica, *says, do=do)
        admin.config_set(setting, before)
    forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", SERVERS)
def test_more_clients_than_it_may_have(name: str) -> None:
    needs.insecurity("over TLS such a server hangs up without a word")
    with pair(name) as app:
        primary, replica = app[0], app[1]
        with primary.client() as admin:
            before = int(admin.config_get("maxclients")["maxclients"])
            admin.config_set("maxclients", 2)
            some = [primary.client() for _ in range(2)]
            part(admin)
            assert_told(replica, f"{primary.name} at {primary.address}:6379", "max number of cl")
            admin.config_set("maxclients", before)
            for one in some:
                one.close()
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", SERVERS)
def test_a_port_that_listens_elsewhere(name: str) -> None:
    """Its bus port still does: it is no primary that is down."""
    with pair(name) as app:
        told_of(
            app, "bind", app.addresses.fresh(), "takes no connection from", do="CONFIG GET bind"
        )


@pytest.mark.parametrize("name", SERVERS)
def test_another_password(name: str) -> None:
    """The primary's own sidecar goes on by the connection that it has."""
    word = "s3cret-of-all"
    config = {"requirepass": word, "masterauth": word}
    env = {"BOOTSTRAP_REDIS_PASSWORD": word}
    with pair(name, server_config=config, env=env) as app:
        says = ("WRONGPASS", "does not take masteruser and masterauth")
        told_of(app, "requirepass", "s3cret-other", *says)
        assert word not in app[1].sidecar.output()


@pytest.mark.parametrize("name", SERVERS)
def test_a_password_that_the_replica_lacks(name: str) -> None:
    needs.insecurity("replicas log in as a user with a password")
    with pair(name) as app:
        says = ("NOAUTH", f"the masterauth of {app[1].name} is empty")
        told_of(app, "requirepass", "s3cret-new", *says)


@pytest.mark.parametrize("name", SERVERS)
def test_a_password_that_the_primary_does_not_have(name: str) -> None:
    needs.insecurity("replicas log in as a user with a password")
    with pair(name) as app:
        primary, replica = app[0], app[1]
        replica.ask("CONFIG", "SET", "masterauth", "s3cret-needless")
        with primary.client() as admin:
            part(admin)
        assert_told(replica, "without any password configured", "masterauth")
        replica.ask("CONFIG", "SET", "masterauth", "")
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", SERVERS)
def test_a_right_that_is_missing(name: str) -> None:
    """Only a copy is refused, which the sidecar never asks for: the primary counts what it refuses."""
    with pair(name, server_config=users.only(), env=users.environment()) as app:
        primary, replica = app[0], app[1]
        with primary.client() as admin:
            admin.execute_command("ACL", "SETUSER", users.SIDECAR, "-psync")
            part(admin)
            assert_told(replica, "may not do", do="ACL SETUSER bootstrap +replconf +psync")
            admin.execute_command("ACL", "SETUSER", users.SIDECAR, "+psync")
        forming.wait_ready(app.pods)


LOOPBACK: Final = {"BOOTSTRAP_REDIS_HOST": "127.0.0.1"}


@contextlib.contextmanager
def apart(name: str) -> Iterator[tuple[sets.LocalStatefulSet, network.Network]]:
    """Pods with networks of their own, each with a sidecar that speaks over loopback."""
    needs.namespaces()
    with (
        network.Network(2) as net,
        pair(name, LOOPBACK, server_config={"bind": "* -::*"}, net=net) as app,
    ):
        yield app, net


@pytest.mark.parametrize("name", SERVERS)
def test_protected_mode(name: str) -> None:
    with apart(name) as (app, _net):
        says = (f"{app[0].name} turns every other pod away: its protected-mode is on", "DENIED")
        told_of(app, "protected-mode", "yes", *says, do="CONFIG SET protected-mode no")


@pytest.mark.parametrize(
    "reject", [False, pytest.param(True, marks=pytest.mark.enumerates)], ids=["drops", "rejects"]
)
@pytest.mark.parametrize("name", SERVERS)
def test_a_policy_that_closes_the_port_between_pods(name: str, *, reject: bool) -> None:
    with apart(name) as (app, net):
        primary, replica = app[0], app[1]
        with primary.client() as admin:
            net.close(0, primary.port, reject=reject, source=replica.address)
            part(admin)
        assert_told(replica, f"at {primary.address}:6379", do="kubectl get networkpolicy")
        net.open(0)
        forming.wait_ready(app.pods)


# TLS, which one server of the matrix has


def test_a_primary_that_speaks_tls_and_a_replica_that_does_not(tmp_path: Path) -> None:
    files = authority.Authority(tmp_path).per_pod
    with pair("redis-7.0", tls=files) as app:
        primary, replica = app[0], app[1]
        replica.ask("CONFIG", "SET", "tls-replication", "no")
        with primary.client() as admin:
            part(admin)
        assert_told(replica, f"that port of {primary.name} speaks TLS", do="GET 'tls-*'")
        replica.ask("CONFIG", "SET", "tls-replication", "yes")
        forming.wait_ready(app.pods)


def test_a_replica_that_speaks_tls_and_a_primary_that_does_not(tmp_path: Path) -> None:
    """The sidecar's own way to the servers is plain, and it has no certificate."""
    needs.insecurity("all servers speak TLS there")
    found = authority.Authority(tmp_path).issue("any")
    config = {
        "tls-ca-cert-file": str(found.ca),
        "tls-cert-file": str(found.cert),
        "tls-key-file": str(found.key),
    }
    with pair("redis-7.0", server_config=config) as app:
        primary, replica = app[0], app[1]
        replica.ask("CONFIG", "SET", "tls-replication", "yes")
        with primary.client() as admin:
            part(admin)
        assert_told(replica, f"that port of {primary.name} speaks none", do="GET 'tls-*'")
        replica.ask("CONFIG", "SET", "tls-replication", "no")
        forming.wait_ready(app.pods)


def test_a_primary_that_does_not_trust_its_replica(tmp_path: Path) -> None:
    ours, theirs = authority.Authority(tmp_path), authority.Authority(tmp_path, "others")
    with pair("redis-7.0", tls=ours.per_pod) as app:
        says, do = "accept each other's certificates", "GET 'tls-*-file'"
        told_of(app, "tls-ca-cert-file", str(theirs.ca), says, do=do)


def test_while_it_is_formed(tmp_path: Path) -> None:
    """The seed sees that there is no link, and names where the cause is told."""
    files = authority.Authority(tmp_path).per_pod
    with (
        sets.LocalStatefulSet(2, needs.server("redis-7.0"), sidecar_env=ENV, tls=files) as app,
        forming.told(app),
    ):
        app[0].start_server()
        app[1].start_server({"tls-replication": "no"})
        app.start_servers()
        app.start_sidecars()
        assert_told(app[1], f"that port of {app[0].name} speaks TLS")
        for command in ("--dry-run", "status"):
            status, text = roles.beside(app[0], command)
            assert status == 2, text
            assert "redis-app-1" in text.splitlines()[0], text
            assert f"primary redis-app-0 at {app[0].address}" in text, text
            where = (
                "$ kubectl exec -n default redis-app-1 -c bootstrap -- python -m bootstrap status"
            )
            assert where in text, text
