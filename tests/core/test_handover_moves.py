"""A node that is about to stop: what becomes of moves of slots from it, and to it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model.actions import CancelMigrations, ConfigSet
from bootstrap.model.migration import Migration, State, Way
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.wish import Wish
from bootstrap.plan import handover, handover_run
from bootstrap.plan.handover_run import Ended, Result, Run
from bootstrap.plan.verdict import LookFurther, Phase, Step
from tests.core import build, handing
from tests.core.resharding import changed, grown, job, pod, redis, seen
from tests.core.test_moves import planned, waits

LIMIT = 20.0
MARKED = Run(limit=LIMIT, seconds=1.0, marked=True)
CANCELS = CancelMigrations(pod="redis-app-0", way=Way.PUSH, why="redis-app-0 is about to stop")


def leaving(ordinal: int, *moves: Migration, **more: Any) -> Pod:
    """A pod whose node has the mark, and lists these moves."""
    name = f"redis-app-{ordinal}/-/-/4/handover"
    return changed(
        pod(grown(), ordinal, cluster_announce_human_nodename=name, **more), migrations=moves
    )


def decide(
    me: Pod, *, run: Run = MARKED, pull: bool = False, wish: int | None = 4, file: str = ""
) -> Step | Ended:
    """What our pod does next, by a look at all pods; with `pull` all servers are redis 8.10."""
    pods = [me if n == me.ordinal else pod(grown(), n) for n in range(8)]
    topology = build.topology(me.ordinal, wish=Wish(wish) if wish else None, wish_file=file)
    snapshot = build.snapshot(*map(redis, pods) if pull else pods)
    return handover.decide(snapshot, topology, handover_run.seen(run, snapshot, topology))


def test_a_source_that_pushes_cancels_first() -> None:
    assert handing.actions(decide(leaving(0, job()))) == (CANCELS,)
    ended = leaving(0, job(State.CANCELLED))
    assert handing.sent_to(decide(ended)) == "redis-app-3"


def test_a_source_marks_itself_before_it_cancels() -> None:
    """A move that begins meanwhile is seen with the mark, and cancelled too."""
    begun = changed(pod(grown(), 0), migrations=(job(),))
    (action,) = handing.actions(decide(begun))
    assert isinstance(action, ConfigSet)


def test_a_target_that_others_push_to_waits_for_the_source() -> None:
    for me, name in ((1, "n1"), (6, "n6")):
        text = handing.waits(decide(leaving(me, job(target_id=name))))
        assert text == f"no slot moves to redis-app-{me}"


def test_a_target_that_pulls_cancels_first() -> None:
    for me, name in ((1, "n1"), (6, "n6")):
        (action,) = handing.actions(decide(leaving(me, job(target_id=name)), pull=True))
        assert isinstance(action, CancelMigrations)
        assert (action.pod, action.way) == (f"redis-app-{me}", Way.PULL)


def test_a_source_that_others_pull_from_hands_over_at_once() -> None:
    """The server of the target fetches the rest from the new primary."""
    assert handing.sent_to(decide(leaving(0, job()), pull=True)) == "redis-app-3"


def test_a_node_without_slots_marks_itself_where_some_may_move_to_it() -> None:
    marks = decide(pod(grown(), 6))
    (action,) = handing.actions(marks)
    assert isinstance(action, ConfigSet)
    assert action.settings[0][1].endswith("/handover")
    assert "owns no slots" in handing.ended(decide(leaving(6)), Result.NOTHING)
    refused = dataclasses.replace(MARKED, cannot_mark=True)
    handing.ended(decide(pod(grown(), 6), run=refused), Result.NOTHING)


def test_a_new_node_that_knows_no_other_needs_no_mark() -> None:
    topology = build.topology(0, wish=Wish(4))
    handing.ended(handover.decide(build.snapshot(build.own(0)), topology, MARKED), Result.NOTHING)


@pytest.mark.parametrize("me", [0, 6])
def test_without_a_wish_nothing_more_is_sent(me: int) -> None:
    if me == 6:
        handing.ended(decide(pod(grown(), 6), wish=None), Result.NOTHING)
        handing.ended(decide(leaving(6, job()), wish=None), Result.NOTHING)
    else:
        assert handing.sent_to(decide(leaving(0, job()), wish=None)) == "redis-app-3"


def test_a_wish_that_cannot_be_read_now_counts() -> None:
    assert handing.actions(decide(leaving(0, job()), wish=None, file="/wish")) == (CANCELS,)


@pytest.mark.parametrize("me", [0, 1])
def test_it_goes_on_after_half_of_the_time(me: int) -> None:
    moving = leaving(me, job(source_id="n0", target_id="n1"))
    late = dataclasses.replace(MARKED, seconds=LIMIT / 2)
    assert handing.sent_to(decide(moving, run=late)) == f"redis-app-{me + 3}"
    assert not isinstance(decide(moving), Ended)


def test_it_goes_on_where_the_server_refuses_to_cancel() -> None:
    run = handover_run.done(MARKED, CANCELS, accepted=False)
    assert run.cannot_cancel
    assert handing.sent_to(decide(leaving(0, job()), run=run)) == "redis-app-3"
    assert not handover_run.done(MARKED, CANCELS, accepted=True).cannot_cancel


def test_it_goes_on_where_no_node_can_see_that_it_leaves() -> None:
    run = dataclasses.replace(MARKED, cannot_mark=True)
    begun = changed(pod(grown(), 0), migrations=(job(),))
    assert handing.sent_to(decide(begun, run=run)) == "redis-app-3"


def test_a_failover_that_was_sent_is_not_held_back() -> None:
    run = dataclasses.replace(MARKED, sent=("redis-app-3",), sent_at=1.0, seconds=8.0)
    assert handing.sent_to(decide(leaving(0, job()), run=run)) == "redis-app-3"


# The sidecar of the source


def to_leaving(me: int = 0, **more: Any) -> Snapshot:
    source = changed(pod(grown(), 0), migrations=(job(**more),))
    return seen(at={0: source, 6: leaving(6, job(**more))})


def test_the_source_cancels_what_goes_to_a_node_that_leaves() -> None:
    found = planned(to_leaving())
    (action,) = found.steps[0].actions
    assert action == dataclasses.replace(CANCELS, why="redis-app-6 is about to stop")
    assert found.phase is Phase.RESHARD


def test_only_the_source_does() -> None:
    for me in (1, 3, 6):
        assert waits(to_leaving(), me) == "redis-app-6: slots 4096-5460 to come from redis-app-0"


def test_it_looks_at_all_while_something_moves() -> None:
    mine = changed(pod(grown(), 0), migrations=(job(),))
    near = build.snapshot(mine, scope=Scope.LOCAL, wished=to_leaving().wished)
    assert isinstance(planning.decide(near, build.topology(0)), LookFurther)


def test_a_target_that_pulls_goes_on_when_its_source_leaves() -> None:
    """The task follows the failover."""
    moving = job()
    snapshot = seen(at={0: leaving(0, moving), 6: changed(pod(grown(), 6), migrations=(moving,))})
    snapshot = dataclasses.replace(snapshot, pods=tuple(map(redis, snapshot.pods)))
    assert waits(snapshot, 6) == "redis-app-6: slots 4096-5460 to come from redis-app-0"


# The end


def test_slots_that_moved_meanwhile_are_not_missed() -> None:
    """A task that follows the failover may end before the hand-over does."""
    lines = [
        build.line(0, "slave", "n3"),
        build.line(1, slots="5000-10921"),
        build.line(2, slots="10922-16383"),
        build.line(3, slots="0-4999"),
        build.line(4, "slave", "n1"),
        build.line(5, "slave", "n2"),
    ]
    pods = [handing.own(n, lines) for n in range(4)]
    text = handing.ended(handing.decide(*pods, run=handing.SENT), Result.DONE)
    assert text.startswith("redis-app-3 has taken over slots 0-4999;")


def test_a_target_that_got_slots_is_no_successor() -> None:
    lines = [
        build.line(0, "slave", "n3"),
        build.line(1, slots="0-10921"),
        build.line(2, slots="10922-16383"),
        build.line(3),
        build.line(4, "slave", "n1"),
        build.line(5, "slave", "n2"),
    ]
    pods = [handing.own(n, lines) for n in range(4)]
    handing.waits(handing.decide(*pods, run=handing.SENT))
