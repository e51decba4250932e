"""The same before 7.0, where no server carries a hostname: what is protected there, and what is not.

Whose a node is can only be told by the address that it announces, and every sidecar announces its
own. So somebody else's node that is blank, and that a name of ours leads to, passes for ours. Data
is safe all the same: whatever has any is not formed with, whosever it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.refusals import asking, clusters, fingerprints
from tests.refusals import test_strangers as strangers
from tests.refusals import test_used_pods as used
from tests.statefulset import needs, servers, sets


def old() -> servers.Server:
    needs.insecurity("it is about a server that has no TLS here")
    return needs.server("redis-6.2")


@pytest.fixture
def bare() -> Iterator[sets.LocalStatefulSet]:
    """Return what the others of this folder begin with, on an old server."""
    with sets.LocalStatefulSet(
        3, old(), replicas_per_shard=0, server_config={"repl-diskless-sync-delay": 0}
    ) as app:
        yield app


@pytest.fixture
def other() -> Iterator[sets.LocalStatefulSet]:
    with sets.LocalStatefulSet(1, old(), name="redis-other") as app:
        app.start_servers()
        yield app


@pytest.fixture
def elsewhere() -> Iterator[sets.LocalStatefulSet]:
    with sets.LocalStatefulSet(3, old(), replicas_per_shard=0, name="redis-other") as app:
        app.start_servers()
        asking.announce(app.pods)
        clusters.form(app.pods)
        with app[0].client() as client:
            client.set("{b}", "of the other cluster")
        yield app


# What depends on no hostname is as it is with any server.
test_keys = used.test_keys
test_keys_that_came_with_the_volume = used.test_keys_that_came_with_the_volume
test_slots = used.test_slots
test_a_lone_owner_of_slots_is_no_cluster_to_join = (
    used.test_a_lone_owner_of_slots_is_no_cluster_to_join
)
test_one_node_id_in_two_pods = used.test_one_node_id_in_two_pods
test_in_another_cluster_that_says_nothing_as_it_sees_itself = (
    used.test_in_another_cluster_that_says_nothing_as_it_sees_itself
)


def test_in_another_cluster(blank: sets.LocalStatefulSet, elsewhere: sets.LocalStatefulSet) -> None:
    """Told by addresses: the others' are none of ours."""
    used.test_in_another_cluster(blank, elsewhere, 0, named=False)


def test_a_blank_pod_of_another_statefulset_passes_for_ours(
    blank: sets.LocalStatefulSet, other: sets.LocalStatefulSet
) -> None:
    """Not protected. It loses nothing by it but that it is a member from then on."""
    asking.announce(other.pods)
    strangers.lead(blank, "redis-app-1", to=other[0])
    everybody = [*blank.pods, *other.pods]
    before = fingerprints.of(everybody)
    shown = asking.ask(blank[0], "--dry-run")
    assert shown.status == asking.NOT_YET, shown
    assert shown.has_line(["redis-app-1", other[0].address, "blank"]), shown
    assert shown.has_line(["redis-app-1: add-slots 5461-10921"]), shown
    assert not fingerprints.changes(before, fingerprints.of(everybody))


def test_a_used_pod_of_another_statefulset_is_left_alone(
    blank: sets.LocalStatefulSet, other: sets.LocalStatefulSet
) -> None:
    """Protected, though not as a stranger: by what it has."""
    asking.announce(other.pods)
    clusters.own_everything(other[0])
    clusters.fill(other[0])
    strangers.lead(blank, "redis-app-1", to=other[0])
    says = ["pod-has-keys", "redis-app-1 holds 5 keys", "pod-has-slots", used.KEEP]
    blocked = asking.BLOCKED
    everybody = [*blank.pods, *other.pods]
    asking.refused(blank[0], everybody, dry=blocked, once=blocked, says=says)


@pytest.mark.parametrize("used_before", [False, True], ids=["blank", "used"])
def test_a_server_without_any_sidecar(
    blank: sets.LocalStatefulSet, other: sets.LocalStatefulSet, *, used_before: bool
) -> None:
    """Protected: it announces nothing. A sidecar may be slow to write, so it is waited for."""
    if used_before:
        clusters.own_everything(other[0])
        clusters.fill(other[0])
    strangers.lead(blank, "redis-app-1", to=other[0])
    says = [
        f"redis-app-1: its own sidecar to write cluster-announce-ip {other[0].address}",
        *(["has 5 keys", "slots 0-16383"] if used_before else []),
        "kubectl logs redis-app-1 -n default",
        "kubectl get pod redis-app-1",
    ]
    everybody = [*blank.pods, *other.pods]
    asking.refused(blank[0], everybody, dry=asking.NOT_YET, once=asking.FAILED, says=says)


def test_an_address_of_a_peer(blank: sets.LocalStatefulSet) -> None:
    """Protected: two names that lead to one address prove neither."""
    strangers.lead(blank, "redis-app-1", to=blank[2])
    says = [
        "redis-app-1: its own address",
        f"{blank[2].address} is where redis-app-2's name leads too",
    ]
    failed = asking.FAILED
    asking.refused(blank[0], blank.pods, dry=asking.NOT_YET, once=failed, says=says)
