"""The hand-over's next step, from what is seen and from what the run remembers."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model import leaving_mark
from bootstrap.model.actions import ConfigSet, Failover, Meet
from bootstrap.model.snapshot import Pod, Snapshot
from bootstrap.plan import handover, handover_run
from bootstrap.plan.handover import SEND_AGAIN
from bootstrap.plan.handover_run import Result, Run
from bootstrap.plan.verdict import Step
from tests.core import build, handing

# Nothing to hand over


def test_a_replica_says_that_it_is_leaving_and_that_is_all() -> None:
    marks = handing.decide(handing.own(3), run=Run(limit=20.0), me=3)
    (action,) = handing.actions(marks)
    assert isinstance(action, ConfigSet)
    assert action.settings == ((leaving_mark.NAME, "redis-app-3/-/-/handover"),)
    text = handing.ended(
        handing.decide(handing.own(3, mark=True), run=Run(limit=20.0), me=3), Result.NOTHING
    )
    assert "redis-app-3 is a replica" in text


@pytest.mark.parametrize("why", ["cannot", "refuses"])
def test_a_replica_that_bears_no_mark_is_done_all_the_same(why: str) -> None:
    run = Run(limit=20.0, cannot_mark=why == "refuses")
    pod = handing.own(3, server=handing.OLD if why == "cannot" else build.NEWEST)
    assert "replica" in handing.ended(handing.decide(pod, run=run, me=3), Result.NOTHING)


def test_a_primary_without_slots_has_nothing_to_hand_over() -> None:
    alone = build.own(0)
    assert "owns no slots" in handing.ended(
        handing.decide(alone, run=Run(limit=20.0)), Result.NOTHING
    )


# One at a time


def test_a_primary_marks_itself_before_anything_else() -> None:
    found = handing.decide(
        handing.own(0), handing.own(1), handing.own(2), handing.own(3), run=Run(limit=20.0)
    )
    assert handing.name_set(found) == "redis-app-0/-/-/handover"


def test_with_its_mark_seen_by_nobody_else_leaving_it_goes_on() -> None:
    assert (
        handing.sent_to(
            handing.decide(
                handing.own(0, mark=True), handing.own(1), handing.own(2), handing.own(3)
            )
        )
        == "redis-app-3"
    )


@pytest.mark.parametrize("kind", ["cannot", "refuses"])
def test_a_primary_that_bears_no_mark_goes_on_without(kind: str) -> None:
    run = dataclasses.replace(handing.BEGUN, cannot_mark=kind == "refuses", marked=False)
    server = handing.OLD if kind == "cannot" else build.NEWEST
    pods = [handing.own(one, server=server) for one in range(4)]
    assert handing.sent_to(handing.decide(*pods, run=run)) == "redis-app-3"


@pytest.mark.parametrize("other", [1, 2])
def test_who_sees_a_mark_waits_before_it_sets_its_own(other: int) -> None:
    pods = [handing.own(0), *(handing.own(one, mark=one == other) for one in (1, 2, 3))]
    assert handing.waits(handing.decide(*pods)) == f"redis-app-{other} has handed over"


def test_of_two_marks_the_lower_stays_and_waits_for_the_higher_to_go() -> None:
    found = handing.decide(
        handing.own(0, mark=True), handing.own(1, mark=True), handing.own(2), handing.own(3)
    )
    assert handing.waits(found) == "redis-app-1 has handed over"


def test_of_two_marks_the_higher_is_taken_back() -> None:
    found = handing.decide(
        handing.own(0),
        handing.own(1, mark=True),
        handing.own(2),
        handing.own(4),
        run=Run(limit=20.0),
        me=1,
    )
    assert "redis-app-0" not in str(found)
    both = handing.decide(
        handing.own(0, mark=True), handing.own(1, mark=True), handing.own(2), handing.own(4), me=1
    )
    (action,) = handing.actions(both)
    assert isinstance(action, ConfigSet)
    assert (action.pod, action.settings) == (
        "redis-app-1",
        ((leaving_mark.NAME, "redis-app-1/-/-"),),
    )
    assert "redis-app-0 has handed over" in str(both)


def test_the_mark_of_a_replica_makes_nobody_wait() -> None:
    pods = [
        handing.own(0, mark=True),
        handing.own(1),
        handing.own(2),
        handing.own(3),
        handing.own(4, mark=True),
    ]
    assert handing.sent_to(handing.decide(*pods)) == "redis-app-3"


def test_a_mark_that_stays_is_waited_for_half_of_the_time() -> None:
    pods = [handing.own(0, mark=True), handing.own(1, mark=True), handing.own(2), handing.own(3)]
    late = dataclasses.replace(handing.BEGUN, seconds=10.0)
    assert handing.sent_to(handing.decide(*pods, run=late)) == "redis-app-3"
    marks = handing.decide(handing.own(0), *pods[1:], run=late)
    assert handing.name_set(marks) == "redis-app-0/-/-/handover"


def test_who_has_begun_does_not_stop_for_others() -> None:
    pods = [handing.own(0, mark=True), handing.own(1, mark=True), handing.own(2), handing.own(3)]
    again = dataclasses.replace(handing.SENT, seconds=handing.SENT.sent_at + SEND_AGAIN)
    assert handing.sent_to(handing.decide(*pods, run=again)) == "redis-app-3"


# Sending again


def test_a_failover_under_way_is_not_sent_again() -> None:
    pods = [handing.own(0, mark=True), handing.own(1), handing.own(2), handing.own(3)]
    for seconds in (0.5, 5.9):
        run = dataclasses.replace(handing.SENT, seconds=seconds)
        assert handing.waits(handing.decide(*pods, run=run)) == "redis-app-3 has taken over"


def test_one_that_failed_quietly_is() -> None:
    pods = [handing.own(0, mark=True), handing.own(1), handing.own(2), handing.own(3)]
    run = dataclasses.replace(handing.SENT, seconds=6.0)
    assert handing.sent_to(handing.decide(*pods, run=run)) == "redis-app-3"


# What the run remembers


def test_the_run_knows_what_was_ours_as_long_as_we_were_a_primary() -> None:
    fresh = Run(limit=20.0)
    for pod, expected in [
        (handing.own(0), ("n0", handing.MINE)),
        (handing.own(3), ("", ())),
        (build.own(0), ("", ())),
        (handing.cannot_mark(0), ("", ())),
    ]:
        topology = build.topology(pod.ordinal)
        run = handover_run.seen(fresh, build.snapshot(pod), topology)
        assert (run.node_id, run.slots) == expected
    turned_now = handover_run.seen(
        handing.BEGUN, build.snapshot(handing.own(0, handing.TURNED)), build.topology(0)
    )
    assert turned_now == handing.BEGUN


def test_the_run_knows_what_was_done() -> None:
    topology = build.topology(0)
    run = Run(limit=20.0, seconds=7.0)
    told = Failover(pod="redis-app-3", primary="redis-app-0", why="")
    assert handover_run.done(run, told, accepted=True).sent == ("redis-app-3",)
    assert handover_run.done(run, told, accepted=True).sent_at == 7.0
    assert handover_run.done(run, told, accepted=False) == run
    (mark,) = handing.actions(
        handing.decide(handing.own(0), handing.own(1), handing.own(2), handing.own(3))
    )
    (unmark,) = handover.unmark(build.snapshot(handing.own(0)), topology).actions
    marked = handover_run.done(run, mark, accepted=True)
    assert (marked.marked, marked.cannot_mark) == (True, False)
    assert not handover_run.done(marked, unmark, accepted=True).marked
    assert handover_run.done(run, mark, accepted=False).cannot_mark
    other = Meet(pod="a", peer="b", address="c", port=1, bus_port=2, why="")
    assert handover_run.done(run, other, accepted=True) == run


def test_it_looks_at_owners_of_slots_at_its_own_replicas_and_at_its_primary() -> None:
    lines = [*build.all_lines(0), build.line(6, "slave,fail", "n0"), build.line(7, "handshake")]
    assert ids(handing.own(0, lines)) == {"n1", "n2", "n3"}
    assert ids(handing.own(3)) == {"n0", "n1", "n2"}
    slotless = [*build.all_lines(9), build.line(6, "slave", "n7"), build.line(7, "master")]
    assert ids(handing.own(6, slotless)) == {"n0", "n1", "n2", "n7"}


def ids(pod: Pod) -> set[str]:
    assert pod.view is not None
    return {member.node_id for member in handover.neighbours(pod.view)}


def test_good_ends_are_those_after_which_the_server_may_stop() -> None:
    assert {one for one in Result if one.good} == {Result.DONE, Result.NOTHING}


def test_nothing_that_is_decided_loses_data() -> None:
    """I3: whatever is seen, no other command than these two."""
    shown: list[Snapshot] = [
        build.snapshot(handing.own(0, mark=mark), handing.own(1), handing.own(2), replica)
        for mark in (False, True)
        for replica in (
            handing.own(3),
            handing.SYNCING,
            handing.cannot_mark(3),
            handing.own(3, handing.TURNED),
        )
    ]
    for snapshot in shown:
        found = handover.decide(snapshot, build.topology(0), handing.BEGUN)
        kinds = found.actions if isinstance(found, Step) else ()
        assert all(isinstance(one, (ConfigSet, Failover)) for one in kinds)
