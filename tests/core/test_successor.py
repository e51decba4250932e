"""Who takes a role over: the best of those who are fit, and nobody else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.plan.handover import PATIENCE
from bootstrap.plan.handover_run import Ended, Result
from bootstrap.plan.verdict import Step
from tests.core import build, handing


def trio(**more: dict[str, Any]) -> Step | Ended:
    """Our primary with the replicas 3, 4 and 5; `r4={...}` says how one of them is."""
    lines = [build.line(0, "master", slots="0-16383")]
    lines += [build.line(one, "slave", "n0") for one in (3, 4, 5)]
    pods = [handing.own(one, lines, **more.get(f"r{one}", {})) for one in (3, 4, 5)]
    me = handing.own(0, lines, mark=True, **more.get("r0", {}))
    run = more.get("run", {})
    return handing.decide(
        me, *pods, run=dataclasses.replace(handing.BEGUN, **run), host="a", zone="z"
    )


@pytest.mark.parametrize(
    ("given", "best"),
    [
        ({}, 3),
        ({"r3": {"link": False}}, 4),
        ({"r3": {"mark": True}}, 4),
        ({"r3": {"offset": 1000 - 64 * 1024}}, 4),
        ({"r3": {"offset": 1001 - 64 * 1024}}, 3),
        ({"r3": {"offset": 2000}, "r4": {"offset": 9000}}, 3),
        ({"r3": {"place": "a/y"}}, 4),
        ({"r3": {"place": "b/z"}}, 4),
        ({"r3": {"place": "a/y"}, "r4": {"place": "b/z"}, "r5": {"place": "b/z"}}, 4),
        ({"r3": {"place": "a/z"}, "r4": {"offset": 1000 - 64 * 1024}, "r5": {"link": False}}, 3),
        ({"run": {"sent": ("redis-app-3",), "seconds": 9.0}}, 4),
        ({"run": {"sent": ("redis-app-3", "redis-app-4", "redis-app-5"), "seconds": 9.0}}, 3),
    ],
    ids=[
        "the least ordinal",
        "not whose link is down",
        "not who is leaving",
        "not who lacks much",
        "what was written meanwhile does not decide",
        "nor does what came after our own answer",
        "another host",
        "another zone",
        "another host before another zone",
        "what is lacking before the host",
        "not who was told in vain",
        "but again when all were",
    ],
)
def test_the_best_replica(given: dict[str, Any], best: int) -> None:
    assert handing.sent_to(trio(**given)) == f"redis-app-{best}"


ELSEWHERE = handing.own(3, [*build.all_lines(9)[:3], build.line(3, "slave", "n1")])
ASTRAY = handing.own(3, follows=build.address(1), server="redis-8.2")


@pytest.mark.parametrize(
    ("replica", "line", "text"),
    [
        (handing.SYNCING, build.line(3, "slave", "n0"), "its link is down"),
        (ELSEWHERE, build.line(3, "slave", "n0"), "does not say that it follows us"),
        (ASTRAY, build.line(3, "slave", "n0"), "copies from 10.0.0.11, where we are not"),
        (handing.own(3), build.line(3, "slave,fail?", "n0"), "seems to fail"),
        (handing.cannot_mark(3, Trouble.LOADING), build.line(3, "slave", "n0"), "it is loading"),
    ],
)
def test_who_may_be_fit_soon_is_waited_for(replica: Pod, line: str, text: str) -> None:
    found = handing.waits(handing.with_replica(replica, n3=line, seconds=handing.LATE))
    assert found.startswith("a replica is fit to take over: redis-app-3")
    assert text in found


STRANGER = "n3 10.0.0.13:6379@16379,db-0.elsewhere slave n0 0 0 4 connected"
#: As `neighbours` looks at it: by its id, under the name that it bears.
ELSEWHERE = dataclasses.replace(
    handing.own(3, cluster_announce_hostname="db-0.elsewhere"), hostname="db-0.elsewhere"
)
NAMELESS = "n3 10.0.0.13:6379@16379 slave n0 0 0 4 connected"


@pytest.mark.parametrize(
    ("replica", "line", "text"),
    [
        (handing.cannot_mark(3), build.line(3, "slave", "n0"), "it is timeout"),
        (handing.own(3, mark=True), build.line(3, "slave", "n0"), "is leaving too"),
        (ELSEWHERE, STRANGER, "is not of our StatefulSet"),
        (handing.own(5), build.line(3, "slave", "n0"), "not looked at"),
        (handing.cannot_mark(4), NAMELESS, "not looked at"),
    ],
)
def test_who_does_not_answer_is_waited_for_a_little(replica: Pod, line: str, text: str) -> None:
    assert text in handing.waits(handing.with_replica(replica, n3=line))
    found = handing.ended(
        handing.with_replica(replica, n3=line, seconds=PATIENCE), Result.NO_REPLICA
    )
    assert found.startswith("no replica is fit to take over: ")
    assert text in found


@pytest.mark.parametrize("flags", ["slave,fail", "slave,noaddr"])
def test_without_a_living_replica_it_ends_at_once(flags: str) -> None:
    found = handing.with_replica(handing.cannot_mark(3), n3=build.line(3, flags, "n0"), seconds=0.0)
    assert handing.ended(found, Result.NO_REPLICA) == "redis-app-0 has no replica that lives"


def test_nobody_is_told_without_a_majority_to_agree() -> None:
    lines = build.all_lines(0)
    lines[1] = lines[1].replace("master", "master,fail")
    one_down = handing.decide(
        handing.own(0, lines, mark=True, ok=False), handing.own(2), handing.own(3)
    )
    assert handing.sent_to(one_down) == "redis-app-3"
    lines[2] = lines[2].replace("master", "master,fail?")
    two_down = handing.decide(handing.own(0, lines, mark=True, ok=False), handing.own(3))
    assert handing.waits(two_down) == "a majority of the primaries is there to agree"


def test_half_of_the_primaries_is_no_majority() -> None:
    lines = [build.line(0, slots="0-4095"), build.line(1, slots="4096-8191")]
    lines += [build.line(2, "master,fail", slots="8192-12287")]
    lines += [build.line(4, "master,fail", slots="12288-16383"), build.line(3, "slave", "n0")]
    found = handing.decide(
        handing.own(0, lines, mark=True, ok=False), handing.own(3, lines, ok=False)
    )
    assert handing.waits(found) == "a majority of the primaries is there to agree"


def test_another_node_in_the_pod_of_our_replica_is_not_told() -> None:
    """Whatever its name says: its id is not the one that follows us."""
    newcomer = [*build.all_lines(9)[:3], build.line(3, "slave", "n0").replace("n3", "n9")]
    pod = handing.own(3, [newcomer[3].replace("slave", "myself,slave"), *newcomer[:3]])
    assert pod.view is not None
    assert pod.view.node_id == "n9"
    assert "not looked at" in handing.waits(handing.with_replica(pod))


def test_an_unreachable_node_is_never_told() -> None:
    gone = Unreachable(trouble=Trouble.REFUSED, reason="another node answers")
    pod = dataclasses.replace(handing.own(3), node=gone)
    assert handing.waits(handing.with_replica(pod)).endswith("another node answers")
