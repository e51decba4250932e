"""A name of ours that leads to somebody else's Redis: it is not formed with, and not touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.refusals import asking, clusters
from tests.statefulset import needs, sets
from tests.statefulset import pod as pods


@pytest.fixture
def other() -> Iterator[sets.LocalStatefulSet]:
    """One server of another StatefulSet."""
    with sets.LocalStatefulSet(1, needs.any_server(), name="redis-other") as app:
        app.start_servers()
        yield app


def lead(app: sets.LocalStatefulSet, name: str, to: pods.Pod) -> None:
    """Let DNS answer a pod's name with another's address, as it does after addresses changed."""
    needs.insecurity("its certificate tells it before it can say anything")
    app.names.publish(name, app.spec.service, app.spec.namespace, [to.address])


@pytest.mark.parametrize("used", [False, True], ids=["blank", "used"])
def test_a_pod_of_another_statefulset(
    blank: sets.LocalStatefulSet, other: sets.LocalStatefulSet, *, used: bool
) -> None:
    """Its sidecar has written whose it is: that is proof, and nobody waits for it to change."""
    asking.announce(other.pods)
    if used:
        clusters.own_everything(other[0])
        clusters.fill(other[0])
    lead(blank, "redis-app-1", to=other[0])
    says = [
        f"{blank[1].fqdn} resolves to {other[0].address}",
        f"says it is {other[0].fqdn}",
        "is that the address of redis-app-1?",
        "kubectl get pod redis-app-1",
    ]
    blocked = asking.BLOCKED
    everybody = [*blank.pods, *other.pods]
    asking.refused(blank[0], everybody, dry=blocked, once=blocked, says=says)


@pytest.mark.parametrize("used", [False, True], ids=["blank", "used"])
def test_a_server_without_any_sidecar(
    blank: sets.LocalStatefulSet, other: sets.LocalStatefulSet, *, used: bool
) -> None:
    """It may yet turn out to be ours: a sidecar may be slow to write. Until then, nothing."""
    if used:
        clusters.own_everything(other[0])
        clusters.fill(other[0])
    lead(blank, "redis-app-1", to=other[0])
    says = [
        "redis-app-1: its own sidecar to write cluster-announce-hostname",
        f"into the node at {other[0].address}, which says none",
        *(["has 5 keys", "slots 0-16383"] if used else []),
        "kubectl logs redis-app-1",
        "kubectl get pod redis-app-1",
    ]
    everybody = [*blank.pods, *other.pods]
    asking.refused(blank[0], everybody, dry=asking.NOT_YET, once=asking.FAILED, says=says)


def test_an_address_of_a_peer(blank: sets.LocalStatefulSet) -> None:
    lead(blank, "redis-app-1", to=blank[2])
    says = [
        "redis-app-1: its own address",
        f"{blank[2].address} is where {blank[2].fqdn} answers",
        "a stale DNS answer",
        "kubectl get pod redis-app-1",
    ]
    failed = asking.FAILED
    asking.refused(blank[0], blank.pods, dry=asking.NOT_YET, once=failed, says=says)
