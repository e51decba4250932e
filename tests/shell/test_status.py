"""When a pod is ready, and what it says when it is not."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import status
from bootstrap.core.model import Unreachable, View
from bootstrap.core.plan.outcome import Block, Phase, Plan, Wait
from tests.shell import seen

BLOCK = Block(code="stranger", why="who is that", fix="look")


@pytest.mark.parametrize(
    ("plan", "node", "expected"),
    [
        (seen.STEADY, seen.view(), (True, "ready")),
        (seen.STEADY, seen.view(replica=True), (True, "ready")),
        # What is only waited for does not hold clients off.
        (
            Plan(phase=Phase.WAITING, waiting=(Wait(pod="a", what="b"),)),
            seen.view(),
            (True, "ready"),
        ),
        (Plan(phase=Phase.HEAL), seen.view(), (True, "ready")),
        (
            seen.STEADY,
            seen.view(replica=True, link=False),
            (False, "the link to the primary is down"),
        ),
        (Plan(phase=Phase.FORM), seen.view(ok=False), (False, "form: cluster_state is not ok")),
        (
            Plan(phase=Phase.JOIN),
            seen.view(slots=False),
            (False, "join: a primary without slots has no role yet"),
        ),
        (
            Plan(phase=Phase.BLOCKED, blocked=(BLOCK,)),
            seen.view(),
            (False, "blocked, stranger: who is that"),
        ),
        (
            Plan(
                phase=Phase.WAITING,
                waiting=(Wait(pod="app-0", what="Redis"), Wait(pod="app-1", what="DNS")),
            ),
            seen.REFUSED,
            (False, "app-0: Redis; app-1: DNS"),
        ),
        (Plan(phase=Phase.WAITING), None, (False, "no view")),
    ],
)
def test_ready_or_why_not(plan: Plan, node: View | Unreachable | None, expected: object) -> None:
    assert seen.seen(plan, node).ready == expected


def test_before_the_first_look_nothing_is_ready() -> None:
    assert status.Status().ready == (False, "nothing has been looked at yet")


def test_a_snapshot_without_our_own_pod_is_not_ready() -> None:
    one = seen.seen(seen.STEADY, seen.view())
    assert one.snapshot is not None
    assert one.topology is not None
    other = status.Status(
        tick=1,
        topology=dataclasses.replace(one.topology, ordinal=5),
        snapshot=one.snapshot,
        plan=one.plan,
    )
    assert other.ready == (False, "no view")
