"""Fewer shards are wished: the pods that are not needed stand empty, go, and come back."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.reshard.wishing import owned
from tests.statefulset import kubelet, misbehaviour, oracle, pod, sets

SETTING = "cluster-allow-replica-migration"


@contextlib.contextmanager
def shrunk(
    name: str, folder: Path, **more: Any
) -> Iterator[tuple[sets.LocalStatefulSet, wishing.Wish]]:
    """Three shards that became four, and three again: pods 6 and 7 stand empty."""
    with wishing.formed(name, folder, **more) as (app, wish):
        wish.state("4")
        wishing.scale_out(app, 2)
        wait_owned(app, [4096] * 4)
        wish.state("3")
        wait_owned(app, [5461, 5461, 5462])
        wait_may_go(app, ["redis-app-6", "redis-app-7"])
        yield app, wish


def wait_owned(app: sets.LocalStatefulSet, counts: list[int]) -> None:
    """Wait until the pods own so many slots each."""
    forming.until(
        lambda: sorted(owned(app).values()) == counts,
        lambda: (owned(app), [forming.last(one) for one in app.pods]),
    )


def status(one: pod.Pod) -> tuple[int, dict[str, Any]]:
    """What `status` says in a pod, and its exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "bootstrap", "status", "--output", "json"],
        env=one.sidecar_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {"failed": done.stderr}


def wait_may_go(app: sets.LocalStatefulSet, names: list[str]) -> None:
    """Wait until `status` says that exactly these pods may go, and that all is well."""
    forming.until(
        lambda: _goes(app[0]) == (0, names),
        lambda: (status(app[0]), status(app[7]), app[0].cluster_nodes()),
    )


def _goes(one: pod.Pod) -> tuple[int, list[str]]:
    """Return the exit status of `status`, and the pods that may go."""
    ended, said = status(one)
    return ended, (said.get("may_go") or {}).get("pods", [])


def scale_in(app: sets.LocalStatefulSet, many: int) -> list[pod.Pod]:
    """Take the last pods away for good, with their names in DNS; their volumes stay."""
    gone = app.pods[-many:]
    for one in gone:
        app.take_down(one, moved=False)
        app.names.withdraw(one.name, app.spec.service, app.spec.namespace)
    del app.pods[-many:]
    return gone


def come_back(app: sets.LocalStatefulSet, some: list[pod.Pod]) -> None:
    """Scale out again, with the old volumes; the pods have new addresses."""
    for one in some:
        one.move(app.addresses.fresh())
        one.publish()
        app.pods.append(one)
    kubelet.start(some)


def setting(one: pod.Pod) -> str:
    """Whether the pod's node turns into a replica of another shard when its own has no slots."""
    with one.client() as client:
        return str(dict(client.config_get(SETTING))[SETTING])


def known(one: pod.Pod) -> set[str]:
    """Ids of the nodes that a pod's node knows."""
    return {line.split()[0] for line in one.cluster_nodes().splitlines()}


def wait_forgotten(app: sets.LocalStatefulSet) -> None:
    """Wait until no node knows any node but those of the pods that are there."""
    ids = {one.node_id() for one in app.pods}
    forming.until(
        lambda: all(known(one) == ids for one in app.pods),
        lambda: [(one.cluster_nodes(), forming.last(one)) for one in app.pods],
    )


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_grown_shrunk_gone_and_back(name: str, tmp_path: Path) -> None:
    with shrunk(name, tmp_path) as (app, wish):
        seat, replica = app.pods[6:]
        # The empty shard stands as it is: no copy of another shard, and ready.
        assert [seat.ask("DBSIZE"), replica.ask("DBSIZE")] == [0, 0]
        assert wishing.follows(replica, seat)
        forming.wait_ready(app.pods)
        before = [one.ask("INFO", "stats")["sync_full"] for one in app.pods[:3]]
        with fire.Fire(app) as burning:
            scale_in(app, 2)
            wait_forgotten(app)
            burning.writer.stop()
            assert not burning.writer.lost()
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert status(app[0])[0] == 0
        wish.state("4")
        come_back(app, [seat, replica])
        wait_owned(app, [4096] * 4)
        assert seat.ordinal in owned(app)
        assert wishing.follows(replica, seat)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(app.pods)
        assert before == [one.ask("INFO", "stats")["sync_full"] for one in app.pods[:3]]
        assert {setting(one) for one in app.pods} == {"yes"}
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_first_layout_whose_pods_are_mixed(name: str, tmp_path: Path) -> None:
    """Pods 0 to 3 are primaries. Pod 6 is the only replica of pod 2, and pod 7 that of pod 3."""
    wish = wishing.Wish(tmp_path)
    wish.state("4")
    with keeping.formed(name, 8, sidecar_env=wish.env) as app, fire.Fire(app) as burning:
        wish.state("3")
        wait_may_go(app, ["redis-app-6", "redis-app-7"])
        assert set(owned(app)) == {0, 1, 2}
        # Pod 3 handed its role over, and is needed in the shard whose replica goes.
        assert wishing.follows(app[3], app[2])
        assert wishing.follows(app[6], app[7])
        assert [app[6].ask("DBSIZE"), app[7].ask("DBSIZE")] == [0, 0]
        forming.wait_ready(app.pods)
        gone = scale_in(app, 2)
        wait_forgotten(app)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        wish.state("4")
        come_back(app, gone)
        wait_owned(app, [4096] * 4)
        assert set(owned(app)) == {0, 1, 2, 7}
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_pods_that_go_too_early_are_told_with_the_way_back(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        wish.state("4")
        wishing.scale_out(app, 2)
        wait_owned(app, [4096] * 4)
        early = scale_in(app, 2)
        forming.until(
            lambda: "Then wish for fewer shards" in str(status(app[0])[1]),
            lambda: status(app[0]),
        )
        said = status(app[0])
        assert said[0] != 0
        assert "--replicas=8" in str(said[1]["headline"]["todo"])
        wish.state("3")
        forming.until(
            lambda: "scaling down too early" in str(forming.last(app[0]).get("waiting")),
            lambda: [forming.last(one) for one in app.pods],
        )
        come_back(app, early)
        wait_may_go(app, ["redis-app-6", "redis-app-7"])
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_pod_that_restarts_or_that_dns_does_not_tell_is_not_forgotten(
    name: str, tmp_path: Path
) -> None:
    with shrunk(name, tmp_path) as (app, _):
        seat, replica = app.pods[6:]
        ids = {one.node_id() for one in app.pods}
        rest = app.pods[:6]
        app.names.behave(misbehaviour.Behaviour.SERVFAIL, name=f"{seat.fqdn}.")
        for one in (seat, replica):
            app.take_down(one, moved=False)
            app.names.withdraw(one.name, app.spec.service, app.spec.namespace)
        # The replica of a node that may come back is not forgotten before the minute is over. Then
        # it is, and its primary, of whose name DNS only fails to tell, is not.
        forming.until(
            lambda: all(len(known(one)) == 7 for one in rest),
            lambda: [(one.cluster_nodes(), forming.last(one)) for one in rest],
        )
        app.names.behave(None, name=f"{seat.fqdn}.")
        for one in (seat, replica):
            one.move(app.addresses.fresh())
        kubelet.start([seat, replica])
        forming.until(
            lambda: all(known(one) == ids for one in app.pods),
            lambda: [(one.cluster_nodes(), forming.last(one)) for one in app.pods],
        )
        wishing.wait_follows(replica, seat)
        assert [seat.ask("DBSIZE"), replica.ask("DBSIZE")] == [0, 0]
        forming.wait_ready(app.pods)
