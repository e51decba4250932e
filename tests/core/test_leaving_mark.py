"""The mark of a hand-over: who sees it, who leaves it alone, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import leaving_mark
from bootstrap.model.actions import ConfigSet
from bootstrap.model.snapshot import Pod, Scope
from tests.core import build

PLAIN = "redis-app-0/host-a/zone-1"


@pytest.mark.parametrize(
    ("name", "is_mark"),
    [
        (leaving_mark.mark(PLAIN), True),
        (PLAIN, False),
        ("", False),
        ("redis-app-0/-/handover", False),
        (f"{PLAIN}/handover/", False),
        (f"{PLAIN}/else", False),
        (f"{PLAIN}/4/handover", True),
        (f"{PLAIN}/4", False),
        (f"{PLAIN}/4/", False),
    ],
)
def test_the_mark_is_the_last_part_of_the_name(name: str, is_mark: bool) -> None:
    view = build.view(build.all_lines(0), cluster_announce_human_nodename=name)
    assert leaving_mark.marked(view) is leaving_mark.is_mark(name) is is_mark


def test_a_server_without_a_name_bears_none() -> None:
    assert not leaving_mark.marked(build.view(build.all_lines(0), server="redis-7.0"))


def own(ordinal: int, name: str) -> Pod:
    return build.own(
        ordinal,
        build.all_lines(ordinal),
        ok=True,
        link=True,
        follows=build.address(ordinal % 3),
        cluster_announce_human_nodename=name,
    )


def renamed(ordinal: int, name: str, seconds: float, **more: Any) -> tuple[str, ...]:
    """The human names that the loop's plan gives our own node."""
    snapshot = build.snapshot(own(ordinal, name), scope=Scope.LOCAL, leaving=seconds)
    plan = planning.plan(snapshot, build.topology(ordinal, **more))
    return tuple(
        value
        for step in plan.steps
        for action in step.actions
        if isinstance(action, ConfigSet)
        for setting, value in action.settings
        if setting == leaving_mark.NAME
    )


@pytest.mark.parametrize(
    ("ordinal", "seconds", "taken_back"),
    [(0, 0.0, False), (0, 19.9, False), (0, 20.0, True), (3, 59.9, False), (3, 60.0, True)],
    ids=["primary", "primary, still", "primary, left behind", "replica", "replica, long ago"],
)
def test_the_loop_leaves_the_mark_alone_for_its_time(
    ordinal: int, seconds: float, taken_back: bool
) -> None:
    plain = f"redis-app-{ordinal}/-/-"
    expected = (plain,) if taken_back else ()
    assert renamed(ordinal, leaving_mark.mark(plain), seconds) == expected


def test_the_time_follows_the_time_out() -> None:
    assert renamed(0, "redis-app-0/-/-/handover", 5.0, handover_timeout=5.0)


@pytest.mark.parametrize(
    ("timeout", "seconds", "taken_back"),
    [(5.0, 59.9, False), (5.0, 60.0, True), (30.0, 89.9, False), (30.0, 90.0, True)],
)
def test_a_role_is_not_given_back_for_a_minute_at_least(
    timeout: float, seconds: float, taken_back: bool
) -> None:
    found = renamed(3, "redis-app-3/-/-/handover", seconds, handover_timeout=timeout)
    assert bool(found) is taken_back


def test_only_its_own_mark_is_left_alone() -> None:
    """Somebody else's name, or one of another host, is written anew."""
    assert renamed(0, "redis-app-0/host-b/-/handover", 0.0) == ("redis-app-0/-/-",)


def test_a_person_is_told() -> None:
    name = "redis-app-0/-/-/handover"
    snapshot = build.snapshot(own(0, name), scope=Scope.LOCAL, leaving=1.0)
    plan = planning.plan(snapshot, build.topology(0))
    assert plan.reached
    assert any("asked to hand over" in note for note in plan.notes)
