"""What a person's command takes from the pods' own sidecars, which have seen for how long it is so."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import sidecar_report, todo
from bootstrap.model.sidecar_report import SidecarReport
from bootstrap.model.timers import Refusal, Timers
from bootstrap.model.todo import Todo
from bootstrap.plan.facts import Facts
from bootstrap.show import headline, plan_text, shards
from bootstrap.show.cause import Verdict
from tests.core import build

TOPOLOGY = build.topology(0)
WELL = build.snapshot(
    *(build.own(one, build.all_lines(one), ok=True, link=True) for one in range(6))
)
REFUSAL = Refusal("redis-app-1", "meet", "no", forbidden=True, seconds=9.0)
MEMORY = Timers(
    idle=12.0,
    node_timeouts=(("redis-app-0", 15000),),
    open_slots=(("redis-app-0", 80.0),),
    unlinked=(("redis-app-0", 7.0), ("redis-app-1", 1.0)),
    refused=(REFUSAL,),
)
LOOK = Todo(what="is it there?", command="kubectl get pod redis-app-3", expect="expected: yes")
ACT = SidecarReport(
    pod="redis-app-3",
    verdict="ACT",
    code="open-slots",
    at_fault="redis-app-3",
    what="slot 7",
    age=4.2,
)


def said(**more: Any) -> dict[str, Any]:
    situation: dict[str, Any] = {
        "pod": "redis-app-0",
        "headline": {"verdict": "ACT", "code": "x", "pod": None, "cause": "so", "todo": []},
        "blocked": [],
        "alarms": [{"todo": []}],
        "waiting": [{"todo": [LOOK.as_json()]}, {"todo": [Todo(what="later").as_json()]}],
        "age": 3.5,
        "memory": dataclasses.asdict(MEMORY) | {"of a later version": 1},
    }
    return situation | more


def test_an_answer_is_read_with_all_that_is_remembered() -> None:
    found = sidecar_report.parse("redis-app-0", json.dumps(said()))
    assert found == SidecarReport(
        pod="redis-app-0", verdict="ACT", code="x", what="so", fix=(LOOK,), age=3.5, memory=MEMORY
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"tick": 0}', json.dumps(said(memory=3))])
def test_what_is_no_answer_says_nothing(text: str) -> None:
    assert sidecar_report.parse("redis-app-0", text) is None


def test_another_pod_that_answers_says_nothing() -> None:
    assert sidecar_report.parse("redis-app-1", json.dumps(said())) is None


def test_what_only_a_pods_own_sidecar_can_tell_is_taken_from_it() -> None:
    pods = ("redis-app-0", "redis-app-1", "redis-app-2")
    two = dataclasses.replace(MEMORY, unlinked=(("redis-app-1", 30.0),), open_slots=())
    some = (
        SidecarReport(pod=pods[0], verdict="WAIT", memory=MEMORY),
        SidecarReport(pod=pods[1], verdict="", memory=two),
    )
    found = sidecar_report.remembered(Timers(), some, pods[0], pods)
    assert found.idle == 12.0
    assert found.glance
    assert [found.open_for(one) for one in pods] == [80.0, 0.0, None]
    assert [found.unlinked_for(one) for one in pods] == [7.0, 30.0, None]
    alone = sidecar_report.remembered(Timers(unwell=1.0), (), pods[0], pods)
    assert (alone.unwell, alone.open_for(pods[0])) == (1.0, None)


def judged(*some: SidecarReport, status: bool) -> headline.Headline:
    seen = dataclasses.replace(WELL, reports=some)
    cluster = shards.cluster(seen, TOPOLOGY) if status else None
    return headline.headline(Facts(seen, TOPOLOGY), planning.plan(seen, TOPOLOGY), cluster)


def test_where_a_sidecar_says_act_nothing_is_told_as_well() -> None:
    found = judged(ACT, status=True)
    assert found.text.startswith(
        "ACT open-slots: the sidecar of redis-app-3 says (4 s ago): slot 7. "
    )
    assert judged(ACT, status=False).verdict is Verdict.HEALTHY  # that is for `status` to judge
    mine = dataclasses.replace(ACT, pod="redis-app-0", what="mine", fix=(Todo(what="do it"),))
    assert "mine" in judged(ACT, mine, status=True).text
    assert "mine" in judged(mine, status=False).text
    assert [one.what for one in judged(mine, status=False).todo] == ["do it"]
    assert judged(dataclasses.replace(ACT, verdict="WAIT"), status=True).verdict is Verdict.HEALTHY


def waiting_for_the_first(*some: SidecarReport) -> headline.Headline:
    """The judgement of a later pod on six new ones, of which the first does not form."""
    topology = build.topology(3)
    seen = build.snapshot(*(build.own(one) for one in range(6)))
    seen = dataclasses.replace(seen, reports=some)
    return headline.headline(Facts(seen, topology), planning.plan(seen, topology))


def test_who_is_waited_for_says_by_its_own_sidecar_why() -> None:
    plain = waiting_for_the_first()
    assert plain.text.startswith("WAIT: waiting for redis-app-0 to form the cluster")
    first = SidecarReport(
        pod="redis-app-0", verdict="WAIT", code="waiting", at_fault="redis-app-4", what="for 4"
    )
    last = SidecarReport(
        pod="redis-app-4",
        verdict="ACT",
        code="waiting",
        at_fault="redis-app-4",
        what="it does not accept our password",
        age=2.0,
        fix=(LOOK,),
    )
    assert waiting_for_the_first(first).text.startswith(
        "WAIT: the sidecar of redis-app-0 says (0 s ago): for 4; it passes by itself"
    )
    found = waiting_for_the_first(first, last)
    assert found.text.startswith(
        "ACT: the sidecar of redis-app-4 says (2 s ago): it does not accept our password. "
    )
    assert found.todo == (LOOK,)
    # A pod that is not waited for is for `status` to judge.
    assert waiting_for_the_first(last) == plain
    assert waiting_for_the_first(first, dataclasses.replace(last, at_fault="redis-app-3")) == plain


def test_who_waits_for_us_in_turn_or_says_nothing_changes_nothing() -> None:
    plain = waiting_for_the_first()
    for_us = SidecarReport(
        pod="redis-app-0", verdict="WAIT", at_fault="redis-app-3", what="for you"
    )
    well = SidecarReport(pod="redis-app-0", verdict="HEALTHY")
    assert waiting_for_the_first(for_us) == waiting_for_the_first(well) == plain


def test_a_fault_that_several_have_is_not_told_as_that_of_one() -> None:
    one = SidecarReport(
        pod="redis-app-1", verdict="ACT", code="waiting", at_fault="redis-app-1", what="no password"
    )
    pods = [build.own(0), *(build.pod(number, "password") for number in range(1, 6))]

    def first_line(*some: SidecarReport, many: int) -> str:
        there = [*pods[: many + 1], *(build.own(number) for number in range(many + 1, 6))]
        seen = dataclasses.replace(build.snapshot(*there), reports=some)
        return headline.headline(Facts(seen, TOPOLOGY), planning.plan(seen, TOPOLOGY)).text

    assert first_line(one, many=5).startswith("ACT: 5 of 6 servers (all but redis-app-0): ")
    assert first_line(one, many=1).startswith("ACT: the sidecar of redis-app-1 says (0 s ago): ")


def test_a_command_is_told_once_whatever_stands_before_it() -> None:
    """The sidecar at fault looks at the same as the pod that waits for it."""
    pods = [build.own(one) for one in range(6)]
    pods[4] = build.pod(4, "password")
    alone = planning.plan(build.snapshot(*pods[4:5], *pods[:4], pods[5]), build.topology(4))
    heard_there = SidecarReport(
        pod="redis-app-4",
        verdict="ACT",
        at_fault="redis-app-4",
        what="no password",
        fix=todo.todos(alone.waiting[0].fix),
    )
    seen = dataclasses.replace(build.snapshot(*pods), reports=(heard_there,))
    text = plan_text.as_text(seen, planning.plan(seen, TOPOLOGY), TOPOLOGY)
    assert text.count("CONFIG GET requirepass") == 1


def test_open_slots_are_told_to_a_person_with_how_long_the_sidecar_has_seen_them() -> None:
    lines = [
        f"{line} [100->-n1]" if line.startswith("n0 ") else line for line in build.all_lines(0)
    ]
    pods = [build.own(one, build.all_lines(one), ok=True, link=True) for one in range(1, 6)]
    for seconds, words in (
        (12.0, "the same for 12 s, and it may be"),
        (80.0, "the same for 80 s;"),
    ):
        seen = build.snapshot(
            build.own(0, lines, ok=True), *pods, glance=True, open_slots=(("redis-app-0", seconds),)
        )
        (alarm,) = planning.plan(seen, TOPOLOGY).alarms
        assert words in alarm.why
