"""The scene of a move: a cluster of three shards with many keys, and a fourth one without slots."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.bench import stored
from tests.reshard import wishing
from tests.statefulset import kubelet, oracle, pod, process, servers, sets, views

SIZE: Final = 8
"""Pods in the end."""
LONG: Final = 120.0
"""Seconds after which something counts as stuck that is only prepared."""


@contextlib.contextmanager
def three_shards(
    server: servers.Server, folder: Path, keys: int
) -> Iterator[tuple[sets.LocalStatefulSet, wishing.Wish]]:
    """Six pods with so many keys. Three shards are wished."""
    wish = wishing.Wish(folder)
    wish.state("3")
    env = {"BOOTSTRAP_SHARDS_FILE": str(wish.file)}
    with sets.LocalStatefulSet(6, server, sidecar_env=env) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, LONG, replicas_per_shard=1)
        stored.load(app.pods, keys)
        yield app, wish


def with_replica(app: sets.LocalStatefulSet, wish: wishing.Wish) -> pod.Pod:
    """Add the new shard's primary and its replica; return the primary.

    While other sidecars wish for three shards, those of new pods that wish for four leave them
    empty primaries. So the replica is made one by hand.
    """
    ahead = wish.file.with_name("ahead")
    ahead.write_text("4\n")
    seat, replica = app.add_pod(), app.add_pod()
    kubelet.start([seat, replica], env={"BOOTSTRAP_SHARDS_FILE": str(ahead)})
    _wait_empty(app, seat)
    _wait_empty(app, replica)
    replica.ask("CLUSTER", "REPLICATE", seat.node_id())
    wait_follows(replica, seat)
    wait(lambda: not oracle.problems(app.pods), "all to know that")
    return seat


def wait_stated(app: sets.LocalStatefulSet, wish: str) -> None:
    """Wait until each pod's node shows the wish."""
    wait(lambda: all(_wishes(one, wish) for one in app.pods), "all to show the wish")


def wait_follows(replica: pod.Pod, primary: pod.Pod) -> None:
    """Wait for a replica's link."""
    wait(lambda: wishing.follows(replica, primary), f"{replica} to follow {primary}")


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that is only prepared."""
    process.wait_for(condition, LONG, what)


def _wait_empty(app: sets.LocalStatefulSet, new: pod.Pod) -> None:
    """Wait until all nodes are connected to a new one, and know it as a primary without slots."""
    wait(lambda: all(_empty(one, new) for one in app.pods), f"{new} to be known as empty")


def _wishes(one: pod.Pod, wish: str) -> bool:
    """Whether a pod shows a wish, which is the fourth part of its human name."""
    _name, value = one.ask("CONFIG", "GET", "cluster-announce-human-nodename")
    return str(value).split("/")[3:4] == [wish]


def _empty(one: pod.Pod, new: pod.Pod) -> bool:
    """Whether a pod's node knows another pod's as a primary without slots, and both are connected."""
    lines = [views.parse_line(line) for line in one.cluster_nodes().splitlines()]
    mine = [line for line in lines if line.node_id == new.node_id()]
    return [(line.primary, line.slots, line.connected) for line in mine] == [(None, (), True)]
