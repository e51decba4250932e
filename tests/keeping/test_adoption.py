"""Clusters that others formed, without any sidecar, are taken over with their data.

What docs/migration.md tells people to do.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.statefulset import kubelet, needs, oracle, pod, secured, sets, users

FORMS: Final[dict[str, str]] = {
    "pod": "{pod}",
    "service": "{pod}.redis-service",
    "namespace": "{pod}.redis-service.default",
    "svc": "{pod}.redis-service.default.svc",
    "capitals": "{POD}.Redis-Service.default.SVC.cluster.local",
    "dot": "{pod}.redis-service.default.svc.cluster.local.",
    "outside": "{pod}.example.com",
}
"""Hostnames that servers announce before there is a sidecar, each the pod's own in another form."""
OTHER: Final = "redis-{ordinal}.example.com"
"""One from which the pod cannot be told."""


def announced(form: str, one: pod.Pod) -> str:
    return form.format(pod=one.name, POD=one.name.upper(), ordinal=one.ordinal)


@contextlib.contextmanager
def made_by_hand(name: str, form: str = "") -> Iterator[sets.LocalStatefulSet]:
    """Six servers that a Job brought together with redis-cli, with keys in them.

    With a `form` each announces a hostname, as its redis.conf or its entrypoint says.
    """
    settings = {**fire.SETTINGS, "appendonly": "yes", "appendfsync": "always"}
    if secured.WANTED:
        settings |= {"masteruser": users.SIDECAR, "masterauth": users.PASSWORD}
    server = needs.server(name)
    with (
        sets.LocalStatefulSet(6, server, server_config=settings, sidecar_env=fire.ENV) as app,
        forming.told(app),
    ):
        for one in app.pods:
            one.start_server({"cluster-announce-hostname": announced(form, one)} if form else None)
        for one in app.pods:
            one.wait_server_up()
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


@pytest.mark.parametrize("form", ["", *FORMS.values()], ids=["none", *FORMS])
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_pod_by_pod(name: str, form: str) -> None:
    """As a StatefulSet rolls when the sidecar is added; a person fails primaries over before.

    Whatever the servers announced as their hostname, if it is their pods' own in any form.
    """
    with made_by_hand(name, form) as app:
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
@pytest.mark.parametrize("form", ["", *FORMS.values()], ids=["none", *FORMS])
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_all_at_once(name: str, form: str) -> None:
    """As when one StatefulSet is deleted and another takes over its claims: new addresses all."""
    with made_by_hand(name, form) as app:
        before = {one.name: one.node_id() for one in app.pods}
        for one in app.pods:
            app.take_down(one, grace=fire.GRACE)
        kubelet.start(app.pods)
        forming.wait_ready(app.pods)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert {one.name: one.node_id() for one in app.pods} == before
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_name_that_is_not_the_pods(name: str) -> None:
    """It is refused with the name that was expected; given that one, as the docs say, it rolls on."""
    needs.insecurity("no certificate is for that name, so the start gate stays shut and says so")
    with made_by_hand(name, OTHER) as app:
        last = app[5]
        app.take_down(last, grace=fire.GRACE)
        kubelet.start([last])
        forming.until(
            lambda: keeping.blocked(last) == {"foreign-node"}, lambda: last.sidecar.log()[-2:]
        )
        said = forming.events(last, "plan")[-1]
        assert "announces the name redis-0.example.com" in said["blocked"]
        assert f"expected {app[0].fqdn}" in said["blocked"]
        assert "FORGET" not in str(said)
        assert "for i in 0 1 2 3 4; do" in said["fix"]
        assert "CONFIG SET cluster-announce-hostname redis-app-$i.redis-service" in said["fix"]
        for one in app.pods[:5]:
            one.ask("CONFIG", "SET", "cluster-announce-hostname", one.fqdn)
        forming.wait_ready([last])


def test_all_at_once_under_a_name_that_is_not_the_pods() -> None:
    """No node of that name lives, and whether it was this set's only a person can say."""
    with made_by_hand("redis-8.2", "redis-{ordinal}.old.default.svc.cluster.local") as app:
        for one in app.pods:
            app.take_down(one, grace=fire.GRACE)
        kubelet.begin(app.pods)
        for one in app.pods:
            kubelet.wait_held(one, "BOOTSTRAP_ADOPT is not set")
            one.kill_sidecar()
        kubelet.start(app.pods, env={"BOOTSTRAP_ADOPT": "redis.old.default.svc.cluster.local"})
        forming.wait_ready(app.pods)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
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
