"""Clusters that others formed, without any sidecar, are taken over with their data.

What docs/migration.md tells people to do.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.statefulset import kubelet, needs, oracle, secured, sets, users


@contextlib.contextmanager
def made_by_hand(name: str) -> Iterator[sets.LocalStatefulSet]:
    """Six servers that a Job brought together with redis-cli, with keys in them."""
    settings = {**fire.SETTINGS, "appendonly": "yes", "appendfsync": "always"}
    if secured.WANTED:
        settings |= {"masteruser": users.SIDECAR, "masterauth": users.PASSWORD}
    server = needs.server(name)
    with (
        sets.LocalStatefulSet(6, server, server_config=settings, sidecar_env=fire.ENV) as app,
        forming.told(app),
    ):
        app.start_servers()
        addresses = [f"{one.address}:{one.port}" for one in app.pods]
        login, secret = oracle.redis_cli_login(app[0])
        create = [str(needs.redis_cli()), *login, "--cluster", "create", *addresses]
        options = ["--cluster-replicas", "1", "--cluster-yes"]
        subprocess.run(
            [*create, *options],
            env=os.environ | secret,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )
        forming.until(lambda: _formed(app), lambda: [one.cluster_nodes() for one in app.pods])
        keeping.write(app)
        yield app


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_pod_by_pod(name: str) -> None:
    """As a StatefulSet rolls when the sidecar is added; a person fails primaries over before."""
    with made_by_hand(name) as app:
        before = {one.name: one.node_id() for one in app.pods}
        for one in reversed(app.pods):
            if keeping.role(one) == "master":
                _fail_over(app, one.node_id())
            app.take_down(one, grace=fire.GRACE)
            kubelet.start([one])
            forming.wait_ready([one])
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert {one.name: one.node_id() for one in app.pods} == before
        assert keeping.missing_keys(app) == []


@pytest.mark.usually("redis-8.2")
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_all_at_once(name: str) -> None:
    """As when one StatefulSet is deleted and another takes over its claims: new addresses all."""
    with made_by_hand(name) as app:
        before = {one.name: one.node_id() for one in app.pods}
        for one in app.pods:
            app.take_down(one, grace=fire.GRACE)
        kubelet.start(app.pods)
        forming.wait_ready(app.pods)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert {one.name: one.node_id() for one in app.pods} == before
        assert keeping.missing_keys(app) == []


def _fail_over(app: sets.LocalStatefulSet, primary: str) -> None:
    (replica,) = (one for one in app.pods if f"myself,slave {primary} " in one.cluster_nodes())
    replica.ask("CLUSTER", "FAILOVER")
    forming.until(lambda: keeping.role(replica) == "master", replica.cluster_nodes)


def _formed(app: sets.LocalStatefulSet) -> bool:
    """Whether everybody says so, and copies are linked: redis-cli does not wait for that."""
    for one in app.pods:
        said = one.ask("INFO", "replication")
        if "cluster_state:ok" not in str(one.ask("CLUSTER", "INFO")).replace("'", ""):
            return False
        if said["role"] == "slave" and said["master_link_status"] != "up":
            return False
    return sum(keeping.role(one) == "slave" for one in app.pods) == 3
