"""Pods come back without their volumes: they serve the shard that they served, ghosts go."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import oracle, pod, sets


def lose(app: sets.LocalStatefulSet, some: Sequence[pod.Pod]) -> None:
    """The pods come back empty, elsewhere, and the set is whole: no ghost, same shards, all keys.

    (At the same address that is the start gate's business.)
    """
    before = keeping.shards(app)
    keeping.down(app, some, wipe=True)
    took = keeping.bring_back(app, some)
    print(f"whole after {took:.1f} s")
    assert keeping.shards(app) == before
    assert not keeping.missing_keys(app)
    forming.wait_ready(app.pods)


@pytest.mark.secured
@pytest.mark.parametrize("name", keeping.SERVERS)
@pytest.mark.parametrize("ordinal", [0, pytest.param(1, marks=pytest.mark.enumerates), 4])
def test_one_pod(name: str, ordinal: int) -> None:
    """A primary, the seed among them, whose replica takes over; or a replica."""
    with keeping.formed(name) as app:
        lose(app, [app[ordinal]])


@pytest.mark.parametrize(
    "ordinals",
    [
        (0, 4),
        pytest.param((3, 4, 5), marks=pytest.mark.enumerates),
        pytest.param((0, 1), marks=pytest.mark.enumerates),
    ],
    ids=str,
)
def test_several_at_once(ordinals: tuple[int, ...]) -> None:
    """Of different shards. Two of three primaries leave no majority: the third gives them none.

    So for that case one is lost after the other was replaced.
    """
    with keeping.formed("redis-8.2") as app:
        if ordinals == (0, 1):
            before = keeping.shards(app)
            for ordinal in ordinals:
                keeping.down(app, [app[ordinal]], wipe=True)
                forming.until(
                    lambda ordinal=ordinal: keeping.role(app[ordinal + 3]) == "master",  # type: ignore[misc]  # a default argument
                    lambda: [keeping.role(one) for one in app.pods[3:]],
                )
            keeping.bring_back(app, [app[0], app[1]])
            assert keeping.shards(app) == before
        else:
            lose(app, [app[ordinal] for ordinal in ordinals])
        assert not keeping.missing_keys(app)


@pytest.mark.parametrize("name", ["redis-8.2", "valkey-9.1"])
def test_a_primary_and_later_its_replica(name: str) -> None:
    with keeping.formed(name) as app:
        lose(app, [app[1]])
        lose(app, [app[4]])


def _lose_for_good(app: sets.LocalStatefulSet, lost: Sequence[pod.Pod]) -> None:
    """Wipe all pods of a shard at once, and wait until everybody says that its slots are lost."""
    keeping.down(app, lost, wipe=True)
    for one in lost:
        one.start_sidecar()
        one.start_server()
    forming.until(
        lambda: all("lost-slots" in keeping.blocked(one) for one in app.pods),
        lambda: {one.name: keeping.blocked(one) for one in app.pods},
    )


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_whole_shard(name: str) -> None:
    """Nobody gets its slots: they are named, by everybody, and the other shards serve."""
    coverage = {"cluster-require-full-coverage": "no"}
    with keeping.formed(name, server_config=coverage) as app:
        lost, others = [app[1], app[4]], [app[0], app[2], app[3], app[5]]
        _lose_for_good(app, lost)
        time.sleep(5.0)  # Time in which something wrong could be done.
        for one in others:
            assert "5461-10921" in str(forming.events(one, "plan")[-1])
            assert forming.answers(one)[0] == 200
        for one in lost:
            assert _refuses(one)
            assert keeping.role(one) == "master"
            assert not one.ask("DBSIZE")
        for one in app.pods:
            assert roles.count(one, "bootstrap_blocked", code="lost-slots") == 1
        status, text = roles.beside(others[0], "--dry-run")
        assert status == 3
        assert "BLOCKED lost-slots" in text
        assert "5461-10921" in text

        def owners() -> list[str]:
            return [line for line in app[0].cluster_nodes().splitlines() if "5461-10921" in line]

        # The pods' new nodes prove the loss before the old ones count as failed.
        forming.until(lambda: all("fail" in line for line in owners()), owners)
        assert len(owners()) == 1


def test_a_whole_shard_without_which_nobody_serves() -> None:
    """As the servers have it by default: `cluster-require-full-coverage yes`."""
    with keeping.formed("redis-8.2") as app:
        lost, others = [app[1], app[4]], [app[0], app[2], app[3], app[5]]
        held = {one.name: one.ask("DBSIZE") for one in others}
        _lose_for_good(app, lost)
        forming.until(
            lambda: all(_refuses(one) for one in app.pods),
            lambda: {one.name: forming.answers(one) for one in app.pods},
        )
        assert {one.name: one.ask("DBSIZE") for one in others} == held
        assert not any(one.ask("DBSIZE") for one in lost)


def _refuses(one: pod.Pod) -> bool:
    """Whether a pod is not ready, and says that it is for slots that are lost, and which."""
    status, text = forming.answers(one)
    return status == 503 and "blocked, lost-slots" in text and "5461-10921" in text


@pytest.mark.parametrize(
    "ordinal", [pytest.param(4, marks=pytest.mark.enumerates), 1], ids=["replica", "primary"]
)
def test_no_ghost_is_left_anywhere(ordinal: int) -> None:
    """Also where the sidecars look seldom: within the 90 seconds that are promised."""
    with keeping.formed("redis-7.0", sidecar_env={"BOOTSTRAP_INTERVAL": "15"}) as app:
        ghost = app[ordinal].node_id()
        keeping.down(app, [app[ordinal]], wipe=True)
        keeping.bring_back(app, [app[ordinal]])
        deadline = time.monotonic() + 90.0
        while time.monotonic() < deadline:
            assert not [one.name for one in app.pods if ghost in one.cluster_nodes()]
            if oracle.problems(app.pods):
                break
            time.sleep(5.0)  # A ghost that gossip brings back comes when the ban has passed.
        assert oracle.problems(app.pods) == []
