"""No plan, and no step of a hand-over, would end a server that cannot write its nodes.conf."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model import leaving_mark
from bootstrap.model.actions import (
    Action,
    AddSlots,
    ConfigSet,
    Failover,
    Forget,
    Meet,
    ReloadCertificates,
    Replicate,
    SetConfigEpoch,
    SetPeersPassword,
)
from bootstrap.model.snapshot import Disk, Pod, Scope, Snapshot, Trouble
from bootstrap.plan import handover, handover_run, unwritable
from bootstrap.plan.facts import Facts
from bootstrap.plan.handover_run import Result, Run
from bootstrap.plan.verdict import Phase, Plan, Step
from tests.core import build, handing

FULL = Disk(free=4096)
SAVED = (
    ConfigSet(pod="redis-app-0", settings=((leaving_mark.NAME, "a"),), why=""),
    ConfigSet(pod="redis-app-0", settings=(("cluster-announce-ip", "10.0.0.1"),), why=""),
    SetConfigEpoch(pod="redis-app-0", epoch=1, why=""),
    AddSlots(pod="redis-app-0", ranges=((0, 1),), why=""),
    Meet(pod="redis-app-0", peer="redis-app-1", address="a", port=1, bus_port=2, why=""),
    Meet(pod="redis-app-1", peer="redis-app-0", address="a", port=1, bus_port=2, why=""),
    Replicate(pod="redis-app-0", primary="redis-app-1", primary_id="n1", why=""),
    Forget(pod="redis-app-0", ghost="g", node_id="g", why=""),
    Failover(pod="redis-app-0", primary="redis-app-1", why=""),
)
UNSAVED = (
    ConfigSet(pod="redis-app-0", settings=(("cluster-node-timeout", "15000"),), why=""),
    SetPeersPassword(pod="redis-app-0", why=""),
    ReloadCertificates(pod="redis-app-0", path="/tls/tls.crt", why=""),
    Failover(pod="redis-app-1", primary="redis-app-0", why=""),
)


def seen(*, disk: Disk | None = FULL) -> Snapshot:
    found = build.snapshot(build.own(0, build.all_lines(0), ok=True))
    return dataclasses.replace(found, disk=disk)


def planned(plan: Plan, disk: Disk | None = FULL) -> Plan:
    return unwritable.guarded(Facts(seen(disk=disk), build.topology(0)), plan)


@pytest.mark.parametrize("action", SAVED, ids=lambda one: type(one).__name__)
def test_what_is_saved_is_not_sent_to_a_server_that_cannot_save(action: Action) -> None:
    plan = Plan(phase=Phase.HEAL, steps=(Step(actions=(action,), until="it is done"),))
    found = planned(plan)
    assert (found.steps, found.phase, found.reached) == ((), Phase.WAITING, False)
    (wait,) = found.waiting
    assert (wait.pod, "4 KiB left" in wait.what) == ("redis-app-0", True)
    assert planned(plan, Disk(free=1 << 20)) == plan
    assert planned(plan, None) == plan


@pytest.mark.parametrize("action", UNSAVED, ids=lambda one: type(one).__name__)
def test_what_is_only_kept_in_memory_is_sent(action: Action) -> None:
    plan = Plan(phase=Phase.HEAL, steps=(Step(actions=(action,), until="it is done"),))
    assert planned(plan) == plan


def test_behind_what_is_not_sent_only_our_own_settings_are() -> None:
    first, meet, undip = SAVED[0], SAVED[4], UNSAVED[0]
    other = dataclasses.replace(UNSAVED[0], pod="redis-app-1")
    steps = tuple(Step(actions=(one,), until="") for one in (first, meet, undip, other))
    found = planned(Plan(phase=Phase.STEADY, steps=(*steps, Step(actions=(), until="all agree"))))
    assert [step.actions for step in found.steps] == [(undip,)]


def test_each_plan_passes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard the same look has the server end itself: the name is to be set."""
    pod = build.own(0, build.all_lines(0), ok=True, cluster_announce_ip="10.0.0.99")
    look = dataclasses.replace(build.snapshot(pod, scope=Scope.LOCAL), disk=FULL)
    assert planning.plan(look, build.topology(0)).steps == ()
    monkeypatch.setattr(unwritable, "guarded", lambda _scene, plan: plan)
    assert planning.plan(look, build.topology(0)).steps != ()


# The hand-over


def full(look: Snapshot) -> Snapshot:
    return dataclasses.replace(look, disk=FULL)


def decide(*pods: Pod, run: Run = handing.BEGUN) -> Step | handover_run.Ended:
    topology, look = build.topology(0), full(build.snapshot(*pods))
    return handover.decide(look, topology, handover_run.seen(run, look, topology))


def test_a_full_primary_hands_over_without_a_mark() -> None:
    others = [handing.own(1), handing.own(2), handing.own(3)]
    assert handing.sent_to(decide(handing.own(0), *others)) == "redis-app-3"


def test_not_without_a_majority_of_the_others() -> None:
    """Its own vote would be saved, and be its end, before another node counted it."""
    lines = build.all_lines(0)
    lines[2] = build.line(2, "master,fail", slots="10922-16383")
    waits = decide(handing.own(0, lines, ok=False), handing.own(1), handing.own(3))
    assert "a majority of the primaries" in handing.waits(waits)


def test_a_full_replica_is_not_chosen() -> None:
    late = dataclasses.replace(handing.BEGUN, seconds=15.0)
    pods = [handing.own(0, mark=True), handing.own(1), handing.own(2)]
    found = handing.decide(*pods, handing.own(3, writes="aof-failed"), run=late)
    assert "(n3 at 10.0.0.13:6379) would end when it takes over" in handing.ended(
        found, Result.NO_REPLICA
    )


def test_each_step_of_a_hand_over_passes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a rule forgets to ask; and the mark is not taken back from a full server."""
    pods = [handing.own(0), handing.own(1), handing.own(2), handing.own(3)]
    monkeypatch.setattr(handover, "_may_mark", lambda _scene, _run: True)
    assert handing.actions(decide(*pods)) == ()
    marked = build.snapshot(handing.own(0, mark=True))
    assert handover.unmark(marked, build.topology(0)).actions
    assert not handover.unmark(full(marked), build.topology(0)).actions
    monkeypatch.setattr(unwritable, "trimmed", lambda _facts, step: step)
    assert handing.actions(decide(*pods)) != ()


def test_it_is_done_when_the_server_has_ended_and_its_slots_are_another_s() -> None:
    turned = [
        build.line(0, "master"),
        build.line(1, "master", slots="5461-10921"),
        build.line(2, "master", slots="10922-16383"),
        build.line(3, "master", slots="0-5460"),
    ]
    others = [handing.own(ordinal, turned) for ordinal in (1, 2, 3)]
    ended = handing.cannot_mark(0, Trouble.REFUSED)
    found = handing.decide(ended, *others, run=handing.SENT)
    assert "redis-app-3 has taken over" in handing.ended(found, Result.DONE)
    hangs = handing.decide(handing.cannot_mark(0), *others, run=handing.SENT)
    assert "the new primary itself says" in handing.waits(hangs)
