"""Pods come back with their volumes at other addresses, and the cluster is whole again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import oracle, pod, sets


# On valkey replicas find their primaries again by themselves.
@pytest.mark.secured
@pytest.mark.usually("redis-8.2")
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_all_pods_at_new_addresses(name: str) -> None:
    with keeping.formed(name) as app:
        before = forming.roles(app)
        keeping.down(app, app.pods)
        took = keeping.bring_back(app, app.pods)
        print(f"healthy after {took:.2f} s")
        assert forming.roles(app) == before
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_all_pods_after_some_were_given_up(name: str) -> None:
    """A shard goes first, and the others agree that it failed; that mark is kept over a restart.

    The servers take it back after two node time-outs, and only from who is linked again.
    """
    with keeping.formed(name, server_config={"cluster-node-timeout": 3000}) as app:
        before = keeping.shards(app)
        shard, others = [app[0], app[3]], [app[1], app[2], app[4], app[5]]
        keeping.down(app, shard)
        forming.until(lambda: all(_gave_up(one) for one in others), others[0].cluster_nodes)
        keeping.down(app, others)
        took = keeping.bring_back(app, app.pods)
        print(f"healthy after {took:.2f} s")
        assert keeping.shards(app) == before
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


def _gave_up(one: pod.Pod) -> bool:
    """Whether a node says that the cluster is not ok, and that two nodes are failed by most."""
    flags = [line.split()[2].split(",") for line in one.cluster_nodes().splitlines()]
    failed = sum("fail" in some for some in flags) == 2
    return failed and "cluster_state:fail" in str(one.ask("CLUSTER", "INFO"))


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_many_pods_share_the_work(name: str) -> None:
    """Each introduces its node to half of the others; one comes later than the rest."""
    with keeping.formed(name, 14) as app:
        before = forming.roles(app)
        late, others = app[9], [*app.pods[:9], *app.pods[10:]]
        keeping.down(app, app.pods)
        for one in others:
            one.start_sidecar()
            one.start_server()
        forming.until(lambda: _together(oracle.problems(others)), lambda: oracle.problems(others))
        keeping.bring_back(app, [late])
        assert forming.roles(app) == before
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_nobody_is_ready_before_its_peers_are_found(name: str) -> None:
    """Its server says that all is well for long, and has a link to nobody."""
    with keeping.formed(name) as app:
        first, others = app[0], app.pods[1:]
        keeping.down(app, app.pods)
        first.start_sidecar()
        first.start_server()
        first.wait_server_up()
        # On a busy machine its server may have given the others up by the first look.
        said = (
            "cluster_state is ok, but most peers are not where our node looks yet",
            "waiting: cluster_state is not ok",
        )

        def held_back() -> bool:
            status, text = forming.answers(first)
            assert status != 200, text
            return status == 503 and any(text.endswith(f"\n{one}\n") for one in said)

        forming.until(held_back, lambda: forming.answers(first))
        keeping.bring_back(app, others)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize(
    "ordinals",
    [(5,), (0,), (0, 1), (1, 3), (0, 3), (1, 3, 5), (0, 2, 3, 4), (0, 1, 2, 4, 5)],
    ids=str,
)
def test_some_pods_at_new_addresses(ordinals: tuple[int, ...]) -> None:
    """Replicas, primaries, whole shards; without a majority of the primaries there is no failover.

    A primary that comes back late is its replica's replica.
    """
    with keeping.formed("redis-8.2") as app:
        before = keeping.shards(app)
        some = [app[ordinal] for ordinal in ordinals]
        keeping.down(app, some)
        keeping.bring_back(app, some)
        assert keeping.shards(app) == before
        assert not keeping.missing_keys(app)
        forming.wait_ready(app.pods)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_two_pods_swap_their_addresses(name: str) -> None:
    with keeping.formed(name) as app:
        one, other = app[1], app[4]
        keeping.down(app, (one, other), moved=False)
        here, there = one.address, other.address
        one.move(there)
        other.move(here)
        keeping.bring_back(app, (one, other))
        assert not keeping.missing_keys(app)


def test_an_empty_cluster_at_new_addresses() -> None:
    """Without a key a restarted cluster looks much like one that is only being formed."""
    with keeping.formed("redis-8.2") as app:
        for one in app.pods:
            if keeping.role(one) == "master":
                one.ask("FLUSHALL")
        before = forming.roles(app)
        keeping.down(app, app.pods)
        keeping.bring_back(app, app.pods)
        assert forming.roles(app) == before


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_one_pod_stays_away(name: str) -> None:
    """It holds nobody up: the others are together long before it is given up."""
    with keeping.formed(name) as app:
        away, others = app[5], app.pods[:5]
        keeping.down(app, app.pods)
        app.names.withdraw(away.name, app.spec.service, app.spec.namespace)
        _back_without_one(app, others, others)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_primary_stays_away(name: str) -> None:
    """Its replica takes over; that one and another pod then move, and its ghost holds nobody up."""
    with keeping.formed(name, server_config={"cluster-node-timeout": 3000}) as app:
        away, others = app[0], app.pods[1:]
        keeping.down(app, [away])
        app.names.withdraw(away.name, app.spec.service, app.spec.namespace)
        forming.until(lambda: keeping.role(app[3]) == "master", app[3].cluster_nodes)
        moved = [app[2], app[3]]
        keeping.down(app, moved)
        _back_without_one(app, moved, others)


def _back_without_one(
    app: sets.LocalStatefulSet, some: Sequence[pod.Pod], others: Sequence[pod.Pod]
) -> None:
    """Start some pods; all but the one that is away come together, with all keys, and are ready."""
    for one in some:
        one.start_sidecar()
        one.start_server()
    forming.until(lambda: _together(oracle.problems(others)), lambda: oracle.problems(others))
    assert not keeping.missing_keys(app)
    forming.wait_ready(others)


def _together(problems: list[str]) -> bool:
    """Whether nothing is wrong but that one pod is away, whose id nobody here can be asked for."""
    expected = ("none of the pods is", "unknown node", "in all")
    return all(any(words in one for words in expected) for one in problems)
