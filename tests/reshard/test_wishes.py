"""Wishes that change while slots move, that not all pods read, or that no pod can read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import leaving, wishing
from tests.reshard.wishing import owned
from tests.statefulset import kubelet, oracle, pod

THREE: Final = {0: 5461, 1: 5461, 2: 5462}


@pytest.mark.enumerates
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_one_more_and_back_while_the_first_slots_move(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        wishing.slowly(app.pods[:3])
        wish.state("4")
        wishing.scale_out(app, 2)
        wishing.wait_moving(app)
        wish.state("3")
        wishing.slowly(app.pods[:3], slow=False)
        wishing.wait_even(app, 3)
        assert set(owned(app)) == set(THREE)
        leaving.wait_may_go(app, ["redis-app-6", "redis-app-7"])
        burning.writer.stop()
        assert not burning.writer.lost()
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_one_more_than_there_are_pods_for(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        wish.state("4")
        wishing.scale_out(app, 2)
        wishing.wait_even(app, 4)
        wish.state("5")
        wishing.wait_waits(
            app, "5 shards are wished, and 4 nodes can have slots", "up to redis-app-9"
        )
        wishing.looks(app.pods)
        assert sorted(owned(app).values()) == [4096] * 4
        wishing.scale_out(app, 2)
        wishing.wait_even(app, 5)
        burning.writer.stop()
        assert not burning.writer.lost()
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_nothing_moves_until_all_pods_read_the_same(name: str, tmp_path: Path) -> None:
    """The file of half of the pods is renewed late, as by kubelets that are slow."""
    (tmp_path / "late").mkdir()
    late = wishing.Wish(tmp_path / "late")
    late.state("3")
    with wishing.formed(name, tmp_path) as (app, wish):
        for one in app.pods[3:]:
            assert one.stop_sidecar() == 0
            one.start_sidecar(env=late.env)
        wish.state("4")
        new = wishing.scale_out(app, 2)
        wishing.wait_waits(
            app,
            "all nodes to show one wish: redis-app-3, redis-app-4, redis-app-5: 3 shards;",
            "redis-app-0, redis-app-1, redis-app-2, redis-app-6 and 1 more: 4 shards",
        )
        wishing.looks([*app.pods[:3], *new])
        assert owned(app) == THREE
        late.state("4")
        wishing.wait_even(app, 4)
        assert keeping.missing_keys(app) == []


def alarms(one: pod.Pod) -> set[str]:
    """Codes of the faults that a pod's sidecar tells of itself, by its metrics."""
    lines = one.http("/metrics")[1].splitlines()
    return {line.split('"')[1] for line in lines if line.startswith("bootstrap_alarm{")}


SPOILT: Final = {
    None: "cannot be read (No such file or directory)",
    "": "it holds nothing",
    "four": "it holds 'four'",
}
"""What the file holds, None for no file; and what is told of it."""


@pytest.mark.enumerates
@pytest.mark.parametrize("held", SPOILT, ids=["vanished", "empty", "nonsense"])
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_file_that_is_spoilt_while_slots_move(
    name: str, held: str | None, tmp_path: Path
) -> None:
    """The move that runs goes on. The next does not begin, and all stay ready and as they are."""
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        wishing.slowly(app.pods[:3])
        wish.state("4")
        wishing.scale_out(app, 2)
        wishing.wait_moving(app)
        if held is None:
            wish.file.unlink()
        else:
            wish.state(held)
        wishing.slowly(app.pods[:3], slow=False)
        forming.until(
            lambda: all(alarms(one) == {"wish-unreadable"} for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        status, said = leaving.status(app[1])
        assert status != 0
        assert SPOILT[held] in str(said["alarms"]), said
        forming.until(lambda: len(owned(app)) == 4, lambda: owned(app))
        wishing.looks(app.pods)
        assert not any(wishing.moves(one) for one in app.pods)
        assert min(owned(app).values()) < 4096
        forming.wait_ready(app.pods)
        wish.state("4")
        wishing.wait_even(app, 4)
        burning.writer.stop()
        assert not burning.writer.lost()
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_two_shards_are_refused(name: str, tmp_path: Path) -> None:
    wish = wishing.Wish(tmp_path)
    wish.state("4")
    with keeping.formed(name, 8, sidecar_env=wish.env) as app:
        wish.state("2")
        forming.until(
            lambda: all(keeping.blocked(one) == {"wish-too-small"} for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        wishing.looks(app.pods)
        assert owned(app) == dict.fromkeys(range(4), 4096)
        forming.wait_ready(app.pods)
        wish.state("4")
        wishing.wait_even(app, 4)
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("pending", [6, 7])
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_pod_of_the_new_shard_that_does_not_come(name: str, pending: int, tmp_path: Path) -> None:
    """A pod without an address, as one that Kubernetes cannot place."""
    with wishing.formed(name, tmp_path) as (app, wish):
        wish.state("4")
        new = [app.add_pod(), app.add_pod()]
        late = app.pods.pop(pending)
        (seat,) = [one for one in new if one is not late]
        kubelet.start([seat])
        wishing.wait_waits(
            app, f"{seat.name}: its replicas, before it gets slots: 0 of 1", late.name
        )
        wishing.looks(app.pods)
        assert owned(app) == THREE
        app.pods.insert(pending, late)
        kubelet.start([late])
        wishing.wait_even(app, 4)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert keeping.missing_keys(app) == []
