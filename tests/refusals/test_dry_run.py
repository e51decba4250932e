"""A dry run only looks: it leaves even those settings alone that a sidecar may always write."""

from __future__ import annotations

import json

import pytest

from tests.refusals import asking, clusters, fingerprints
from tests.statefulset import sets


@pytest.mark.parametrize("used", [False, True], ids=["blank", "used"])
@pytest.mark.parametrize("output", ["text", "json"])
def test_it_writes_nothing(bare: sets.LocalStatefulSet, output: str, *, used: bool) -> None:
    bare.start_servers()
    if used:
        clusters.own_everything(bare[0])
        clusters.fill(bare[0])
    before = fingerprints.of(bare.pods)
    answer = asking.ask(bare[0], "--dry-run", "--output", output)
    assert answer.status == (asking.BLOCKED if used else asking.NOT_YET), answer
    assert "cluster-announce-hostname" in answer.text
    assert fingerprints.changes(before, fingerprints.of(bare.pods)) == []


def test_json_says_the_same(blank: sets.LocalStatefulSet) -> None:
    blank[1].ask("CLUSTER", "ADDSLOTS", 7)
    blank[2].kill_server()
    answer = asking.ask(blank[0], "--dry-run", "--output", "json")
    assert answer.status == asking.BLOCKED, answer
    said = json.loads(answer.text)
    assert {"pod", "phase", "observed", "steps", "waiting", "blocked"} <= said.keys()
    assert (said["pod"], said["phase"]) == ("redis-app-0", "blocked")
    (block,) = said["blocked"]
    assert block.keys() == {"code", "why", "fix", "todo"}
    assert block["code"] == "pod-has-slots"
    dead = said["observed"][2]
    assert (dead["pod"], dead["reachable"]) == ("redis-app-2", False)
    assert dead["reason"] == "no connection: Connection refused"
