"""Pods lose their network for longer than the node time-out, and come back.

Server and sidecar of a pod are cut off together, and go on running. Nothing is refused to them:
there is only silence, as when a node of Kubernetes loses its network.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import redis.exceptions

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import needs, network, oracle, sets, writer

NODE_TIMEOUT = 3000
"""Milliseconds."""


@contextlib.contextmanager
def apart(name: str) -> Iterator[tuple[sets.LocalStatefulSet, network.Network]]:
    """A formed set whose pods have networks of their own."""
    needs.namespaces()
    timeout = {"cluster-node-timeout": NODE_TIMEOUT}
    with (
        network.Network(6) as net,
        keeping.formed(name, server_config=timeout, net=net) as app,
    ):
        yield app, net


def writing(app: sets.LocalStatefulSet) -> writer.Writer:
    """A writer on our side of the cut."""
    return writer.Writer(
        lambda: [(one.address, one.port) for one in app.pods], access=app.pods[0].access
    )


def refuses(app: sets.LocalStatefulSet, net: network.Network, ordinal: int) -> bool:
    """Whether a server takes no write from a client that is cut off together with it.

    Written is what is there already: such a write may be kept, or be lost to the successor.
    """

    def write() -> bool:
        mine = next(number for number in range(keeping.KEYS) if _owns(number))
        try:
            app[ordinal].ask("SET", f"key-{mine}", f"key-value-{mine}")
        except redis.exceptions.ClusterDownError:
            return True
        return False

    def _owns(number: int) -> bool:
        slot = int(app[ordinal].ask("CLUSTER", "KEYSLOT", f"key-{number}"))
        return any(first <= slot <= last for first, last in forming.THIRDS[ordinal])

    return net.inside(ordinal, write)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_primary(name: str) -> None:
    """Its replica takes over; it takes no more writes, and follows its successor in the end."""
    with apart(name) as (app, net):
        before = {one.node_id() for one in app.pods}
        with writing(app) as busy:
            busy.wait_for(500)
            net.cut(1)
            forming.until(lambda: keeping.role(app[4]) == "master", app[4].cluster_nodes)
            forming.until(lambda: refuses(app, net, 1), busy.report)
            busy.wait_for(500)
            net.mend(1)
            oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
            busy.wait_for(500)
        print(busy.report())
        assert forming.roles(app)[1] == 4
        assert {one.node_id() for one in app.pods} == before
        assert not busy.lost()
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


def test_a_replica() -> None:
    """Nobody misses it, and it is where it was."""
    with apart("redis-8.2") as (app, net):
        before = forming.roles(app)
        with writing(app) as busy:
            net.cut(4)
            forming.until(lambda: "fail" in app[0].cluster_nodes(), app[0].cluster_nodes)
            busy.wait_for(500)
            net.mend(4)
            oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        print(busy.report())
        assert forming.roles(app) == before
        assert not busy.lost()
        forming.wait_ready(app.pods)


def test_a_whole_shard() -> None:
    """Both its pods: nobody can take over, and nobody's slots are given away.

    Back together its replica may be elected, since the others had given the primary up.
    """
    with apart("redis-8.2") as (app, net):
        before = keeping.shards(app)
        for ordinal in (1, 4):
            net.cut(ordinal)
        forming.until(
            lambda: "cluster_state:fail" in str(app[0].ask("CLUSTER", "INFO")), app[0].cluster_nodes
        )
        forming.until(lambda: refuses(app, net, 1), app[0].cluster_nodes)
        for ordinal in (1, 4):
            net.mend(ordinal)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert keeping.shards(app) == before
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)
