"""A plan for a person, and for a program in the documented shape."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from bootstrap import plan as planning
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Scope
from bootstrap.show import plan_text
from tests.core import build, scenario

FILES = scenario.PLANNED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_json_has_the_documented_shape(path: Path) -> None:
    given = scenario.read(path)
    plan = given.plan
    found = json.loads(json.dumps(plan_text.as_json(given.snapshot, plan, given.topology)))
    assert found.keys() == {
        "pod", "headline", "phase", "observed", "steps", "waiting", "blocked", "alarms",
        "migrations", "progress", "notes",
    }  # fmt: skip
    assert found["pod"] == given.topology.name
    assert found["phase"] in {"form", "join", "heal", "reshard", "steady", "blocked", "waiting"}
    assert len(found["steps"]) == len(plan.steps)
    for seen in found["observed"]:
        assert seen.keys() == {
            "pod", "ordinal", "address", "reachable", "reason", "node_id", "role", "slots",
            "blank", "state",
        }  # fmt: skip
        assert seen["reachable"] == (seen["node_id"] is not None) == (seen["reason"] is None)
    for step in found["steps"]:
        assert step.keys() == {"actions", "until"}
        assert all(one.keys() == {"kind", "pod", "args", "why"} for one in step["actions"])
    assert all(one.keys() == {"pod", "for", "fix", "todo"} for one in found["waiting"])
    assert all(one.keys() == {"code", "why", "fix", "todo"} for one in found["blocked"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_text_says_all_that_the_plan_says(path: Path) -> None:
    given = scenario.read(path)
    plan, text = given.plan, plan_text.as_text(given.snapshot, given.plan, given.topology)
    assert all(wait.what in text for wait in plan.waiting)
    assert all(block.code in text and block.why in text for block in plan.blocked)
    assert all(step.until in text for step in plan.steps)
    assert all(note in text for note in plan.notes)
    assert all(pod.name in text for pod in given.snapshot.pods)
    assert all(one.code in text and one.why in text for one in plan.alarms)
    assert ("nothing to do" in text) == (plan.reached and text.startswith("HEALTHY"))
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_table_of_what_is_seen() -> None:
    seen = build.snapshot(
        build.own(0),
        build.own(1, build.all_lines(1), ok=True),
        build.own(3, build.all_lines(3), link=True),
        build.pod(4, "loading"),
        build.pod(5, resolved=scenario._NAMES["absent"]),
    )
    about = build.topology(0, None, address=None, host="a")
    text = plan_text.as_text(seen, planning.plan(seen, about), about)
    assert text.splitlines()[2].startswith("I am redis-app-0, the seed: redis-app-0.redis-service")
    table = [line.split() for line in text.splitlines() if line.startswith("redis-app-")]
    assert table == [
        ["redis-app-0", "10.0.0.10", "n0", "primary", "none", "new", "blank"],
        ["redis-app-1", "10.0.0.11", "n1", "primary", "5461-10921", "ok"],
        ["redis-app-3", "10.0.0.13", "n3", "replica", "none", "fail"],
        ["redis-app-4", "10.0.0.14", "-", "-", "-", "-", "it", "is", "loading"],
        ["redis-app-5", "-", "-", "-", "-", "-", "NXDOMAIN", "from", "10.96.0.10:53"],
    ]


def test_all_addresses_behind_a_name_are_shown_where_there_are_several() -> None:
    """One of them is stale, and it matters which one was asked."""
    twice = Name(state="found", addresses=("10.0.0.11", "10.0.0.99"))
    once = Name(state="found", addresses=("10.0.0.12",))
    seen = build.snapshot(
        build.own(0),
        dataclasses.replace(build.own(1), resolved=twice),
        dataclasses.replace(build.own(2), resolved=once),
        build.pod(3, "refused", resolved=twice),
    )
    about = build.topology(0, 3, replicas_per_shard=0)
    text = plan_text.as_text(seen, planning.plan(seen, about), about)
    shown = {
        line.split()[0]: line.rpartition("  ")[2]
        for line in text.splitlines()
        if "resolves" in line
    }
    several = "its name resolves to 10.0.0.11, 10.0.0.99"
    assert shown == {
        "redis-app-1": f"blank; {several}",
        "redis-app-3": f"it is refused; {several}",
    }


def test_a_wait_of_somebody_names_the_pod() -> None:
    seen = build.snapshot(build.own(1, build.all_lines(1)), scope=Scope.LOCAL)
    about = build.topology(1)
    text = plan_text.as_text(seen, planning.plan(seen, about), about)
    assert "waiting for redis-app-1: its own cluster_state to turn ok" in text
    assert not text.splitlines()[2].endswith("the seed")
