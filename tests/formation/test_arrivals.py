"""Pods come in any order, late, twice, or when all is done; the cluster is the same."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.formation import forming
from tests.statefulset import nameserver, needs, oracle, pod, process, servers, sets

LAYOUT = {**forming.THIRDS, 3: 0, 4: 1, 5: 2}


def assert_formed(app: sets.LocalStatefulSet, settings: forming.Settings) -> None:
    with forming.told(app):
        forming.wait_formed(app, settings)
        assert forming.roles(app) == LAYOUT
        forming.assert_redis_cli_agrees(app)
        forming.wait_ready(app.pods)


def settings_of(app: sets.LocalStatefulSet, one: pod.Pod) -> forming.Settings:
    """What every pod's settings should be, by those of one that no sidecar has touched yet."""
    (mine,) = oracle.temporary_settings([one]).values()
    return {other.name: mine for other in app.pods}


def start(one: pod.Pod) -> None:
    one.start_server()
    one.start_sidecar()


@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_random_order_of_servers_and_sidecars(name: str) -> None:
    seed = int(os.environ.get("FORMATION_SEED") or random.randrange(2**32))
    print(f"FORMATION_SEED={seed}")
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        app[0].start_server()
        app[0].wait_server_up()
        settings = settings_of(app, app[0])
        starts: list[Callable[[], object]] = [
            *(one.start_server for one in app.pods[1:]),
            *(one.start_sidecar for one in app.pods),
        ]
        random.Random(seed).shuffle(starts)
        for act in starts:
            act()
        assert_formed(app, settings)


@pytest.mark.parametrize("order", [1, -1], ids=["first to last", "last to first"])
@pytest.mark.parametrize("name", ["valkey-9.1", "redis-7.0"])
def test_one_after_the_other(name: str, order: int) -> None:
    """As with podManagementPolicy OrderedReady, were it not for readiness: each runs, not more."""
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        for one in app.pods[::order]:
            one.start_server()
            one.wait_server_up()
            settings = settings_of(app, one)
            one.start_sidecar()
            forming.until(
                lambda one=one: forming.answers(one, "/startupz")[0] == 200,  # type: ignore[misc]  # a default argument
                lambda one=one: one.sidecar.output(),  # type: ignore[misc]  # a default argument
            )
        assert_formed(app, settings)


@pytest.mark.parametrize("late", [0, 2, 5])
@pytest.mark.parametrize("name", ["valkey-8.1", "redis-6.2"])
def test_one_pod_is_late(name: str, late: int) -> None:
    """The others wait for it, and say so."""
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        for one in app.pods:
            if one.ordinal != late:
                start(one)
        waiting = app[1] if late == 0 else app[0]
        forming.until(
            lambda: f"redis-app-{late}" in str(forming.events(waiting, "plan")[-1:]),
            waiting.sidecar.output,
        )
        app[late].start_server()
        app[late].wait_server_up()
        settings = settings_of(app, app[late])
        assert [one.node_id() for one in app.pods if "\n" in one.cluster_nodes().strip()] == []
        app[late].start_sidecar()
        assert_formed(app, settings)


@pytest.mark.slow
def test_one_pod_is_twenty_seconds_late_where_dns_remembers_for_thirty() -> None:
    with sets.LocalStatefulSet(6, needs.any_server()) as unused:
        names = nameserver.NameServer(unused.addresses.nameserver, port=5354, cache_seconds=30)
        with names, sets.LocalStatefulSet(6, needs.any_server(), names=names) as app:
            for one in app.pods[:5]:
                start(one)
            time.sleep(20.0)  # That is the case.
            app[5].start_server()
            app[5].wait_server_up()
            settings = settings_of(app, app[5])
            app[5].start_sidecar()
            assert_formed(app, settings)


@pytest.mark.parametrize("twice", [(0,), (0, 1, 2, 3, 4, 5)], ids=["the seed", "everybody"])
@pytest.mark.parametrize("name", servers.MATRIX)
def test_two_sidecars_for_one_pod(name: str, twice: tuple[int, ...]) -> None:
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        for ordinal in twice:
            app[ordinal].start_sidecar()
        assert_formed(app, settings)
        for ordinal in twice:
            both = app[ordinal].sidecars
            assert [one.running for one in both] == [True, True]
            complaints = [
                entry for one in both for entry in one.log() if entry["event"] == "no-http"
            ]
            assert len(complaints) == 1


@pytest.mark.parametrize("name", servers.MATRIX)
def test_later_pods_join_as_replicas(name: str) -> None:
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        assert_formed(app, settings)
        for _ in range(3):
            start(app.add_pod())
        settings = {one.name: settings["redis-app-0"] for one in app.pods}
        with forming.told(app):
            forming.wait_ready(app.pods)
            forming.wait_formed(app, settings, replicas_per_shard=2)
            assert {n: role for n, role in forming.roles(app).items() if n < 6} == LAYOUT


def test_later_pods_that_come_first_leave_the_forming_to_the_expected() -> None:
    with sets.LocalStatefulSet(6, needs.any_server()) as app:
        later = [app.add_pod(), app.add_pod()]
        for one in later:
            start(one)
        forming.until(
            lambda: all(forming.phase(one) == "waiting" for one in later),
            lambda: [one.sidecar.output() for one in later],
        )
        later[0].wait_server_up()
        settings = settings_of(app, later[0])
        for one in app.pods[:6]:
            start(one)
        with forming.told(app):
            forming.wait_ready(app.pods)
            forming.wait_formed(app, settings)
            roles = forming.roles(app)
            assert {n: role for n, role in roles.items() if n < 6} == LAYOUT
            assert {roles[6], roles[7]} < {0, 1, 2}


def test_a_sidecar_that_starts_after_its_cluster_is_done_has_nothing_to_do() -> None:
    with sets.LocalStatefulSet(6, needs.any_server()) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        assert_formed(app, settings)
        before = [one.cluster_nodes().split(" ")[0] for one in app.pods]
        for one in app.pods:
            assert one.stop_sidecar() == 0
        again = app.start_sidecars(env={"BOOTSTRAP_LOG_LEVEL": "debug"})
        process.wait_for(
            lambda: all(forming.phase(one) == "steady" for one in app.pods), forming.LONG, "steady"
        )
        assert [entry for one in again for entry in one.log() if entry["event"] == "done"] == []
        assert [one.cluster_nodes().split(" ")[0] for one in app.pods] == before
