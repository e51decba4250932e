"""A peer is not as it should be: the seed forms nothing until every expected pod is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import pytest

from tests.refusals import asking, dumps, stubs
from tests.statefulset import needs, sets
from tests.statefulset import pod as pods

RIGHT, OTHER = f"{asking.SECRET}-right", f"{asking.SECRET}-other"

STUBS: Mapping[
    str, tuple[Callable[[pods.Pod], contextlib.AbstractContextManager[None]], int, int, list[str]]
] = {
    "unsupported version": (
        stubs.old,
        asking.BLOCKED,
        asking.BLOCKED,
        ["expected 6.2 or later", f"saw {stubs.VERSION}", "use redis 6.2"],
    ),
    "accepts and never answers": (
        stubs.silent,
        asking.NOT_YET,
        asking.FAILED,
        ["to answer", "no answer in time", "the server hangs", "kubectl get networkpolicy"],
    ),
    "no redis": (
        stubs.other,
        asking.NOT_YET,
        asking.FAILED,
        ["does not answer as Redis does", "HTTP/1.1 400", "BOOTSTRAP_REDIS_PORT"],
    ),
    "port closed": (
        lambda _pod: contextlib.nullcontext(),
        asking.NOT_YET,
        asking.FAILED,
        ["to answer", "Connection refused", "kubectl logs redis-app-1"],
    ),
}


@pytest.mark.parametrize("case", STUBS)
def test_something_else_in_the_place_of_a_server(bare: sets.LocalStatefulSet, case: str) -> None:
    listen, dry, once, says = STUBS[case]
    some = [bare[0], bare[2]]
    for pod in some:
        pod.start_server()
    for pod in some:
        pod.wait_server_up()
    asking.announce(some)
    bare[1].publish()
    says = ["redis-app-1", f"{bare[1].address}:6379", *says]
    with listen(bare[1]):
        asking.refused(bare[0], some, dry=dry, once=once, says=says)


def test_a_server_that_hangs(blank: sets.LocalStatefulSet) -> None:
    blank[1].pause()
    says = ["redis-app-1", "6379 to answer", "no answer in time", "the server hangs"]
    others = [blank[0], blank[2]]
    try:
        failed = asking.FAILED
        asking.refused(blank[0], others, dry=asking.NOT_YET, once=failed, says=says)
    finally:
        blank[1].resume()
    assert blank[1].ask("DBSIZE") == 0


def test_another_password() -> None:
    config = {"requirepass": RIGHT}
    with sets.LocalStatefulSet(
        3, needs.any_server(), replicas_per_shard=0, server_config=config
    ) as app:
        app[1].start_server({"requirepass": OTHER})
        app.start_servers()
        asking.announce([app[0], app[2]])
        says = [
            "redis-app-1",
            "does not accept the sidecar's user and password",
            "the server's requirepass",
        ]
        asking.refused(
            app[0],
            [app[0], app[2]],
            dry=asking.NOT_YET,
            once=asking.FAILED,
            says=says,
            env={"BOOTSTRAP_REDIS_PASSWORD": RIGHT},
        )
        with app[1].client(password=OTHER) as client:
            assert len(str(client.execute_command("CLUSTER", "NODES")).splitlines()) == 1
            assert client.config_get("cluster-announce-hostname") == {
                "cluster-announce-hostname": ""
            }


def test_not_in_cluster_mode(bare: sets.LocalStatefulSet) -> None:
    bare[1].start_server({"cluster-enabled": "no"})
    bare.start_servers()
    asking.announce([bare[0], bare[2]])
    says = ["redis-app-1", "not in cluster mode", "cluster-enabled yes", "in redis.conf"]
    blocked = asking.BLOCKED
    asking.refused(bare[0], bare.pods, dry=blocked, once=blocked, says=says)


def test_loading(bare: sets.LocalStatefulSet) -> None:
    """Once it has loaded, it turns out to hold keys; nobody was given slots meanwhile."""
    dumps.load_slowly(bare[1])
    bare.start_servers()
    asking.announce([bare[0], bare[2]])
    says = ["redis-app-1", "LOADING", "not an empty node", "INFO persistence"]
    asking.refused(bare[0], bare.pods, dry=asking.NOT_YET, once=asking.FAILED, says=says)
