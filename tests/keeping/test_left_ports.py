"""Ports that charts leave in redis.conf, at which no server listens: the sidecar puts them right."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import config, needs, oracle, sets

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
        oracle.wait_healthy(app.pods, forming.LONG)
        forming.wait_ready(app.pods)
        for one in app.pods:
            assert f"{one.address}:6379@16379" in one.cluster_nodes()


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
