"""What the tests of keeping do to a set, and ask of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import redis

from tests.formation import forming
from tests.statefulset import config, needs, oracle, pod, sets

SERVERS: Final = ("valkey-9.1", "redis-8.2", "redis-7.0")
HEALTHY: Final = 90.0
"""Seconds after which a test gives up. Nothing is measured with it."""
KEYS: Final = 300


@contextlib.contextmanager
def formed(
    name: str, /, size: int = 6, *, server_config: config.Settings | None = None, **more: Any
) -> Iterator[sets.LocalStatefulSet]:
    """A set whose cluster is formed, each of its shards with a hundred keys or so on its disk."""
    persistent: config.Settings = {"appendonly": "yes", "appendfsync": "always"} | dict(
        server_config or {}
    )
    server = needs.server(name)
    with (
        sets.LocalStatefulSet(size, server, server_config=persistent, **more) as app,
        forming.told(app),
    ):
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, forming.LONG)
        forming.until(
            lambda: all(forming.phase(one) == "steady" for one in app.pods),
            lambda: [forming.phase(one) for one in app.pods],
        )
        write(app)
        yield app


def client(app: sets.LocalStatefulSet) -> redis.RedisCluster:
    """A cluster client. It starts at whichever pod answers."""
    nodes: list[Any] = [
        redis.cluster.ClusterNode(one.address, one.port)  # type: ignore[no-untyped-call] # redis-py
        for one in app.pods
    ]
    return redis.RedisCluster(
        startup_nodes=nodes, socket_timeout=5.0, decode_responses=True, **app.pods[0].access
    )


def write(app: sets.LocalStatefulSet, prefix: str = "key") -> None:
    """Put keys into every shard, and wait until the replicas have them too."""
    with contextlib.closing(client(app)) as connected:
        for number in range(KEYS):
            connected.set(f"{prefix}-{number}", f"{prefix}-value-{number}")
    forming.until(lambda: _level(app), lambda: [one.ask("DBSIZE") for one in app.pods])


def _level(app: sets.LocalStatefulSet) -> bool:
    """Whether copies are as long as their originals."""
    held = sum(int(one.ask("DBSIZE")) for one in app.pods)
    owned = sum(int(one.ask("DBSIZE")) for one in app.pods if "master" in role(one))
    copies = len(app.pods) / max(1, sum("master" in role(one) for one in app.pods))
    return held == owned * copies


def role(one: pod.Pod) -> str:
    """What a node says it is: `master` or `slave`."""
    return str(one.ask("INFO", "replication")["role"])


def missing_keys(app: sets.LocalStatefulSet, prefix: str = "key") -> list[str]:
    """Keys that cannot be read back as they were written."""
    with contextlib.closing(client(app)) as connected:
        wanted = {f"{prefix}-{number}": f"{prefix}-value-{number}" for number in range(KEYS)}
        return [key for key, value in wanted.items() if connected.get(key) != value]


def bring_back(app: sets.LocalStatefulSet, pods: Iterable[pod.Pod]) -> float:
    """Start pods as a kubelet does, the sidecar first; seconds from the last server's start.

    Ends when the whole set is one healthy cluster with every link up.
    """
    some = list(pods)
    for one in some:
        one.start_sidecar()
    for one in some:
        one.start_server()
    for one in some:
        one.wait_server_up()
    return oracle.wait_healthy(app.pods, HEALTHY)


def down(
    app: sets.LocalStatefulSet, pods: Iterable[pod.Pod], *, wipe: bool = False, moved: bool = True
) -> None:
    """Delete pods, as when their node dies; they may come back elsewhere, and empty."""
    for one in pods:
        app.take_down(one, wipe=wipe, moved=moved)


def blocked(one: pod.Pod) -> set[str]:
    """Codes that the pod's sidecar is blocked by, by its metrics."""
    lines = one.http("/metrics")[1].splitlines()
    codes = (line.split('"')[1] for line in lines if line.startswith("bootstrap_blocked{"))
    return set(codes)


def shards(app: sets.LocalStatefulSet) -> set[frozenset[int]]:
    """Who is with whom, by ordinals, whatever the roles."""
    found = forming.roles(app)
    followed = {ordinal: said for ordinal, said in found.items() if isinstance(said, int)}
    return {
        frozenset({ordinal, *(one for one, said in followed.items() if said == ordinal)})
        for ordinal in found
        if ordinal not in followed
    }
