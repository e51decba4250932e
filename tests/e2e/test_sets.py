"""Sets of other kinds, each in a namespace of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.e2e import kubectl, redisset
from tests.statefulset.servers import REPOSITORY

THIRD_PARTY: Final = REPOSITORY / "tests" / "manifests" / "third-party"

Record = Callable[[str, object], None]


def test_pods_that_are_added_join_as_replicas(restricted: kubectl.Kubectl, image: str) -> None:
    app = _formed(redisset.RedisSet(restricted), image)
    app.fill("scaled")
    owners = app.primaries()
    app.scale(8)
    seen = {view.pod: view for view in app.wait_healthy()}
    assert len(seen) == 8
    assert app.primaries() == owners
    assert all(seen[app.pod(ordinal)].follows for ordinal in (6, 7))
    assert app.missing("scaled") == []


def test_pods_that_were_forgotten_together_come_back(
    restricted: kubectl.Kubectl, image: str
) -> None:
    """Scaled in and out again with the old claims, after all had forgotten their nodes."""
    app = _formed(redisset.RedisSet(restricted), image)
    app.fill("scaled")
    app.scale(8)
    nodes = {view.pod: view.node_id for view in app.wait_healthy()}
    app.scale(6)
    app.delete_pods(*app.pods())
    for ordinal in range(6):
        for gone in (app.pod(6), app.pod(7)):
            forget = ("redis-cli", "cluster", "forget", nodes[gone])
            said = app.kubectl("exec", app.pod(ordinal), f"--container={app.server}", "--", *forget)
            assert "OK" in said or "Unknown node" in said
    app.wait_healthy()
    app.scale(8)
    after = {view.pod: view.node_id for view in app.wait_healthy(redisset.FORMED)}
    assert after == nodes
    assert app.missing("scaled") == []


def test_two_sets_in_one_namespace_stay_apart(restricted: kubectl.Kubectl, image: str) -> None:
    first = redisset.RedisSet(restricted)
    second = redisset.RedisSet(
        restricted,
        folder=redisset.OVERLAYS / "second",
        name="second-redis-app",
        selector="app=second-redis-app",
    )
    # At the same time, which is when they could take each other's pods for their own.
    first.apply(image)
    second.apply(image)
    for app in (first, second):
        app.wait_ready()
        app.wait_healthy()
        app.fill(app.name)
    ids = [
        {node_id for view in app.wait_healthy() for node_id in view.ids} for app in (first, second)
    ]
    assert [len(some) for some in ids] == [6, 6]
    assert not ids[0] & ids[1]
    assert len(second.missing(first.name)) == len(first.missing(second.name)) == redisset.KEYS


def test_the_component_completes_a_set_of_others(
    lenient: kubectl.Kubectl, image: str, record_property: Record
) -> None:
    app = redisset.RedisSet(
        lenient,
        folder=THIRD_PARTY,
        name="cache",
        selector="app.kubernetes.io/name=cache",
        server="server",
        claim="redis-data",
    )
    app.apply(image)
    seconds = app.wait_ready()
    app.wait_healthy()
    record_property("measured", f"third-party set: {app.wanted} pods ready after {seconds:.1f} s")
    app.fill("cache")
    app.delete_pods(app.primaries()[-1])
    app.wait_healthy()
    assert app.missing("cache") == []


def test_an_ordered_set_forms_and_keeps_its_keys(restricted: kubectl.Kubectl, image: str) -> None:
    app = _formed(redisset.RedisSet(restricted, folder=redisset.OVERLAYS / "ordered-ready"), image)
    app.fill("ordered")
    app.delete_pods(*app.pods())
    # Ready means less there: that the sidecar lives.
    app.wait_healthy(redisset.FORMED)
    assert app.missing("ordered") == []


def _formed(app: redisset.RedisSet, image: str) -> redisset.RedisSet:
    app.apply(image)
    app.wait_ready()
    app.wait_healthy(redisset.FORMED)
    return app
