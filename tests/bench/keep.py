"""What keeping costs: how soon a moved cluster is whole again, and what clients miss meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Any, Final, Literal

import redis

from tests.statefulset import config, kubelet, oracle, process, servers, sets, writer
from tests.statefulset import pod as pods

Way = Literal["sidecars", "by hand", "late"]
WAYS: Final[tuple[Way, ...]] = ("sidecars", "by hand", "late")
KEYS: Final = 1000
"""How many the cluster holds, to be found again afterwards."""
PERSISTENT: Final[config.Settings] = {"appendonly": "yes", "repl-diskless-sync-delay": 0}
"""Without the delay: a replica's copy waits for company for 5 s by default, whoever heals."""
LONG: Final = 120.0
"""Seconds after which healing counts as never."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Healed:
    """One outage of all pods, which come back elsewhere. Seconds since the last server was up."""

    way: Way
    pods: int
    linked: float | None
    """Until every link and every replica is back."""
    seconds: float | None
    """Until every node says ok too, which none does in the first 2 s after its start."""
    missing: tuple[str, ...] = ()
    """What was still wrong at the end. By hand the one who met all others goes on to believe that
    it is itself where it was: nobody tells it better, and that is not waited for."""
    lost: int = 0
    """How many keys could not be read back."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rolled:
    """A rolling restart of six pods. Times in seconds."""

    seconds: float
    """From the first pod's end until the last one is ready."""
    links: list[float]
    """From each server's start until its link to its primary is up."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gap:
    """The longest time without an acknowledged write, in seconds, and how many were lost."""

    way: str
    seconds: float
    lost: int


def heal(size: int, server: servers.Server, way: Way) -> Healed:
    """Let all pods come back with their volumes at new addresses.

    By hand: once all are up, one node meets each of the others, which is what a person can do.
    Late: one shard goes, and all others only when they have agreed that it failed.
    """
    # Every second would be too seldom: what is written meanwhile waits in memory for the disk.
    lasting: config.Settings = {**PERSISTENT, "appendfsync": "always"}
    with sets.LocalStatefulSet(size, server, server_config=lasting) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, LONG)
        _write(app)
        _take_down(app, late=way == "late")
        if way != "by hand":
            # As in a pod: the sidecar is there before Redis is started.
            for sidecar in app.start_sidecars():
                process.wait_for(lambda one=sidecar: bool(one.log()), LONG, "a sidecar")  # type: ignore[misc]
        app.start_servers()
        began = time.monotonic()
        if way == "by hand":
            for pod in app.pods[1:]:
                app.pods[0].ask("CLUSTER", "MEET", pod.address, pod.port)
        told = {f"{app[0].name}: believes {app[0].name} at "} if way == "by hand" else set()
        linked = _until(app, began, {*told, ": cluster_state:"})
        whole = _until(app, began, told)
        missing = tuple(oracle.problems(app.pods))
        lost = KEYS - _found(app) if whole else 0
        return Healed(way=way, pods=size, linked=linked, seconds=whole, missing=missing, lost=lost)


def _take_down(app: sets.LocalStatefulSet, *, late: bool) -> None:
    """All pods; if late one shard first, and the others once they have agreed that it failed."""
    shard = [app.pods[0], app.pods[len(app.pods) // 2]] if late else []
    others = [pod for pod in app.pods if pod not in shard]
    for pod in shard:
        app.take_down(pod)
    if late:
        process.wait_for(lambda: all(_gave_up(pod) for pod in others), LONG, "cluster_state:fail")
    for pod in others:
        app.take_down(pod)


def _gave_up(pod: pods.Pod) -> bool:
    """Whether a node says that the cluster is not ok, and that two nodes are failed by most."""
    flags = [line.split()[2].split(",") for line in pod.cluster_nodes().splitlines()]
    failed = sum("fail" in some for some in flags) == 2
    return failed and "cluster_state:fail" in str(pod.ask("CLUSTER", "INFO"))


def _write(app: sets.LocalStatefulSet) -> None:
    """Keys of all shards, and the replicas have them too."""
    with contextlib.closing(_client(app)) as client:
        for number in range(KEYS):
            client.set(f"key-{number}", number)
        for pod in app.pods:
            if "master" in str(pod.ask("ROLE")[0]):
                pod.ask("WAIT", 1, 5000)


def _found(app: sets.LocalStatefulSet) -> int:
    """How many keys have the value that was written."""
    with contextlib.closing(_client(app)) as client:
        return sum(client.get(f"key-{number}") == str(number) for number in range(KEYS))


def _client(app: sets.LocalStatefulSet) -> redis.RedisCluster:
    nodes: list[Any] = [
        redis.cluster.ClusterNode(pod.address, pod.port)  # type: ignore[no-untyped-call] # redis-py
        for pod in app.pods
    ]
    return redis.RedisCluster(startup_nodes=nodes, socket_timeout=5.0, decode_responses=True)


def _until(app: sets.LocalStatefulSet, began: float, told: set[str]) -> float | None:
    """Seconds from `began` (monotonic) until the set has no problem but those with these words."""
    while not all(any(words in one for words in told) for one in oracle.problems(app.pods)):
        if time.monotonic() - began > LONG:
            return None
        time.sleep(process.POLL)
    return time.monotonic() - began


def roll(server: servers.Server) -> Rolled:
    """Replace one pod of six after the other, as a rolling restart does, the last one first.

    Servers with their defaults; each pod comes back elsewhere, with its volume.
    """
    lasting: config.Settings = {"appendonly": "yes"}
    with sets.LocalStatefulSet(6, server, server_config=lasting) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, LONG)
        _write(app)
        began, links = time.monotonic(), []
        for pod in reversed(app.pods):
            process.wait_for(lambda pod=pod: _ready(pod), LONG, f"{pod} to be ready")  # type: ignore[misc]
            pod.http("/handover", timeout=30.0)
            app.take_down(pod, grace=15.0)
            kubelet.start([pod])
            up = time.monotonic()
            process.wait_for(lambda pod=pod: _linked(pod), LONG, f"the link of {pod}")  # type: ignore[misc]
            links.append(time.monotonic() - up)
            process.wait_for(lambda pod=pod: _ready(pod), LONG, f"{pod} to be ready")  # type: ignore[misc]
        return Rolled(seconds=time.monotonic() - began, links=links)


def _linked(pod: pods.Pod) -> bool:
    said = pod.ask("INFO", "replication")
    return bool(said["role"] == "slave" and said["master_link_status"] == "up")


def _ready(pod: pods.Pod) -> bool:
    with contextlib.suppress(OSError):
        return pod.http("/readyz")[0] == 200
    return False


def hand_over(server: servers.Server, *, graceful: bool) -> Gap:
    """Stop a primary under a writer, with SIGTERM, after a hand-over or without one."""
    with sets.LocalStatefulSet(6, server, server_config=PERSISTENT) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, LONG)
        with writer.Writer(lambda: [(pod.address, pod.port) for pod in app.pods]) as writing:
            writing.wait_for(500)
            if graceful:
                app[0].http("/handover", timeout=30.0)
            app.take_down(app[0], grace=10.0)
            writing.wait_for(500, LONG)
        return Gap(
            way="hand-over, then SIGTERM" if graceful else "SIGTERM",
            seconds=writing.longest,
            lost=len(writing.lost()),
        )
