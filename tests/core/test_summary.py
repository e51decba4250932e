"""The log's line of a plan: what is done, awaited and refused, and what a person can do."""

from __future__ import annotations

from bootstrap import plan as planning
from bootstrap.model import acl
from bootstrap.model.todo import Todo
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Block, Phase, Plan, Step
from bootstrap.show import summary
from tests.core import build

NEW = build.snapshot(*(build.own(one) for one in range(6)))
LOOK = Todo(what="is it there?", command="kubectl get pod", expect="yes")
BLOCK = Block(code=Code.SPLIT, why="two clusters, with 12 keys", fix=(LOOK,))


def test_what_is_done_is_told_by_kind_and_pod() -> None:
    plan = planning.plan(NEW, build.topology(0))
    told = summary.facts(NEW, plan, build.topology())
    assert (told["phase"], told["found"]) == ("form", "6 of 6")
    kinds = told["doing"]
    assert isinstance(kinds, list)
    assert "add-slots redis-app-0; redis-app-1; redis-app-2" in kinds
    assert any(line.startswith("set-config-epoch") and "and 2 more" in line for line in kinds)
    assert told["until"] == plan.steps[0].until
    assert "blocked" not in told


def test_what_is_waited_for_and_refused_is_told_with_what_helps_first() -> None:
    away = build.snapshot(build.own(0), *(build.pod(one, "password") for one in range(1, 6)))
    waiting = planning.plan(away, build.topology(0))
    told = summary.facts(away, waiting, build.topology(size=None))
    assert told["found"] == "1 of 6"
    assert str(told["waiting"]).endswith("and 1 more")
    assert summary.to_do(waiting) == {"fix": summary.fix(waiting)}
    assert summary.summary(waiting) == told["waiting"]
    refused = Plan(phase=Phase.BLOCKED, blocked=(BLOCK,))
    told = summary.facts(away, refused, build.topology())
    assert told["blocked"] == "split: two clusters, with 12 keys"
    assert (told["fix"], told["runbook"]) == (LOOK.line, "docs/runbook.md#split")
    assert summary.summary(refused) == BLOCK.why
    assert summary.reasons(refused) == (("split", "two clusters, with keys"),)


def test_where_nothing_keeps_the_goal_from_being_reached_the_step_or_the_phase_is_told() -> None:
    step = Step(actions=(), until="all is well")
    assert summary.summary(Plan(phase=Phase.FORM, steps=(step,))) == "all is well"
    assert summary.summary(Plan(phase=Phase.STEADY)) == "steady"
    assert summary.summary(None) == "an unexpected error"
    assert summary.to_do(None) == summary.to_do(Plan(phase=Phase.STEADY)) == {}


def test_the_right_that_a_command_needs_is_named_as_an_acl_has_it() -> None:
    assert acl.needed_for("CLUSTER", "MEET") == "+cluster|meet"
    assert acl.needed_for("INFO", "server") == "+info"
