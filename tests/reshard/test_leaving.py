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
from tests.reshard.test_growing import owned
from tests.statefulset import kubelet, oracle, pod, sets

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
        lambda: (owned(app), [one.sidecar.log()[-1] for one in app.pods]),
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
        lambda: status(app[0])[0] == 0 and status(app[0])[1]["may_go"]["pods"] == names,
        lambda: (status(app[0]), status(app[7]), app[0].cluster_nodes()),
    )


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


def known(one: pod.Pod) -> set[str]:
    """Ids of the nodes that a pod's node knows."""
    return {line.split()[0] for line in one.cluster_nodes().splitlines()}


def wait_forgotten(app: sets.LocalStatefulSet) -> None:
    """Wait until no node knows any node but those of the pods that are there."""
    ids = {one.node_id() for one in app.pods}
    forming.until(
        lambda: all(known(one) == ids for one in app.pods),
        lambda: [(one.cluster_nodes(), one.sidecar.log()[-1]) for one in app.pods],
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
        settings = [dict([one.ask("CONFIG", "GET", SETTING)]) for one in app.pods] if False else []
        assert not settings
        assert keeping.missing_keys(app) == []
