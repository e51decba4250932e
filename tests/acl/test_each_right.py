"""With one right less something fails, and what is written names the right that is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import pytest

from bootstrap.model import acl
from tests.formation import forming
from tests.keeping import keeping, roles
from tests.refusals import asking
from tests.statefulset import config, needs, oracle, pod, sets, users

SERVERS: Final = ("redis-7.0", "redis-8.2", "valkey-9.1", "redis-6.2")
NAMING: Final = SERVERS[:3]
"""Older ones carry no hostnames, and so no ghost is known by its name and forgotten there."""
ENV: Final = {
    "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true",
    "BOOTSTRAP_INTERVAL": "300ms",
    "BOOTSTRAP_HANDOVER_TIMEOUT": "5s",
    "BOOTSTRAP_NODE_TIMEOUT": "2000",
    **users.environment(),
}


def without(right: str) -> tuple[str, ...]:
    return tuple(one for one in users.RIGHTS if one != right)


def pair(
    name: str, some: tuple[str, ...], more: config.Settings | None = None
) -> sets.LocalStatefulSet:
    """The smallest set with a replica; the sidecars' user has these rights."""
    given = {"cluster-node-timeout": 2000, **users.only(some), **(more or {})}
    return sets.LocalStatefulSet(2, needs.server(name), server_config=given, sidecar_env=ENV)


def start(app: sets.LocalStatefulSet) -> None:
    app.start_servers()
    app.start_sidecars()


def wait_named(one: pod.Pod, right: str, server: str) -> None:
    """Wait until its sidecar writes what is missing, in the server's words and as a command."""
    command = right.removeprefix("+")
    if server == "redis-6.2":
        command = command.partition("|")[0]

    def named() -> bool:
        lines = one.sidecar.output().splitlines()
        wanted = (f"'{command}'", f"ACL SETUSER {users.SIDECAR} {acl.typed([right])}")
        return any(all(words in line for words in wanted) for line in lines)

    forming.until(named, one.sidecar.output)


# Rights without which nobody gets as far as a cluster

FORMING: Final = ("+info", "+cluster|info", "+cluster|nodes", "+config|get", "+config|set",
                  "+cluster|set-config-epoch", "+cluster|addslots", "+cluster|meet",
                  "+cluster|replicate", "+cluster|shards")  # fmt: skip


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("right", FORMING)
def test_forming(name: str, right: str) -> None:
    with pair(name, without(right)) as app, forming.told(app):
        start(app)
        wait_named(app[0], right, name)


def test_a_run_that_ends_says_why() -> None:
    right = "+cluster|addslots"
    with pair("redis-7.0", without(right)) as app:
        app.start_servers()
        app[1].start_sidecar()
        answer = asking.ask(app[0], "--once", env={"BOOTSTRAP_TIMEOUT": "3s"})
        assert answer.status == asking.FAILED
        wanted = (
            '"event":"timed-out"',
            "redis-app-0: ",
            f"ACL SETUSER {users.SIDECAR} {acl.typed([right])}",
        )
        assert answer.has_line(wanted), answer


@pytest.mark.parametrize("right", ["+cluster|links"])
@pytest.mark.parametrize("name", NAMING)
def test_seeing_the_links_of_the_bus(name: str, right: str) -> None:
    """The pods serve without it. Older servers have no such command."""
    with pair(name, without(right)) as app, forming.told(app):
        start(app)
        wait_named(app[0], right, name)
        forming.wait_ready(app.pods)


# Rights that a cluster needs later


@pytest.fixture(scope="module", params=SERVERS)
def formed(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    with pair(request.param, users.RIGHTS) as app, forming.told(app):
        start(app)
        oracle.wait_healthy(app.pods, forming.LONG, replicas_per_shard=1)
        yield app


@contextlib.contextmanager
def lacking(app: sets.LocalStatefulSet, right: str) -> Iterator[None]:
    """On all servers, for a while; also on those that are started meanwhile."""

    def grant(some: tuple[str, ...]) -> None:
        for one in app.pods:
            if one.running:
                one.ask("ACL", "SETUSER", users.SIDECAR, *users.rules(some).split())

    grant(without(right))
    try:
        yield
    finally:
        grant(users.RIGHTS)


@pytest.mark.parametrize("right", ["+cluster|failover"])
def test_handing_over(formed: sets.LocalStatefulSet, right: str) -> None:
    primary, _ = roles.next_primary(formed)
    with lacking(formed, right):
        status, text = roles.hand_over(primary)
    assert (status, text[:5] == "done:") == (200, False)
    assert f"ACL SETUSER {users.SIDECAR} {acl.typed([right])}" in text
    wait_named(primary, right, formed.server.name)


@pytest.mark.parametrize("right", ["+cluster|forget"])
@pytest.mark.parametrize("formed", NAMING, indirect=True)
def test_forgetting_a_ghost(formed: sets.LocalStatefulSet, right: str) -> None:
    primary, replica = roles.next_primary(formed)
    ghost = replica.node_id()
    keeping.down(formed, [replica], wipe=True)
    with lacking(formed, right):
        replica.start_sidecar()
        replica.start_server()
        wait_named(primary, right, formed.server.name)
        assert ghost in primary.cluster_nodes()
    oracle.wait_healthy(formed.pods, keeping.HEALTHY, replicas_per_shard=1)


# Rights of the servers themselves, which log in to one another as the same user


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("right", ["+replconf"])
def test_reporting_to_a_primary(name: str, right: str) -> None:
    """Nothing seems wrong without it, for a minute: so it is asked for before it matters."""
    with pair(name, without(right)) as app, forming.told(app):
        start(app)
        wait_named(app[0], right, name)


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("right", ["+psync"])
def test_copying_from_a_primary(name: str, right: str) -> None:
    """Only the replica's own server is told; its sidecar sees that the primary refuses copies."""
    with pair(name, without(right)) as app, forming.told(app):
        start(app)
        says = ("replica-refused", f"ACL SETUSER {users.SIDECAR}", right)
        asking.wait_said(app[1], says)
        forming.until(lambda: "'psync'" in app[1].log_file.read_text(), app[1].server_tail)


def test_copying_over_two_channels() -> None:
    """Valkey's dual channels take one right more, and only they do."""
    needs.insecurity("redis 7.0 has no two channels")
    name, two = "valkey-9.1", {"dual-channel-replication-enabled": "yes"}
    with pair(name, (*users.RIGHTS, "+sync"), two) as app, forming.told(app):
        start(app)
        oracle.wait_healthy(app.pods, forming.LONG, replicas_per_shard=1)
        assert app[1].ask("ACL", "LOG") == app[0].ask("ACL", "LOG") == []
    with pair(name, users.RIGHTS, two) as app, forming.told(app):
        start(app)
        forming.until(lambda: "'sync'" in app[1].log_file.read_text(), app[1].server_tail)


def test_every_right_is_missed_somewhere() -> None:
    """What none of the tests above misses is not to be granted."""
    tests = [thing for name, thing in globals().items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", [])]
    missed = [one for mark in marks if mark.args[0] == "right" for one in mark.args[1]]
    assert sorted(missed) == sorted(users.RIGHTS)
