"""`python -m bootstrap status`: the shards, from whichever pod one asks."""

from __future__ import annotations

import json
from typing import Any

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import needs, pod, sets


def ask(one: pod.Pod, *args: str) -> tuple[int, str]:
    """Exit status and output."""
    return roles.beside(one, "status", *args)


def shards(one: pod.Pod) -> dict[str, Any]:
    status, text = ask(one, "--output", "json")
    assert status == 0, text
    found: dict[str, Any] = json.loads(text)
    return found


def roles_in(found: dict[str, Any]) -> dict[str, list[str]]:
    """Slots, and the pods of the shard, the primary first."""
    return {
        shard["slots"]: [
            shard["primary"]["pod"],
            *(replica["pod"] for replica in shard["replicas"]),
        ]
        for shard in found["shards"]
    }


EXPECTED = {
    "0-5460": ["redis-app-0", "redis-app-3"],
    "5461-10921": ["redis-app-1", "redis-app-4"],
    "10922-16383": ["redis-app-2", "redis-app-5"],
}


def test_every_pod_says_the_same() -> None:
    needs.insecurity("redis 7.0 carries no placement")
    with keeping.formed(
        "redis-8.2", host_of=lambda ordinal: f"host-{ordinal}", zone_of=lambda _: "zone-a"
    ) as app:
        for one in (app[0], app[5]):
            found = shards(one)
            assert roles_in(found) == EXPECTED
            assert (found["pod"], found["well"], found["phase"]) == (one.name, True, "steady")
        assert_details(app, found)
        status, text = ask(app[4])
        assert status == 0
        (line,) = [line for line in text.splitlines() if "redis-app-3" in line]
        assert all(word in line for word in ("replica", app[3].address, "host-3", "up", "ok"))
        assert_one_headline(app[4], "HEALTHY: 6 nodes, 3 shards.")
        assert_trouble_shows(app)


def assert_one_headline(one: pod.Pod, expected: str) -> None:
    """`status`, a dry run, /readyz and /statusz begin with the same line."""
    lines = {ask(one)[1].partition("\n")[0], roles.beside(one, "--dry-run")[1].partition("\n")[0]}
    lines.add(forming.answers(one)[1].partition("\n")[0])
    lines.add(json.loads(forming.answers(one, "/statusz")[1])["headline"]["text"])
    assert len(lines) == 1, lines
    assert lines.pop().startswith(expected)


def assert_details(app: sets.LocalStatefulSet, found: dict[str, Any]) -> None:
    """What each node says of itself is there."""
    nodes = [node for shard in found["shards"] for node in (shard["primary"], *shard["replicas"])]
    for node in nodes:
        one = next(one for one in app.pods if one.name == node["pod"])
        assert node["node_id"] == one.node_id()
        assert node["address"] == one.address
        assert (node["host"], node["zone"]) == (f"host-{one.ordinal}", "zone-a")
        assert node["keys"] == one.ask("DBSIZE") > 0
        replica = roles.primary_id(one) is not None
        assert node["link"] == ("up" if replica else None)
        assert node["lag"] == (0 if replica else None)


def assert_trouble_shows(app: sets.LocalStatefulSet) -> None:
    """A pod that is away is named, and the exit status tells."""
    app[5].kill_server()
    status, text = ask(app[0], "--output", "json")
    assert status == 2
    found = json.loads(text)
    last = found["shards"][2]["replicas"][0]
    assert (last["pod"], last["keys"], found["well"]) == ("redis-app-5", None, False)
    assert last["trouble"].startswith("away")
    assert (found["headline"]["code"], found["headline"]["pod"]) == ("pod-down", "redis-app-5")
    assert found["headline"]["effect"]["harms"] is False
    # From the pod itself the others' word is all there is.
    status, text = ask(app[5], "--output", "json")
    assert status == 1
    assert roles_in(json.loads(text)) == EXPECTED


def test_it_does_not_go_with_the_options_of_run() -> None:
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        for args in (["status", "--dry-run"], ["handover", "--once"]):
            wrong = app[0].start_sidecar(args)
            assert wrong.wait(forming.LONG) == 64
            assert "do not go with" in wrong.errors()
