"""When a pod is ready, and what it says when it is not."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model import directory
from bootstrap.model.snapshot import Pod, Scope, Unreachable
from bootstrap.model.view import Member, View
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Block, Phase, Plan, Wait
from bootstrap.show import board
from tests.shell import seen

BLOCK = Block(code=Code.STRANGER, why="who is that", fix="look")
LOST = Block(code=Code.LOST_SLOTS, why="slots 1-2", fix="look", serves=True)


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
        # What others can serve with is for our own node the reason, where it cannot.
        (
            Plan(phase=Phase.BLOCKED, blocked=(LOST,)),
            seen.view(ok=False),
            (False, "blocked, lost-slots: slots 1-2"),
        ),
        (
            Plan(phase=Phase.BLOCKED, blocked=(LOST,)),
            seen.view(slots=False),
            (False, "blocked, lost-slots: slots 1-2"),
        ),
        (Plan(phase=Phase.BLOCKED, blocked=(LOST,)), seen.view(), (True, "ready")),
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
    assert board.Status().ready == (False, "nothing has been looked at yet")


def test_a_snapshot_without_our_own_pod_is_not_ready() -> None:
    one = seen.seen(seen.STEADY, seen.view())
    assert one.snapshot is not None
    assert one.topology is not None
    other = board.Status(
        tick=1,
        topology=dataclasses.replace(one.topology, ordinal=5),
        snapshot=one.snapshot,
        plan=one.plan,
    )
    assert other.ready == (False, "no view")


def test_a_replica_that_copies_from_another_than_its_primary_is_not_ready() -> None:
    """A link asks for no id: it may be up with whoever has the primary's old address."""
    wrong_primary = dataclasses.replace(seen.view(replica=True), primary_host="192.0.2.9")
    why = "it copies from 192.0.2.9, where its primary is not"
    assert seen.seen(seen.STEADY, wrong_primary).ready == (False, why)


YOUNG = "cluster_state is ok, but most peers are not where our node looks yet"


def started(*, uptime: int = 5, owners: int = 3) -> View:
    """A node that has just started, and knows its siblings by the past."""
    mine = seen.view()
    others = tuple(
        Member(
            node_id=str(number) * 40,
            address=f"192.0.2.{number}",
            port=6379,
            bus_port=16379,
            flags=frozenset({"master"}),
            slots=((number, number),),
        )
        for number in range(2, owners + 1)
    )
    members = (*mine.members, *others)
    return dataclasses.replace(mine, members=members, uptime=uptime, run_id="second")


def after(before: board.Status, node: View | Unreachable, *others: Pod) -> board.Status:
    """The status after one more look."""
    found = seen.seen(seen.STEADY, node)
    assert found.snapshot is not None
    assert found.topology is not None
    pods = (*found.snapshot.pods, *others)
    snapshot = dataclasses.replace(found.snapshot, pods=pods, scope=Scope.ALL)
    return before.then(found.topology, snapshot, seen.STEADY)


def peer() -> Pod:
    """One that is where `started` believes it."""
    view = started()
    said = dataclasses.replace(view, node_id="2" * 40)
    return Pod(
        name="app-1",
        ordinal=1,
        hostname=seen.TOPOLOGY.hostname_of(1),
        resolved=directory.Name(state="found"),
        address="192.0.2.2",
        node=said,
    )


def test_who_has_started_is_not_ready_before_its_siblings_are_found() -> None:
    before = dataclasses.replace(board.Status(), believed_run="first")
    alone = after(before, started())
    assert alone.ready == (False, YOUNG)
    found = after(alone, started(), peer())
    assert found.ready == (True, "ready")
    # Whoever moves later, and while its own server is away for a moment.
    assert after(found, started()).ready == (True, "ready")
    assert after(after(found, seen.REFUSED), started()).ready == (True, "ready")


def test_nobody_is_held_up_for_longer_than_its_server_needs_to_know() -> None:
    before = dataclasses.replace(board.Status(), believed_run="first")
    assert after(before, started(uptime=29)).ready == (False, YOUNG)
    assert after(before, started(uptime=30)).ready == (True, "ready")


def test_a_node_without_a_past_waits_for_nobody() -> None:
    new = after(board.Status(), dataclasses.replace(started(), members=seen.view().members))
    assert new.believed_run == "second"
    assert after(new, started()).ready == (True, "ready")
