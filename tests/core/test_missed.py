"""Nodes that are down: what passes by itself, and what does not."""

from __future__ import annotations

import dataclasses
from typing import Any

from bootstrap import plan as planning
from bootstrap.model.directory import Name
from bootstrap.model.sidecar_report import SidecarReport
from bootstrap.model.snapshot import Pod, Scope, Trouble
from bootstrap.model.timers import Timers
from bootstrap.plan.facts import Facts
from bootstrap.show import headline, shards
from tests.core import build


def lines(ordinal: int, *failed: int) -> list[str]:
    """All nodes as one of them sees them, some of them failed."""
    return [
        line.replace("master", "master,fail").replace("slave", "slave,fail")
        if any(line.startswith(f"n{one} ") for one in failed)
        else line
        for line in build.all_lines(ordinal)
    ]


def told(
    *down: int, ok: bool = True, me: int = 5, reports: tuple[SidecarReport, ...] = (), **more: Any
) -> str:
    """The first line where these pods are away."""
    trouble: Trouble | None = more.pop("trouble", None)
    pods: list[Pod] = []
    for one in range(6):
        if one not in down:
            pods.append(build.own(one, lines(one, *down), ok=ok, link=True))
        elif trouble is None:
            pods.append(build.pod(one, resolved=Name(state="absent", reason="NXDOMAIN")))
        else:
            pods.append(build.pod(one, trouble.value))
    seen = dataclasses.replace(build.snapshot(*pods, scope=Scope.ALL, **more), reports=reports)
    topology = build.topology(me)
    plan = planning.plan(seen, topology)
    cluster = shards.cluster(seen, topology)
    return headline.headline(Facts(seen, topology), plan, cluster).text


def test_a_replica_that_is_down_for_a_moment_is_waited_for() -> None:
    """As in a roll, though the others take it for failed: for how long the sidecar has seen."""
    assert told(4, unwell=8.0).startswith("WAIT pod-down: redis-app-4 is down; it passes by itself")
    assert told(4, unwell=31.0).startswith("ACT pod-down: redis-app-4 is down. ")


def test_a_single_look_does_not_know_for_how_long() -> None:
    assert told(4, glance=True).startswith("ACT pod-down")
    mine = SidecarReport(pod="redis-app-5", verdict="WAIT", memory=Timers())
    assert told(4, glance=True, reports=(mine,)).startswith("WAIT pod-down")


def test_a_server_that_says_why_it_is_out_is_not_waited_for() -> None:
    assert told(4, trouble=Trouble.REFUSED).startswith("WAIT pod-down")
    assert told(4, trouble=Trouble.NOT_CLUSTER).startswith("ACT pod-down")


def test_without_most_primaries_no_election_is_promised() -> None:
    found = told(0, 1, ok=False)
    assert found.startswith(
        "ACT pod-down: redis-app-0 and redis-app-1 are down: 2 of 3 primaries, so no majority is"
        " left, and without one no replica is elected. No replica takes over before 1 of them is"
        " back. "
    )
    assert "before 2 of them are back" in told(0, 1, 2, ok=False)
    assert "; a replica is about to take over; it passes by itself" in told(0, ok=False)


def test_servers_that_start_are_waited_for_even_then() -> None:
    starting = told(0, 1, ok=False, trouble=Trouble.REFUSED)
    assert starting.startswith("WAIT pod-down")
    assert "no majority" in starting
    assert told(0, 1, ok=False, trouble=Trouble.REFUSED, unwell=31.0).startswith("ACT pod-down")


def test_a_shard_that_is_away_whole_is_not_waited_for() -> None:
    """Most primaries are there, and no replica of it is."""
    assert told(1, 4).startswith("ACT pod-down: redis-app-1 and redis-app-4 are down. ")
