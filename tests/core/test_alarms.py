"""Faults that keep no rule from acting are told, and change no step."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model.snapshot import Scope
from bootstrap.plan.alarms import table
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Alarm
from bootstrap.show import board, cluster_table, plan_text, shards, summary
from tests.core import build

LATER = Alarm(pod="redis-app-1", code=Code.OPEN_SLOTS, why="slot 7 is open", fix="close it")
FIRST = Alarm(pod="redis-app-0", code=Code.WRITES_REFUSED, why="its disk is full", fix="grow it")
TOPOLOGY = build.topology(0, 6)
SNAPSHOT = build.snapshot(build.own(0, build.all_lines(0), ok=True), scope=Scope.LOCAL)


def seen(_scene: Facts) -> list[Alarm]:
    return [LATER, FIRST]


@pytest.fixture(autouse=True)
def _checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "CHECKS", (seen,))


def test_alarms_are_sorted_and_change_no_step() -> None:
    plan = planning.plan(SNAPSHOT, TOPOLOGY)
    assert plan.alarms == (FIRST, LATER)
    assert plan.reached
    assert not plan.steps


def test_alarms_are_told_with_what_to_do_and_never_as_all_well() -> None:
    plan = planning.plan(SNAPSHOT, TOPOLOGY)
    cluster = shards.cluster(SNAPSHOT, TOPOLOGY)
    texts = [
        plan_text.as_text(SNAPSHOT, plan, TOPOLOGY),
        cluster_table.as_text(cluster, SNAPSHOT, plan, TOPOLOGY),
    ]
    for text in texts:
        assert "writes-refused: its disk is full" in text
        assert "to do: grow it" in text
        assert "nothing to do" not in text
    facts = summary.facts(SNAPSHOT, plan, build.topology())
    assert facts["fix"] == "grow it"
    assert "docs/runbook.md#open-slots" in str(facts["runbook"])


def test_an_alarm_makes_another_line_of_the_log_and_other_words_do_not() -> None:
    plan = planning.plan(SNAPSHOT, TOPOLOGY)
    other = dataclasses.replace(FIRST, why="its disk is full by 99 %")
    assert summary.fingerprint(dataclasses.replace(plan, alarms=())) != summary.fingerprint(plan)
    assert summary.fingerprint(
        dataclasses.replace(plan, alarms=(other, LATER))
    ) == summary.fingerprint(plan)


def test_a_pod_that_clients_must_avoid_is_not_ready() -> None:
    plan = planning.plan(SNAPSHOT, TOPOLOGY)
    now = board.Status().then(TOPOLOGY, SNAPSHOT, plan)
    assert now.ready == (True, "ready")
    assert now.alarms == {"writes-refused": 1, "open-slots": 1}
    shut = dataclasses.replace(FIRST, serves=False)
    closed = board.Status().then(TOPOLOGY, SNAPSHOT, dataclasses.replace(plan, alarms=(shut,)))
    assert closed.ready == (False, "writes-refused: its disk is full")
