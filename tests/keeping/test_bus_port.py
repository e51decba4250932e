"""A NetworkPolicy that opens the client port, and not the bus: told as that, and never as a failover."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles, test_partition
from tests.statefulset import needs, network, oracle, pod, sets

BUS: Final = 16379
CODE: Final = "bus-port-closed"
WORDS: Final = ("FAILOVER", "TAKEOVER", "FORCE")
Close = Callable[[network.Network], None]


def everywhere(net: network.Network, *, reject: bool) -> None:
    for ordinal in range(6):
        net.close(ordinal, BUS, reject=reject)


def dropped(net: network.Network) -> None:
    """For all pods, without an answer."""
    everywhere(net, reject=False)


def rejected(net: network.Network) -> None:
    """For all pods, and the sender is told."""
    everywhere(net, reject=True)


def one_ingress(net: network.Network) -> None:
    """No pod reaches one of them."""
    net.close(2, BUS)


def one_egress(net: network.Network) -> None:
    """One of them reaches no other, and the others reach it."""
    for ordinal in (0, 1, 3, 4, 5):
        net.close(ordinal, BUS, source=net.of(2))


def both_ways(net: network.Network) -> None:
    """One of them, in both directions."""
    one_ingress(net)
    one_egress(net)


SHAPES: Final[tuple[Close, ...]] = (dropped, rejected, one_ingress, one_egress, both_ways)


@contextlib.contextmanager
def apart(name: str) -> Iterator[tuple[sets.LocalStatefulSet, network.Network]]:
    """Servers that run, in networks of their own; nothing is formed yet."""
    needs.namespaces()
    with (
        network.Network(6) as net,
        sets.LocalStatefulSet(6, needs.server(name), net=net) as app,
        forming.told(app),
    ):
        app.start_servers()
        yield app, net


def told(one: pod.Pod) -> str:
    """What a dry run in a pod says, once it tells of the bus."""
    said: list[str] = []

    def found() -> bool:
        said[:] = [roles.beside(one, "--dry-run")[1]]
        return CODE in said[0]

    forming.until(found, lambda: said)
    return said[0]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_forming(name: str, shape: Close) -> None:
    """The seed says which pods, which port, and where to look; opened, the cluster is formed."""
    with apart(name) as (app, net):
        shape(net)
        start = time.monotonic()
        app.start_sidecars()
        forming.until(
            lambda: any(CODE in str(one.get("trouble", "")) for one in plans(app[0])),
            lambda: plans(app[0])[-1:],
        )
        print(f"told after {time.monotonic() - start:.1f} s")
        last = next(one for one in plans(app[0]) if CODE in str(one.get("trouble", "")))
        assert "networkpolicy" in str(last)
        assert "16379" in str(last)
        for ordinal in range(6):
            net.open(ordinal)
        oracle.wait_healthy(app.pods, forming.LONG)
        forming.wait_ready(app.pods)


def plans(one: pod.Pod) -> list[dict[str, object]]:
    return forming.events(one, "plan")


@pytest.mark.parametrize(
    "shape",
    [dropped, pytest.param(rejected, marks=pytest.mark.enumerates)],
    ids=lambda shape: shape.__name__,
)
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_running_cluster(name: str, shape: Close) -> None:
    """All answer, and take each other for failed: no pod is ready, and none is to be promoted."""
    with test_partition.apart(name) as (app, net):
        shape(net)
        forming.until(
            lambda: all(forming.answers(one)[0] == 503 for one in app.pods),
            lambda: [forming.answers(one) for one in app.pods],
        )
        for one in (app[0], app[4]):
            text = told(one)
            assert not any(word in text for word in WORDS)
            assert "networkpolicy" in text
        for one in app.pods:
            assert not any(
                word in line for line in one.sidecar.output().splitlines() for word in WORDS
            )
        for ordinal in range(6):
            net.open(ordinal)
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)
