"""Pods come back while DNS is gone, slow, stale or lying, or while a Redis hangs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping, roles
from tests.refusals import asking, clusters
from tests.statefulset import misbehaviour, needs, oracle, pod, sets

ANY = "redis-8.2"


@pytest.fixture
def app() -> Iterator[sets.LocalStatefulSet]:
    with fire.formed(ANY) as formed:
        yield formed


@pytest.fixture
def stranger() -> Iterator[pod.Pod]:
    """A cluster of one node, of another StatefulSet."""
    with sets.LocalStatefulSet(1, needs.server(ANY), name="redis-other") as other:
        other.start_servers()
        asking.announce(other.pods)
        clusters.own_everything(other[0])
        clusters.fill(other[0])
        yield other[0]
        assert len(other[0].cluster_nodes().splitlines()) == 1
        assert other[0].ask("DBSIZE") == 5


def start(some: Sequence[pod.Pod]) -> None:
    for one in some:
        one.start_sidecar()
        one.start_server()
    for one in some:
        one.wait_server_up()


def assert_whole(app: sets.LocalStatefulSet) -> None:
    """It ends well, and with all keys."""
    oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
    forming.wait_ready(app.pods)
    assert keeping.missing_keys(app) == []


def wait_asked(app: sets.LocalStatefulSet, since: int) -> None:
    """Wait until DNS was asked as often as there are sidecars, each of which asks once at least."""
    wanted = since + len(app.pods)
    forming.until(lambda: len(app.names.questions) >= wanted, lambda: app.names.questions[since:])


def lead(app: sets.LocalStatefulSet, one: pod.Pod, to: pod.Pod) -> None:
    """Let DNS answer a pod's name with another's address."""
    app.names.publish(one.name, app.spec.service, app.spec.namespace, [to.address])


# DNS


@pytest.mark.parametrize(
    "how", [misbehaviour.Behaviour.DROP, misbehaviour.Behaviour.SERVFAIL], ids=lambda how: how.value
)
def test_all_move_while_dns_is_gone(
    app: sets.LocalStatefulSet, how: misbehaviour.Behaviour
) -> None:
    app.names.behave(how)
    keeping.down(app, app.pods)
    since = len(app.names.questions)
    start(app.pods)
    wait_asked(app, since)
    app.names.behave(None)
    assert_whole(app)


def test_all_move_while_dns_is_slow(app: sets.LocalStatefulSet) -> None:
    """Each pod is in DNS a second later than the one before."""
    for one in app.pods:
        app.take_down(one, dns_after=1.0 + one.ordinal)
    start(app.pods)
    assert_whole(app)


def test_all_move_while_dns_is_stale(app: sets.LocalStatefulSet) -> None:
    for one in app.pods:
        app.names.stale(one.name, app.spec.service, app.spec.namespace, seconds=4.0 + one.ordinal)
    keeping.down(app, app.pods)
    start(app.pods)
    assert_whole(app)


def test_all_move_while_two_names_lead_to_each_other(app: sets.LocalStatefulSet) -> None:
    keeping.down(app, app.pods)
    one, other = app[1], app[5]
    lead(app, one, other)
    lead(app, other, one)
    since = len(app.names.questions)
    start(app.pods)
    wait_asked(app, since)
    one.publish()
    other.publish()
    assert_whole(app)


def test_all_move_while_a_name_leads_to_a_stranger(
    app: sets.LocalStatefulSet, stranger: pod.Pod
) -> None:
    """The pod's own sidecar introduces it all the same; only the name is not believed."""
    keeping.down(app, app.pods)
    lead(app, app[5], stranger)
    start(app.pods)
    oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
    app[5].publish()
    assert_whole(app)


def test_a_new_node_is_not_led_into_a_strangers_cluster(
    app: sets.LocalStatefulSet, stranger: pod.Pod
) -> None:
    """Every name but its own leads there."""
    lost, others = app[4], [one for one in app.pods if one is not app[4]]
    keeping.down(app, [lost], wipe=True)
    for one in others:
        lead(app, one, stranger)
    start([lost])
    asking.wait_said(lost, [stranger.address])
    assert len(lost.cluster_nodes().splitlines()) == 1
    for one in others:
        one.publish()
    assert_whole(app)


# Servers that hang


def wait_failed(seen_by: pod.Pod, node_id: str) -> None:
    """Wait until most primaries have given a node up."""

    def failed() -> bool:
        lines = seen_by.cluster_nodes().splitlines()
        return any(node_id in line and ",fail " in line for line in lines)

    forming.until(failed, seen_by.cluster_nodes)


def test_all_move_and_a_primary_hangs(app: sets.LocalStatefulSet) -> None:
    """Its replica has not heard of it since its own start, and so no server would elect it."""
    node_id = app[1].node_id()
    keeping.down(app, app.pods)
    start(app.pods)
    app[1].pause()
    wait_failed(app[0], node_id)
    app[1].resume()
    assert_whole(app)


def test_a_primary_hangs_until_it_is_replaced_while_another_pod_moves(
    app: sets.LocalStatefulSet,
) -> None:
    (replica,) = roles.replicas(app, app[1])
    app[1].pause()
    keeping.down(app, [app[3]])
    start([app[3]])
    fire.promoted([replica])
    app[1].resume()
    assert_whole(app)


def test_a_primary_hangs_while_its_only_replica_is_replaced(app: sets.LocalStatefulSet) -> None:
    """Nobody takes its place, and nobody is given its slots."""
    node_id = app[1].node_id()
    (replica,) = roles.replicas(app, app[1])
    keeping.down(app, [replica], wipe=True)
    app[1].pause()
    start([replica])
    wait_failed(app[0], node_id)
    app[1].resume()
    assert_whole(app)
    assert forming.roles(app)[1] == forming.THIRDS[1]
