"""Ports that charts leave in redis.conf, at which no server listens: the sidecar puts them right."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import config, needs, oracle, pod, sets

LEFT: dict[str, config.Settings] = {
    "port": {"cluster-announce-port": 7001},
    "bus": {"cluster-announce-bus-port": 17001},
    "tls": {"cluster-announce-tls-port": 7002},
    "all": {
        "cluster-announce-port": 7001,
        "cluster-announce-bus-port": 17001,
        "cluster-announce-tls-port": 7002,
        "cluster-announce-ip": "10.255.255.1",
    },
}
SERVERS = ("redis-6.2", *keeping.SERVERS)


def told(one: pod.Pod) -> bool:
    """Whether a sidecar says that its server sends clients to a port of the past."""
    return "sends clients to port 7001" in str(forming.last(one).get("notes"))


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("name", SERVERS)
def test_forming(name: str, left: str) -> None:
    """Each sidecar takes its node's back, and tells which line to delete."""
    with (
        sets.LocalStatefulSet(6, needs.server(name), server_config=LEFT[left]) as app,
        forming.told(app),
    ):
        app.start_servers()
        app.start_sidecars()
        # Before 7.0 a node's own line keeps the old port until its server restarts.
        kept = [f"{one.name}: believes {one.name} at {one.address}:7001" for one in app.pods]
        old = name == "redis-6.2" and "cluster-announce-port" in LEFT[left]
        forming.until(
            lambda: all(old and one.startswith(tuple(kept)) for one in oracle.problems(app.pods)),
            lambda: oracle.problems(app.pods),
        )
        forming.wait_ready(app.pods)
        for one in app.pods:
            others = [other for other in app.pods if other is not one]
            for other in others if name == "redis-6.2" else app.pods:
                assert f"{one.address}:6379@16379" in other.cluster_nodes()
            forming.until(lambda: told(one) is old, lambda: forming.last(one))  # noqa: B023


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_another_port_for_the_bus(name: str) -> None:
    """Where the server does listen: nothing has to be put right."""
    left = {"cluster-port": 17001}
    with (
        sets.LocalStatefulSet(6, needs.server(name), server_config=left) as app,
        forming.told(app),
    ):
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, forming.LONG)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_rolled_into_a_cluster(name: str) -> None:
    """A pod after the other comes back with them, and is ready once the others reach it."""
    with keeping.formed(name) as app:
        for one in reversed(app.pods):
            app.take_down(one, moved=False)
            one.start_sidecar()
            one.start_server(LEFT["all"])
            one.wait_server_up()
            forming.wait_ready([one])
            oracle.wait_healthy(app.pods, keeping.HEALTHY)
        assert not keeping.missing_keys(app)
