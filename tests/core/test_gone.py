"""Nodes of pods that were scaled away: when they are forgotten, and the last door for it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import todo
from bootstrap.model.actions import Forget
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.timers import Timers
from bootstrap.model.wish import UNSTATED, Wish, Wished
from bootstrap.plan import safety
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Phase, Plan, Step
from bootstrap.show import headline
from bootstrap.show.cause import Verdict
from tests.core import build
from tests.core.resharding import pod, seen

DENIED = Name(state="absent", denied=True, reason="NXDOMAIN from 10.96.0.10:53")
UNLISTED = Name(state="absent", reason="not listed by 10.96.0.10:53")
FAILED = Name(state="unknown", reason="SERVFAIL from 10.96.0.10:53")
FOUND = Name(state="found", addresses=("10.0.0.10",))
FORGET = Forget(pod="redis-app-0", ghost="", node_id="n6", why="")
FOLLOWER = Forget(pod="redis-app-0", ghost="", node_id="n7", why="")


def lines(*more: str, six: str = "master,fail", seven: str = "slave,fail") -> list[str]:
    """Three shards. Pods 6 and 7 stood empty, and have failed."""
    return [*build.all_lines(-1), build.line(6, six), build.line(7, seven, "n6"), *more]


def left(some: list[str] | None = None, /, **more: Any) -> Snapshot:
    """A look at all pods; 6 and 7 were scaled away, and DNS has said so for a minute."""
    all_lines = some or lines()
    names: dict[int, Name] = {6: DENIED, 7: DENIED} | more.pop("names", {})
    at: dict[int, Pod] = {one: build.pod(one, resolved=name) for one, name in names.items()}
    at |= more.pop("at", {})
    seconds = more.pop("seconds", 60.0)
    absent = dict.fromkeys((6, 7), seconds) | more.pop("absent", {})
    service = more.pop("service", FOUND)
    wish = more.pop("wish", 3)
    timers = Timers(absent=tuple((f"redis-app-{one}", said) for one, said in absent.items()))
    found = seen(all_lines, wish=wish, at=at)
    return dataclasses.replace(found, timers=timers, service=service, **more)


def planned(snapshot: Snapshot, me: int = 0) -> Plan:
    found = planning.decide(snapshot, build.topology(me))
    assert isinstance(found, Plan), found
    return found


def forgotten(snapshot: Snapshot, me: int = 0) -> list[str]:
    """Ids of the nodes that the plan forgets first."""
    acts = [action for step in planned(snapshot, me).steps[:1] for action in step.actions]
    return [action.node_id for action in acts if isinstance(action, Forget)]


def refused(snapshot: Snapshot, action: Forget = FORGET) -> str:
    """What the last door says of forgetting a node."""
    facts = Facts(snapshot, build.topology(0))
    return "; ".join(safety.violations(facts, Step(actions=(action,), until="it is so")))


@pytest.mark.parametrize("me", [0, 3])
def test_each_forgets_both_after_a_minute(me: int) -> None:
    assert forgotten(left(), me) == ["n6", "n7"]
    assert planned(left(), me).phase is Phase.HEAL


def test_until_then_it_waits() -> None:
    snapshot = left(seconds=59.9)
    found = planned(snapshot)
    assert (found.steps, found.look, found.phase) == ((), Scope.ALL, Phase.WAITING)
    (wait,) = found.waiting
    assert wait.text.startswith("redis-app-6, redis-app-7 to be denied by DNS for 60 s")
    one = planned(left(seconds=59.9, names={6: FAILED}))
    assert one.waiting[0].text.endswith("then its node is forgotten")
    cause = headline.headline(Facts(snapshot, build.topology(0)), found).cause
    assert cause is not None
    assert (cause.verdict, cause.code) == (Verdict.WAIT, "waiting")
    assert "no pod has proven to be another node" in refused(snapshot)


@pytest.mark.parametrize("name", [FAILED, UNLISTED, FOUND])
def test_only_a_denial_counts(name: Name) -> None:
    assert forgotten(left(names={6: name, 7: name})) == []
    assert "no pod has proven to be another node" in refused(left(names={6: name}))


@pytest.mark.parametrize("service", [None, FAILED, DENIED])
def test_the_service_has_to_be_there(service: Name | None) -> None:
    assert forgotten(left(service=service)) == []
    assert "no pod has proven to be another node" in refused(left(service=service))


def test_a_node_that_has_not_failed_for_most_is_kept() -> None:
    some = lines(six="master,fail?", seven="slave,fail?")
    assert forgotten(left(some)) == []
    assert "our node does not count it as gone" in refused(left(some))


def test_one_that_owns_slots_is_kept_and_so_is_its_replica() -> None:
    some = lines()
    some[2] = build.line(2, slots="10922-16000")
    some[6] = build.line(6, "master,fail", slots="16001-16383")
    assert forgotten(left(some)) == []
    assert "says that it owns slots" in refused(left(some))
    assert "it is a copy of an owner of slots that was not seen" in refused(left(some), FOLLOWER)


def test_one_that_a_node_follows_that_stays_is_kept() -> None:
    some = lines()
    some[5] = build.line(5, "slave", "n6")
    assert "n6" not in forgotten(left(some))
    assert "says that a node follows it" in refused(left(some))


def test_one_that_another_leaver_follows_goes_with_it() -> None:
    assert refused(left()) == ""
    assert refused(left(), FOLLOWER) == ""
    # Not if that one may come back.
    assert "says that a node follows it" in refused(left(names={7: FAILED}))
    assert forgotten(left(names={7: FAILED})) == []


@pytest.mark.parametrize("shown", ["4", ""])
def test_all_have_to_show_the_wish(shown: str) -> None:
    all_lines = lines()
    snapshot = left(at={5: pod(all_lines, 5, shown)})
    assert forgotten(snapshot) == []
    assert "no pod has proven to be another node" in refused(snapshot)


def test_a_node_that_was_not_seen_may_show_another_wish() -> None:
    snapshot = left(at={5: build.pod(5, "refused")})
    assert forgotten(snapshot) == []
    assert "no pod has proven to be another node" in refused(snapshot)


@pytest.mark.parametrize("wish", [4, None])
def test_a_pod_that_the_wish_needs_is_not_forgotten(wish: int | None) -> None:
    assert forgotten(left(wish=wish)) == []
    assert "no pod has proven to be another node" in refused(left(wish=wish))
    without = left(wished=UNSTATED)
    assert forgotten(without) == []
    assert "no pod has proven to be another node" in refused(without)


def test_a_pod_that_answers_is_not_forgotten() -> None:
    back = build.pod(6, "refused", resolved=DENIED)
    assert forgotten(left(at={6: back})) == ["n7"]
    assert "no pod has proven to be another node" in refused(left(at={6: back}))


def test_a_pod_that_was_not_looked_at_is_not_forgotten() -> None:
    snapshot = left()
    fewer = dataclasses.replace(snapshot, pods=snapshot.pods[:6])
    assert forgotten(fewer) == []
    assert "no pod has proven to be another node" in refused(fewer)
    own = build.snapshot(snapshot.pods[0], scope=Scope.LOCAL, wished=Wished(wish=Wish(3)))
    assert "not all pods were looked at" in refused(own)


def test_a_node_without_a_name_is_not_one_of_them() -> None:
    nameless = build.line(6, "master,fail").replace(f",{build.hostname(6)}", "")
    some = [*lines()[:6], nameless, lines()[7]]
    assert forgotten(left(some)) == ["n7"]


# Scaled down too early


def early(wish: int) -> Snapshot:
    """Pod 6 owns slots, and is gone with its replica."""
    some = lines()
    for number, ordinal in enumerate((0, 1, 2, 6)):
        span = f"{number * 4096}-{number * 4096 + 4095}"
        some[ordinal] = build.line(ordinal, some[ordinal].split()[2], slots=span)
    found = left(some, wish=wish)
    pods = tuple(
        dataclasses.replace(one, node=dataclasses.replace(one.view, state_ok=False))
        if one.view
        else one
        for one in found.pods
    )
    return dataclasses.replace(found, pods=pods)


def test_fewer_are_wished_too_late() -> None:
    found = planned(early(3))
    assert found.phase is Phase.RESHARD
    wait = next(wait for wait in found.waiting if wait.pod == "redis-app-6")
    assert "it owns slots 12288-16383, and DNS says that it does not exist" in wait.what
    assert "--replicas=8" in todo.line(wait.fix)
    assert "Then wish for fewer shards" in todo.line(wait.fix)


def test_and_an_owner_that_is_only_down_is_waited_for() -> None:
    snapshot = early(3)
    down = dataclasses.replace(snapshot.pods[6], node=build.pod(6, "refused").node)
    found = planned(
        dataclasses.replace(snapshot, pods=(*snapshot.pods[:6], down, snapshot.pods[7]))
    )
    wait = next(wait for wait in found.waiting if wait.pod == "redis-app-6")
    assert (wait.what, wait.fix) == ("an answer of its server, which owns slots", "")


def test_all_are_still_wished() -> None:
    """The owners are as many as are wished, so none is about to give its slots away."""
    snapshot, topology = early(4), build.topology(0)
    found = planned(snapshot)
    wait = next(wait for wait in found.waiting if "to come back" in wait.what)
    assert "Then wish for fewer shards" in todo.line(wait.fix)
    cause = headline.headline(Facts(snapshot, topology), found).cause
    assert cause is not None
    assert (cause.verdict, cause.code) == (Verdict.ACT, "scaled-away")
    assert "Then wish for fewer shards" in todo.line(cause.fix)
