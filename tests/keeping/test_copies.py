"""Copies of volumes, with real servers: beside the original, after it, and where no gate holds."""

from __future__ import annotations

import contextlib
import time
from typing import Final

import pytest
import redis.exceptions

from tests.formation import forming
from tests.keeping import copies, keeping
from tests.statefulset import kubelet, oracle, pod, process, sets, writer

EACH: Final = (*keeping.SERVERS, "valkey-8.1")
LOOKS: Final = 100
"""Writes that are waited for while a copy waits: about two looks of each of its sidecars."""


def writing(app: sets.LocalStatefulSet) -> writer.Writer:
    return writer.Writer(
        lambda: [(one.address, one.port) for one in app.pods],
        pause=0.02,
        access=app.pods[0].access,
    )


def assert_held(copy: sets.LocalStatefulSet, text: str) -> None:
    for one in copy.pods:
        kubelet.wait_held(one, text)
    forming.until(
        lambda: all(keeping.blocked(one) == {"copied-volume"} for one in copy.pods),
        lambda: [forming.answers(one) for one in copy.pods],
    )
    assert not any(one.running for one in copy.pods)


def stop(app: sets.LocalStatefulSet) -> None:
    """Take a whole set away, and its names out of DNS."""
    keeping.down(app, app.pods, moved=False)
    for one in app.pods:
        app.names.withdraw(one.name, app.spec.service, app.spec.namespace)


@pytest.mark.secured
@pytest.mark.parametrize("name", EACH)
def test_beside_the_original_a_copy_is_never_started(name: str) -> None:
    """Held while the original lives; and when it is gone, until a person says that it is."""
    with copies.original(name) as app, copies.restored(app) as copy:
        ids = {one.node_id() for one in app.pods}
        with writing(app) as client:
            kubelet.begin(copy.pods)
            assert_held(copy, "is a copy: its node")
            for _ in range(5):
                client.wait_for(LOOKS // 5)
                assert copies.readiness(app) == {200}
            client.stop()
            assert client.lost() == set()
        for one in app.pods:
            assert set(one.cluster_nodes().split()) & ids == ids
            assert copy.names.address not in one.cluster_nodes()
            assert "staging" not in one.cluster_nodes()
        assert "redis-app-0.redis-service.default" in kubelet.probe(copy[0])[1]
        stop(app)
        assert_held(copy, "BOOTSTRAP_ADOPT is not set")
        said = forming.events(copy[0], "plan")[-1]
        assert f"BOOTSTRAP_ADOPT={copies.ORIGINAL} for the sidecars" in said["fix"]


@pytest.mark.parametrize("wanted", [{}, copies.WORD], ids=["no word", "word"])
@pytest.mark.parametrize("hung", [False, True], ids=["lives", "hangs"])
def test_no_word_starts_a_copy_while_its_original_lives(
    wanted: dict[str, str], *, hung: bool
) -> None:
    """Nor while it hangs, and cannot say which node it is; nor while one node of it is left."""
    with copies.original("redis-8.2") as app, copies.restored(app) as copy:
        for one in app.pods[1:]:
            app.take_down(one, moved=False)
        if hung:
            app[0].pause()
        kubelet.begin(copy.pods, env=wanted)
        assert_held(copy, app[0].address if hung else "is a copy")
        app[0].resume()


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-7.0"])
def test_a_copy_with_the_same_names_in_another_kubernetes(name: str) -> None:
    """One network and two DNS: only the id tells, where a node that answers has that of ours."""
    with (
        copies.original(name) as app,
        copies.restored(app, namespace="default", names=None) as copy,
    ):
        kubelet.begin(copy.pods)
        assert_held(copy, "is a copy: its node")
        assert copies.readiness(app) == {200}


def test_the_original_has_moved_since_and_its_others_know_where() -> None:
    with (
        copies.original("redis-8.2") as app,
        copies.restored(app, namespace="default", names=None) as copy,
    ):
        keeping.down(app, [app[0]])
        keeping.bring_back(app, [app[0]])
        kubelet.begin([copy[0]])
        kubelet.wait_held(copy[0], f"runs at {app[0].address}")


def test_one_claim_bound_to_a_pod_of_another_ordinal() -> None:
    """Two pods of one set with one id: the second is not started."""
    with copies.original("valkey-9.1") as app:
        first, later = [*app.pods], app.add_pod()
        copies.take_snapshot(later, app[4])
        kubelet.begin([later])
        kubelet.wait_held(later, "is a copy: its node")
        assert "redis-app-4" in kubelet.probe(later)[1]
        assert {forming.answers(one)[0] for one in first} == {200}


# Where no volume is mounted, nothing holds the copy


@pytest.mark.parametrize("name", EACH)
def test_after_a_copy_ran_the_original_heals_by_itself(name: str) -> None:
    """While both run each says what is so, and neither sidecar sends a MEET."""
    with copies.original(name) as app, copies.restored(app) as copy:
        ids = [one.node_id() for one in app.pods]
        for one in copy.pods:
            one.start_sidecar()
            one.start_server()
        forming.until(
            lambda: all(told(one) for one in copy.pods),
            lambda: [forming.answers(one) for one in copy.pods],
        )
        forming.until(
            lambda: any(told(one) for one in app.pods),
            lambda: [one.cluster_nodes() for one in app.pods],
        )
        for one in (*app.pods, *copy.pods):
            assert "CLUSTER FORGET" not in str(forming.events(one, "plan"))
        assert meets(copy) == 0
        stop(copy)
        began = time.monotonic()
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(app.pods)
        print(f"ready again {time.monotonic() - began:.1f} s after the copy stopped")
        assert [one.node_id() for one in app.pods] == ids
        assert keeping.missing_keys(app) == []


def told(one: pod.Pod) -> bool:
    return "copied-volume" in forming.answers(one)[1]


def meets(copy: sets.LocalStatefulSet) -> int:
    """How many MEETs the sidecars of a set have sent."""
    lines = [line for one in copy.pods for line in one.http("/metrics")[1].splitlines()]
    sent = (
        line for line in lines if line.startswith("bootstrap_actions_total") and 'meet"' in line
    )
    return sum(int(float(line.split()[-1])) for line in sent)


# The original is gone, and a person says so


@pytest.mark.secured
@pytest.mark.parametrize(
    "namespace", [pytest.param("staging", marks=pytest.mark.enumerates), "default"]
)
@pytest.mark.parametrize("name", EACH)
def test_a_backup_lives_on_under_another_name(name: str, namespace: str) -> None:
    """All volumes; into another namespace, or as another set of the same one."""
    other = {"namespace": namespace, "name": "redis-copy", "service": "redis-copies"}
    with copies.original(name) as app, copies.restored(app, **other) as copy:
        ids = [one.node_id() for one in app.pods]
        stop(app)
        began = time.monotonic()
        kubelet.start(copy.pods, env=copies.WORD)
        oracle.wait_healthy(copy.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(copy.pods)
        print(f"restored after {time.monotonic() - began:.1f} s")
        assert [one.node_id() for one in copy.pods] == ids
        assert keeping.missing_keys(copy) == []
        forming.until(
            lambda: not any("redis-app" in one.cluster_nodes() for one in copy.pods),
            lambda: [one.cluster_nodes() for one in copy.pods],
        )
        # From then on the word is of no effect: they come back elsewhere, with it or without.
        keeping.down(copy, copy.pods)
        kubelet.start(copy.pods[:3], env=copies.WORD)
        kubelet.start(copy.pods[3:])
        oracle.wait_healthy(copy.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(copy.pods)
        assert keeping.missing_keys(copy) == []


@pytest.mark.parametrize(
    "ordinal", [pytest.param(4, marks=pytest.mark.enumerates), 1], ids=["replica", "primary"]
)
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_backup_without_the_volume_of_one_pod(name: str, ordinal: int) -> None:
    """The old name is a ghost of the pod that has its ordinal, and goes.

    A replica that has had no link since its start is not elected by the servers: a person promotes.
    """
    with copies.original(name) as app, copies.restored(app) as copy:
        stop(app)
        copy[ordinal].wipe()
        kubelet.start(copy.pods, env=copies.WORD)
        if ordinal == 1:
            forming.until(
                lambda: "CLUSTER FAILOVER FORCE" in str(forming.events(copy[0], "plan")[-1]),
                lambda: forming.events(copy[0], "plan")[-1],
            )
            promote(copy[4])
        oracle.wait_healthy(copy.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(copy.pods)
        assert keeping.missing_keys(copy) == []


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_backup_without_the_volumes_of_one_shard(name: str) -> None:
    """The others serve where they may; the slots are told, and given to no node."""
    coverage = {"cluster-require-full-coverage": "no"}
    with copies.original(name) as app, copies.restored(app, settings=coverage) as copy:
        held = [int(one.ask("DBSIZE")) for one in app.pods]
        stop(app)
        copy[1].wipe()
        copy[4].wipe()
        kubelet.start(copy.pods, env=copies.WORD)
        forming.until(
            lambda: all("lost-slots" in keeping.blocked(one) for one in copy.pods),
            lambda: {one.name: forming.events(one, "plan")[-1:] for one in copy.pods},
        )
        others = [copy[ordinal] for ordinal in (0, 2, 3, 5)]
        forming.wait_ready(others)
        for one in others:
            assert "5461-10921" in str(forming.events(one, "plan")[-1])
            assert int(one.ask("DBSIZE")) == held[one.ordinal]


@pytest.mark.parametrize("name", ["redis-8.2", "valkey-9.1", "redis-7.0"])
def test_a_failover_after_the_primarys_snapshot(name: str) -> None:
    """Two volumes say that they own the slots: the newer one is right, and nothing of it is lost."""
    with copies.original(name) as app, copies.restored(app) as copy:
        keeping.write(app, "early")
        hand_over(app)
        for one in app.pods[1:]:
            copies.take_snapshot(copy[one.ordinal], one)
        stop(app)
        kubelet.start(copy.pods, env=copies.WORD)
        oracle.wait_healthy(copy.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(copy.pods)
        for prefix in ("key", "early", "late"):
            assert keeping.missing_keys(copy, prefix) == []


@pytest.mark.parametrize("name", ["redis-8.2", "valkey-9.1", "redis-7.0"])
def test_a_failover_after_the_replicas_snapshot(name: str) -> None:
    """Each of two volumes says that it follows the other: neither is started, and no server hangs."""
    env = {**copies.WORD, "BOOTSTRAP_GATE_TIMEOUT": "5s"}
    with copies.original(name) as app, copies.restored(app) as copy:
        keeping.write(app, "early")
        hand_over(app)
        for one in app.pods:
            if one.ordinal != 3:
                copies.take_snapshot(copy[one.ordinal], one)
        stop(app)
        kubelet.begin(copy.pods, env=env)
        kubelet.serve([copy[ordinal] for ordinal in (1, 2, 4, 5)])
        for ordinal in (0, 3):
            kubelet.wait_held(copy[ordinal], "two sides of a failover")
        # What docs/restore.md says: the newer copy is kept, and promoted.
        keeping.down(copy, [copy[3]], wipe=True, moved=False)
        kubelet.begin([copy[3]], env=env)
        kubelet.serve([copy[0], copy[3]])
        forming.until(
            lambda: "CLUSTER FAILOVER" in str(forming.events(copy[1], "plan")[-1]),
            lambda: forming.events(copy[1], "plan")[-1],
        )
        promote(copy[0])
        oracle.wait_healthy(copy.pods, keeping.HEALTHY, replicas_per_shard=1)
        forming.wait_ready(copy.pods)
        for prefix in ("key", "early", "late"):
            assert keeping.missing_keys(copy, prefix) == []


def promote(one: pod.Pod) -> None:
    """As a person does, who tries again: the others may not have heard of the replica yet."""
    for _ in range(9):
        with contextlib.suppress(TimeoutError, redis.exceptions.BusyLoadingError):
            one.ask("CLUSTER", "FAILOVER", "FORCE")
            # A manual failover is given up by the servers after 5 s (CLUSTER_MF_TIMEOUT).
            process.wait_for(lambda: keeping.role(one) == "master", 6, "a new primary")
            return
    raise AssertionError(one.cluster_nodes())


def hand_over(app: sets.LocalStatefulSet) -> None:
    """Let a replica take over, and write some more."""
    app[3].ask("CLUSTER", "FAILOVER")
    forming.until(
        lambda: keeping.role(app[3]) == "master" and keeping.role(app[0]) == "slave",
        app[3].cluster_nodes,
    )
    oracle.wait_healthy(app.pods, keeping.HEALTHY)
    keeping.write(app, "late")
