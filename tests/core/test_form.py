"""What the seed's plan holds beyond what a dry run prints, and what depends on numbers."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model.actions import AddSlots, ConfigSet, Meet, SetConfigEpoch
from bootstrap.model.snapshot import Pod
from bootstrap.plan.verdict import Plan
from tests.core import build

DIP = (("cluster-node-timeout", "499"),)


def blanks(size: int) -> list[Pod]:
    return [build.own(ordinal) for ordinal in range(size)]


def formed(size: int, *, ok: bool, **more: Any) -> list[Pod]:
    """Everybody knows everybody; all are primaries."""
    return [
        build.own(ordinal, build.all_lines(ordinal, size, size), ok=ok, **more)
        for ordinal in range(size)
    ]


def plan(pods: list[Pod], **memory: Any) -> Plan:
    about = build.topology(0, len(pods), replicas_per_shard=0)
    return planning.plan(build.snapshot(*pods, **memory), about)


def test_everybody_is_looked_at_again_right_before_the_first_slot_and_only_then() -> None:
    confirmed = [step.confirm for step in plan(blanks(6)).steps]
    assert confirmed == [True, False, False]
    half = [build.own(0, build.line(0, "myself,master", slots="0-8191")), build.own(1)]
    assert plan(half).steps[0].confirm


def test_no_slot_is_planned_after_a_meeting() -> None:
    kinds = [type(action) for step in plan(blanks(6)).steps for action in step.actions]
    first_meet = kinds.index(Meet)
    assert AddSlots not in kinds[first_meet:]
    assert SetConfigEpoch not in kinds[first_meet:]


def test_later_pods_that_know_each_other_are_told_and_not_formed_beside() -> None:
    later = [
        build.own(6, [build.blank(6), build.line(7)]),
        build.own(7, [build.blank(7), build.line(6)]),
    ]
    found = planning.plan(build.snapshot(*blanks(6), *later), build.topology(0))
    (block,) = found.blocked
    assert (block.code, found.steps) == ("lost-slots", ())
    assert "redis-app-6, redis-app-7 know other nodes" in block.why


def test_epochs_differ() -> None:
    found = [
        action.epoch
        for action in plan(blanks(6)).steps[0].actions
        if isinstance(action, SetConfigEpoch)
    ]
    assert sorted(found) == sorted(set(found))
    assert len(found) == 6
    assert min(found) > 0


@pytest.mark.parametrize(("size", "replicas"), [(6, 1), (7, 1), (9, 2), (3, 0)])
def test_primaries_have_greater_epochs_than_replicas(size: int, replicas: int) -> None:
    """A replica speaks with its primary's epoch, and may never have spoken with a greater one."""
    about = build.topology(0, size, replicas_per_shard=replicas)
    first = planning.plan(build.snapshot(*blanks(size)), about).steps[0].actions
    epochs = {one.pod: one.epoch for one in first if isinstance(one, SetConfigEpoch)}
    primaries = {one.pod for one in first if isinstance(one, AddSlots)}
    assert len(set(epochs.values())) == len(epochs) == size
    least = min(epochs[pod] for pod in primaries)
    assert all(epoch < least for pod, epoch in epochs.items() if pod not in primaries)


def dips(size: int, *, ok: bool = False, fast: bool = True, **memory: Any) -> int:
    timeouts = tuple((f"redis-app-{ordinal}", 15000) for ordinal in range(size))
    about = build.topology(0, size, replicas_per_shard=0, fast_form=fast)
    seen = build.snapshot(*formed(size, ok=ok), node_timeouts=timeouts, **memory)
    found = planning.plan(seen, about).steps
    return sum(
        isinstance(action, ConfigSet) and action.settings == DIP
        for step in found
        for action in step.actions
    )


@pytest.mark.parametrize(("size", "expected"), [(3, 3), (24, 24), (25, 0), (60, 0)])
def test_a_dip_is_for_few_pods(size: int, expected: int) -> None:
    assert dips(size) == expected


def test_a_dip_is_for_those_who_wait_and_not_for_long() -> None:
    assert dips(3, ok=True) == 0
    assert dips(3, fast=False) == 0
    assert dips(3, dipped=1.9) == 3
    assert dips(3, dipped=2.0) == 0


def test_a_dip_needs_all_slots_seen() -> None:
    lines = build.all_lines(0, 3, 3)
    unseen = [lines[0], lines[1], build.line(2)]
    timeouts = tuple((f"redis-app-{ordinal}", 15000) for ordinal in range(3))
    pods = [build.own(0, unseen), *formed(3, ok=False)[1:]]
    found = plan(pods, node_timeouts=timeouts)
    has_low_node_timeout = [
        action.pod for action in found.steps[0].actions if isinstance(action, ConfigSet)
    ]
    assert has_low_node_timeout == ["redis-app-1", "redis-app-2"]


def test_a_dipped_node_is_not_dipped_again() -> None:
    pods = formed(3, ok=False, cluster_node_timeout="499")
    timeouts = tuple((f"redis-app-{ordinal}", 15000) for ordinal in range(3))
    found = plan(pods, node_timeouts=timeouts, dipped=1.0)
    assert found.steps
    assert not any(step.actions for step in found.steps)


def test_nothing_is_calmed_while_somebody_is_not_there_yet() -> None:
    pods = formed(3, ok=True, cluster_ping_interval="100")
    pods[2] = build.own(2, build.all_lines(2, 3, 3), cluster_ping_interval="100")
    found = plan(pods)
    assert found.steps[0].until == "every node says cluster_state:ok"
    assert not found.steps[0].actions
