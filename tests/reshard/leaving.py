"""Pods that leave a set of which fewer shards are wished, and that come back with their volumes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.formation import forming
from tests.reshard import wishing
from tests.reshard.wishing import owned
from tests.statefulset import kubelet, pod, sets

SETTING: Final = "cluster-allow-replica-migration"


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
        lambda: [(status(one), forming.last(one)) for one in (app.pods[0], app.pods[-1])],
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
