"""New pods, where more shards are wished: one stays an empty primary, the next one its replica."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.statefulset import kubelet, needs, pod


def shown(one: pod.Pod) -> str:
    """The human name of a pod's node, which shows the wish."""
    name = "cluster-announce-human-nodename"
    with one.client() as client:
        return str(client.config_get(name)[name])


def empty(one: pod.Pod) -> bool:
    """Whether a pod's node is a primary without slots."""
    (line,) = [line for line in one.cluster_nodes().splitlines() if "myself" in line]
    words = line.split()
    return words[2] == "myself,master" and len(words) == 8


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_two_new_pods_are_a_seat_and_its_replica(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        wish.state("4")
        (seat,) = wishing.scale_out(app, 1)
        # It is ready without slots: else a rollout would wait for it.
        forming.wait_ready([seat])
        assert empty(seat)
        (replica,) = wishing.scale_out(app, 1)
        wishing.wait_follows(replica, seat)
        forming.wait_ready([replica])
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_seat_stays_one_while_a_primary_that_died_is_away(name: str, tmp_path: Path) -> None:
    """It comes back as a replica of its successor, so no shard lacks one."""
    with wishing.formed(name, tmp_path, fire.ENV, server_config=fire.SETTINGS) as (app, wish):
        wish.state("4")
        seat, late = app.add_pod(), app.add_pod()
        app.pods.remove(late)
        kubelet.start([seat])
        wishing.wait_waits(
            app, "redis-app-6: its replicas, before it gets slots", "redis-app-7 to come"
        )
        app.take_down(app[0])
        fire.promoted([app[3]])
        wishing.looks([seat])
        assert empty(seat)
        app.pods.append(late)
        kubelet.start([app[0], late])
        wishing.wait_even(app, 4)
        assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_without_a_wish_for_more_they_are_replicas(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, _):
        new = wishing.scale_out(app, 2)
        forming.wait_ready(new)
        assert [keeping.role(one) for one in new] == ["slave", "slave"]


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_pods_that_came_before_the_wish_become_a_shard_once_emptied(
    name: str, tmp_path: Path
) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        new = wishing.scale_out(app, 2)
        forming.wait_ready(new)
        wish.state("4")
        forming.until(
            lambda: "give redis-app-6 an empty volume" in str(forming.last(app.pods[0])),
            lambda: forming.last(app.pods[0]),
        )
        keeping.down(app, new, wipe=True)
        kubelet.start(new)
        forming.until(
            lambda: sorted(wishing.owned(app).values()) == [4096] * 4,
            lambda: (wishing.owned(app), [forming.last(one) for one in app.pods]),
        )
        wishing.wait_follows(new[1], new[0])
        assert keeping.missing_keys(app) == []


def test_a_new_wish_is_read_while_the_sidecars_rest(tmp_path: Path) -> None:
    """They rest for a minute and more, since all is well."""
    needs.insecurity("the server that takes its place has no human name to show a wish")
    wish = wishing.Wish(tmp_path)
    wish.state("3")
    with keeping.formed(
        wishing.SERVERS[0], sidecar_env={**wish.env, "BOOTSTRAP_INTERVAL": "600"}
    ) as app:
        forming.until(
            lambda: all(forming.phase(one) == "steady" for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        wish.state("hold")
        forming.until(
            lambda: all(shown(one).endswith("/hold") for one in app.pods),
            lambda: [shown(one) for one in app.pods],
        )
