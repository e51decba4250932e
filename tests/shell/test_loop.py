"""The loop: looks as wide as the plan needs, acts on the first step, ends by its terms."""

from __future__ import annotations

import time

import pytest

from bootstrap.config.errors import Exit
from bootstrap.model import actions
from bootstrap.model.snapshot import Scope
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Block, Phase, Plan, Step, Wait
from bootstrap.run import loop, pace
from tests.shell import scripted

STEADY = Plan(phase=Phase.STEADY)
WAIT = Plan(phase=Phase.WAITING, waiting=(Wait(pod="app-1", what="app-1 to come", fix="look"),))
AROUND = Plan(phase=Phase.WAITING, waiting=WAIT.waiting, look=Scope.ALL)
BLOCK = Block(code=Code.STRANGER, why="3 keys are elsewhere", fix="look")
BLOCKED = Plan(phase=Phase.BLOCKED, blocked=(BLOCK,))
SIZELESS = Plan(
    phase=Phase.BLOCKED, blocked=(Block(code=Code.SIZE_MISSING, why="no size", fix="set it"),)
)
ACT = Plan(phase=Phase.FORM, steps=(Step(actions=(scripted.EPOCH,), until="it is done"),))
SURE = Plan(
    phase=Phase.FORM,
    steps=(Step(actions=(scripted.EPOCH,), until="it is done", confirm=True),),
    look=Scope.ALL,
)

IMPORT = actions.ImportSlots(pod="app-0", ranges=((0, 9),), source="app-1", why="a test")
LETS_MOVE = Plan(phase=Phase.RESHARD, steps=(Step(actions=(IMPORT,), until="done"),), mover=True)

Patch = pytest.MonkeyPatch


def test_once_ends_at_the_goal(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [WAIT, WAIT, STEADY])
    assert life.run(once=True) is Exit.REACHED
    assert [entry["phase"] for entry in life.events("plan")] == ["waiting", "steady"]
    assert life.board.status.tick == 3


def test_a_sidecar_goes_on_at_the_goal_and_lets_go_of_its_peers(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [STEADY])
    assert life.run_until(3) is Exit.REACHED
    assert life.board.status.tick == life.observer.rests == 3
    assert len(life.events("plan")) == 1


def test_a_look_becomes_wider_as_the_plan_asks_and_stays_so_until_the_goal(
    monkeypatch: Patch,
) -> None:
    life = scripted.Life(monkeypatch, [AROUND, AROUND, AROUND, STEADY, STEADY])
    life.run_until(5)
    local, everybody = Scope.LOCAL, Scope.ALL
    assert life.observer.scopes == [local, everybody, everybody, everybody, local]


def test_what_nobody_foresaw_is_logged_counted_and_survived(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [RuntimeError("never seen"), STEADY])
    assert life.run(once=True) is Exit.REACHED
    assert life.board.errors == 1
    (entry,) = life.events("unexpected")
    assert "RuntimeError: never seen" in entry["exception"]


def test_a_loop_turns_whatever_its_looks_meet(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [RuntimeError("never seen")])
    before = time.monotonic()
    assert life.run(timeout=0.0) is Exit.FAILED
    assert life.board.status.tick == 0
    assert life.board.due is not None
    assert before <= life.board.due <= time.monotonic()


def test_after_a_look_that_failed_nobody_is_sent_to_our_node(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [STEADY, RuntimeError("never seen")])
    assert life.run(timeout=0.0) is Exit.FAILED
    assert life.board.status.tick == 1
    assert life.board.status.ready == (
        False,
        "the last look met an unexpected error: the log has it, unexpected",
    )


def test_a_loop_says_until_when_it_rests(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [STEADY])
    monkeypatch.setattr(pace, "rest", lambda *_args, **_facts: 3600.0)
    before = time.monotonic()
    life.run_until(1)
    assert life.board.due is not None
    assert before <= life.board.due - 3600.0 <= time.monotonic()


def test_a_rest_while_slots_move_ends_when_they_have(monkeypatch: Patch) -> None:
    """Our own server is asked between two looks, until no slot moves; then all pods are."""
    life = scripted.Life(monkeypatch, [LETS_MOVE, WAIT, STEADY])
    monkeypatch.setattr(pace, "rest", lambda *_args, **_facts: 3600.0)
    asked: list[bool] = []

    async def migrating(_self: object) -> bool:
        asked.append(len(life.observer.scopes) == 1)
        if len(asked) == 3:
            monkeypatch.setattr(pace, "rest", lambda *_args, **_facts: 0.0)
        return len(asked) < 3

    monkeypatch.setattr(type(life.observer), "migrating", migrating)
    assert life.run(once=True) is Exit.REACHED
    assert asked == [True, True, True]


def test_the_first_step_is_done_and_a_refusal_is_told(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [ACT, STEADY])
    assert life.run(once=True) is Exit.REACHED
    (entry,) = life.events("refused")
    assert entry["reason"] == "its node is gone"
    assert entry["action"] == "app-0: set-config-epoch 1 (a test)"
    assert life.board.actions == {("set-config-epoch", "refused"): 1}


def test_a_refusal_is_told_once_however_often_it_is_tried(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [ACT, ACT, ACT, STEADY, ACT, STEADY])
    life.run_until(6)
    assert life.board.actions == {("set-config-epoch", "refused"): 4}
    # Once more after all was well.
    assert len(life.events("refused")) == 2


@pytest.mark.parametrize(("second", "done"), [(SURE, 1), (WAIT, 0), (AROUND, 0)])
def test_a_step_to_confirm_is_done_only_if_a_second_look_says_the_same(
    monkeypatch: Patch, second: Plan, done: int
) -> None:
    # The first look is local, and no plan is made of less than it asks for.
    life = scripted.Life(monkeypatch, [SURE, SURE, second, STEADY])
    assert life.run(once=True) is Exit.REACHED
    assert sum(life.board.actions.values()) == done


# Ends


def test_a_timeout_says_what_was_waited_for(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [WAIT])
    assert life.run(timeout=0.0) is Exit.FAILED
    (entry,) = life.events("timed-out")
    assert (entry["why"], entry["fix"]) == ("app-1 to come", "look")


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (RuntimeError("never seen"), "an unexpected error"),
        (ACT, "app-0: its node is gone; it is done"),
        (Plan(phase=Phase.HEAL), "heal"),
    ],
)
def test_a_timeout_always_says_something(
    monkeypatch: Patch, plan: Plan | Exception, why: str
) -> None:
    life = scripted.Life(monkeypatch, [plan])
    assert life.run(timeout=0.0) is Exit.FAILED
    (entry,) = life.events("timed-out")
    assert (entry["why"], "fix" in entry) == (why, False)


def test_a_timeout_is_for_who_has_not_reached_the_goal(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [STEADY])
    assert life.run_until(5, timeout=0.0) is Exit.REACHED
    assert life.board.status.tick == 5


def test_each_fall_from_the_goal_has_a_timeout_of_its_own(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [WAIT, STEADY, STEADY, WAIT, WAIT, STEADY, WAIT])
    monkeypatch.setattr(loop, "time", life)  # on whose clock each plan takes a second
    assert life.run(timeout=2.0) is Exit.FAILED
    # Its first three seconds are no part of it, nor are those of the fall before.
    assert life.planned == 6 + 3
    assert len(life.events("timed-out")) == 1


@pytest.mark.parametrize(
    ("plan", "expected"), [(BLOCKED, Exit.BLOCKED), (SIZELESS, Exit.CONFIGURATION)]
)
def test_a_timeout_while_refused_ends_as_the_refusal_does(
    monkeypatch: Patch, plan: Plan, expected: Exit
) -> None:
    assert scripted.Life(monkeypatch, [plan]).run(timeout=0.0) is expected


def test_once_that_is_stopped_has_not_reached_its_goal_and_says_what_was_missing(
    monkeypatch: Patch,
) -> None:
    life = scripted.Life(monkeypatch, [WAIT])
    assert life.run_until(2, once=True) is Exit.FAILED
    (entry,) = life.events("interrupted")
    assert (entry["why"], entry["fix"]) == ("app-1 to come", "look")


def test_once_is_ended_by_a_refusal_that_lasts(monkeypatch: Patch) -> None:
    monkeypatch.setattr(loop, "_REFUSAL_SECONDS", 0.0)
    life = scripted.Life(monkeypatch, [BLOCKED])
    assert life.run(once=True) is Exit.BLOCKED
    (entry,) = life.events("plan")
    assert (entry["level"], entry["blocked"]) == ("warning", "stranger: 3 keys are elsewhere")


def test_a_refusal_that_goes_away_ends_nothing(monkeypatch: Patch) -> None:
    life = scripted.Life(monkeypatch, [BLOCKED, WAIT, BLOCKED, STEADY])
    assert life.run(once=True) is Exit.REACHED


def test_a_sidecar_stays_while_it_is_blocked(monkeypatch: Patch) -> None:
    monkeypatch.setattr(loop, "_REFUSAL_SECONDS", 0.0)
    assert scripted.Life(monkeypatch, [BLOCKED]).run_until(3) is Exit.REACHED


def test_without_a_size_that_is_needed_even_a_sidecar_ends(monkeypatch: Patch) -> None:
    monkeypatch.setattr(loop, "_REFUSAL_SECONDS", 0.0)
    assert scripted.Life(monkeypatch, [SIZELESS]).run() is Exit.CONFIGURATION


# The log


def test_a_plan_is_told_when_it_changes_and_not_when_only_a_count_does(monkeypatch: Patch) -> None:
    more = Plan(
        phase=Phase.BLOCKED,
        blocked=(Block(code=Code.STRANGER, why="4 keys are elsewhere", fix="look"),),
    )
    life = scripted.Life(monkeypatch, [BLOCKED, more, BLOCKED, STEADY])
    assert life.run(once=True) is Exit.REACHED
    assert [entry["phase"] for entry in life.events("plan")] == ["blocked", "steady"]


def test_a_step_that_calls_for_a_person_is_a_warning(monkeypatch: Patch) -> None:
    step = Step(actions=(scripted.EPOCH,), until="it is done", warning="it was a guess")
    life = scripted.Life(monkeypatch, [Plan(phase=Phase.HEAL, steps=(step,)), ACT, STEADY])
    life.run(once=True)
    said = [(entry["level"], entry.get("warning")) for entry in life.events("plan")]
    assert said == [("warning", "it was a guess"), ("info", None), ("info", None)]


def test_long_lists_are_cut_short_in_the_log(monkeypatch: Patch) -> None:
    waits = tuple(Wait(pod=f"app-{n}", what=f"app-{n} to come") for n in range(6))
    life = scripted.Life(monkeypatch, [Plan(phase=Phase.WAITING, waiting=waits), STEADY])
    life.run(once=True)
    said = life.events("plan")[0]["waiting"]
    assert said == "app-0 to come; app-1 to come; app-2 to come; app-3 to come; and 2 more"


def test_a_plan_that_the_last_door_stopped_is_told_and_counted_as_our_own_fault(
    monkeypatch: Patch,
) -> None:
    block = Block(code=Code.SAFETY, why="it would merge two clusters", fix="report it")
    life = scripted.Life(monkeypatch, [Plan(phase=Phase.BLOCKED, blocked=(block,))] * 2 + [STEADY])
    life.run(once=True)
    (entry,) = life.events("unsafe-plan")
    assert (entry["level"], entry["why"]) == ("error", "it would merge two clusters")
    assert life.board.errors == 1


def test_each_code_is_linked_to_its_entry(monkeypatch: Patch) -> None:
    codes = (Code.STRANGER, Code.FOREIGN_NODE, Code.STRANGER)
    blocked = tuple(Block(code=code, why=code, fix="look") for code in codes)
    life = scripted.Life(monkeypatch, [Plan(phase=Phase.BLOCKED, blocked=blocked)])
    life.run_until(1)
    (entry,) = life.events("plan")
    assert entry["runbook"] == "docs/runbook.md#stranger, docs/runbook.md#foreign-node"
