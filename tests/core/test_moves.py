"""Slots move: who moves what, when, and what is said while they do not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import slots, todo
from bootstrap.model.actions import CancelMigrations, ImportSlots, MigrateSlots
from bootstrap.model.directory import Name
from bootstrap.model.migration import Migration, State, Way
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.wish import HOLD, UNSTATED, Wish, Wished
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import LookFurther, Phase, Plan
from bootstrap.show import progress
from tests.core import build, resharding
from tests.core.resharding import GOING, all_redis, changed, grown, job, memory, pod, redis, seen

UNREAD = Wished(fault="it holds nothing")
"""The wish of a sidecar that cannot read it."""


def planned(snapshot: Snapshot, me: int = 0, **more: Any) -> Plan:
    found = planning.decide(snapshot, build.topology(me, **more))
    assert isinstance(found, Plan), found
    return found


def waits(snapshot: Snapshot, me: int = 0, **more: Any) -> str:
    """What the plan of a pod waits for; it sends nothing."""
    found = planned(snapshot, me, **more)
    assert (found.phase, found.steps) == (Phase.RESHARD, ()), found
    return "; ".join(wait.text for wait in found.waiting)


# Who acts


def test_where_servers_push_the_sidecar_of_the_source_acts() -> None:
    (step,) = planned(seen()).steps
    assert step.confirm
    (action,) = step.actions
    assert action == MigrateSlots(
        pod="redis-app-0",
        ranges=GOING,
        target="redis-app-6",
        target_id="n6",
        why="4 shards are wished",
    )


@pytest.mark.parametrize("me", [1, 2, 3, 5, 6, 7])
def test_all_others_wait_for_it(me: int) -> None:
    assert waits(seen(), me) == "redis-app-0: its sidecar to move slots 4096-5460"


def test_where_servers_pull_the_sidecar_of_the_target_acts() -> None:
    (step,) = planned(all_redis(seen()), 6).steps
    (action,) = step.actions
    assert action == ImportSlots(
        pod="redis-app-6", ranges=GOING, source="redis-app-0", why="4 shards are wished"
    )
    assert waits(all_redis(seen()), 0).startswith("redis-app-6: its sidecar to move")


@pytest.mark.parametrize("me", [6])
def test_a_seat_is_ready_while_it_waits(me: int) -> None:
    assert planned(seen(), me).seat
    assert planned(all_redis(seen()), me).seat
    assert not planned(seen(), 0).seat


# Nothing to do


@pytest.mark.parametrize("me", range(6))
def test_a_wish_that_is_met_needs_no_look_at_others(me: int) -> None:
    mine = pod(build.all_lines(-1), me, "3")
    snapshot = build.snapshot(mine, scope=Scope.LOCAL, wished=Wished(wish=Wish(3)))
    if me > 2:
        mine = changed(mine, primary_host=build.address(me % 3))
    snapshot = dataclasses.replace(snapshot, pods=(mine,))
    assert planned(snapshot, me).reached


@pytest.mark.parametrize("me", [0, 3])
def test_a_wish_that_is_met_leaves_nothing_to_do(me: int) -> None:
    """By a look at all pods, as `status` takes it."""
    assert planned(seen(build.all_lines(-1), wish=3), me).reached


@pytest.mark.parametrize("wished", [UNSTATED, Wished(fault="gone")])
def test_without_a_wish_nothing_moves(wished: Wished) -> None:
    snapshot = dataclasses.replace(seen(), wished=wished)
    for me in range(6):
        found = planned(snapshot, me)
        assert all(
            not isinstance(one, MigrateSlots | ImportSlots | CancelMigrations)
            for step in found.steps
            for one in step.actions
        )
        assert found.phase is not Phase.RESHARD


def test_our_own_node_alone_shows_that_there_is_something_to_do() -> None:
    lines = grown()
    for wish, shown in ((4, "4"), (2, "2")):
        near = build.snapshot(
            pod(lines, 0, shown), scope=Scope.LOCAL, wished=Wished(wish=Wish(wish))
        )
        found = planning.decide(near, build.topology(0, allow_fewer_shards=True))
        assert isinstance(found, LookFurther)
        assert found.scope is Scope.ALL


def test_a_migration_by_a_person_is_looked_at() -> None:
    mine = changed(pod(build.all_lines(-1), 0, "3"), migrations=(job(target_id="n1"),))
    near = build.snapshot(mine, scope=Scope.LOCAL, wished=Wished(wish=Wish(3)))
    assert isinstance(planning.decide(near, build.topology(0)), LookFurther)


# What keeps it


def test_keys_are_counted_first() -> None:
    uncounted = dataclasses.replace(seen(), counted=("", 0))
    found = planning.decide(uncounted, build.topology(0))
    assert isinstance(found, LookFurther)
    assert found.counting == "redis-app-6"


@pytest.mark.parametrize("me", [3, 6])
def test_only_the_mover_counts_them(me: int) -> None:
    """Keys that a move has just begun to bring are counted too, by a look a moment before."""
    assert waits(seen(counted=7), me) == "redis-app-0: its sidecar to move slots 4096-5460"
    uncounted = dataclasses.replace(seen(), counted=("", 0))
    assert waits(uncounted, me) == "redis-app-0: its sidecar to move slots 4096-5460"


def test_the_movers_look_often() -> None:
    assert [planned(seen(), me).mover for me in range(8)] == [True] * 3 + [False] * 5
    pulled = all_redis(seen())
    assert [planned(pulled, me).mover for me in range(8)] == [False] * 6 + [True, False]


def test_keys_that_could_not_be_counted_are_waited_for() -> None:
    told = "redis-app-6: a count of its keys in slots it does not own: NOPERM"
    assert waits(seen(counted="NOPERM")) == told
    assert seen().strays("redis-app-0") == "not asked yet"


def test_keys_that_are_deleted_just_now_are_waited_for() -> None:
    busy = seen(at={6: changed(pod(grown(), 6), trimming=True)}, counted=3)
    assert waits(busy) == "redis-app-6: it to have deleted its keys of slots that it gave away"
    assert planned(seen(at={0: changed(pod(grown(), 0), trimming=True)})).steps


@pytest.mark.parametrize("ordinal", [0, 2, 6])
def test_moves_that_cannot_be_seen_are_waited_for(ordinal: int) -> None:
    hidden = seen(at={ordinal: changed(pod(grown(), ordinal), migrations_hidden="NOPERM")})
    told = f"redis-app-{ordinal}: what moves from or to its node to be seen: NOPERM"
    assert waits(hidden) == told


def test_moves_that_cannot_be_seen_are_noted() -> None:
    """No slot has to move, so nothing waits for it."""
    mine = changed(pod(build.all_lines(-1), 0, "3"), migrations_hidden="NOPERM")
    near = build.snapshot(mine, scope=Scope.LOCAL, wished=Wished(wish=Wish(3)))
    assert "which slots move can't be seen: NOPERM" in planned(near).notes


def test_nothing_moves_over_leftovers() -> None:
    found = planned(seen(counted=3))
    assert [block.code for block in found.blocked] == [Code.KEYS_BEHIND]
    assert "redis-app-6 holds 3 keys in slots that it does not own" in found.blocked[0].why
    assert (found.steps, found.blocked[0].serves) == ((), True)


def test_nothing_moves_while_one_wishes_otherwise() -> None:
    other = seen(at={5: pod(grown(), 5, "3")})
    assert "all nodes to show one wish: redis-app-5: 3 shards" in waits(other)


def test_nothing_moves_while_something_moves() -> None:
    busy = seen(at={0: changed(pod(grown(), 0), migrations=(job(),))})
    for me in (0, 3, 6):
        assert waits(busy, me) == "redis-app-6: slots 4096-5460 to come from redis-app-0"


def test_a_seat_remains_one_while_its_first_keys_come() -> None:
    """Its keys are there before its slots. Else it would rest, and no slot would be left to move."""
    target = changed(pod(grown(), 6), keys=100, migrations=(job(),))
    filled = all_redis(seen(at={6: target}))
    assert waits(filled, 6) == "redis-app-6: slots 4096-5460 to come from redis-app-0"
    assert planned(filled, 6).mover
    assert progress.left(Facts(filled, build.topology())) == 4096


@pytest.mark.parametrize(
    ("ordinal", "more", "said"),
    [
        (1, {"state_ok": False}, "redis-app-1: its cluster_state to be ok"),
        (6, {"state_ok": False}, "redis-app-6: its cluster_state to be ok"),
        (7, {"link_up": False}, "redis-app-6: its replicas, before it gets slots: 0 of 1"),
    ],
)
def test_a_node_that_is_not_well_is_waited_for(
    ordinal: int, more: dict[str, object], said: str
) -> None:
    assert said in waits(seen(at={ordinal: changed(pod(grown(), ordinal), **more)}), 2)


def test_a_pod_of_the_new_shard_that_is_not_there_is_named() -> None:
    look = seen([*build.all_lines(-1), build.line(6)])
    (wait,) = planned(look).waiting
    assert wait.text == (
        "redis-app-6: its replicas, before it gets slots: 0 of 1 are linked; redis-app-7 to come"
    )
    assert "kubectl get pod redis-app-7 -n default -o wide" in str(wait.fix)
    (wait,) = planned(look, 6).waiting
    assert wait.text.endswith("0 of 1 have their link; redis-app-7 to come")


def test_a_replica_that_is_far_behind_is_waited_for() -> None:
    ahead = changed(pod(grown(), 6), offset=17 << 20)
    assert "redis-app-6: redis-app-7 to catch up" in waits(seen(at={6: ahead}))
    near = changed(pod(grown(), 6), offset=16 << 20)
    assert planned(seen(at={6: near})).steps


def test_a_hand_over_comes_first() -> None:
    leaving = pod(grown(), 1, cluster_announce_human_nodename="redis-app-1/-/-/4/handover")
    assert "redis-app-1: its hand-over to end" in waits(seen(at={1: leaving}))


def test_settings_of_forming_come_first() -> None:
    hurried = pod(grown(), 1, cluster_node_timeout="1999")
    assert "redis-app-1: settings of forming" in waits(seen(at={1: hurried}))


def test_a_handshake_comes_first() -> None:
    lines = [*grown(), build.line(8, "handshake")]
    shaking = build.own(
        1,
        resharding.mine(lines, 1),
        ok=True,
        cluster_announce_human_nodename="redis-app-1/-/-/4",
    )
    assert "redis-app-1: its handshakes to end" in waits(seen(at={1: shaking}))


def test_all_have_to_see_an_owner_as_it_sees_itself() -> None:
    lines = grown()
    lines[1] = build.line(1, "master,fail?", slots="5461-10921")
    doubting = pod(lines, 5)
    assert "redis-app-1: redis-app-5 to see it as it sees itself" in waits(seen(at={5: doubting}))


def test_the_last_hand_off_may_be_heard_of_a_moment_later() -> None:
    """The new owner's replica hears of it last. The next move does not wait for that."""
    before = grown()
    lines = [*before]
    lines[0], lines[6] = build.line(0, slots="0-4095"), build.line(6, slots="4096-5460")

    def after(**more: float) -> Snapshot:
        source = changed(pod(lines, 0), migrations=(job(State.DONE, **more),))
        return seen(lines, at={0: source, 7: pod(before, 7)})

    (action,) = planned(after(seconds=2.0, took=1.0), 1).steps[0].actions
    assert isinstance(action, MigrateSlots)
    late = waits(after(seconds=20.0, took=1.0), 1)
    assert "redis-app-0: redis-app-7 to see it as it sees itself" in late


def test_an_owner_that_is_away_is_waited_for() -> None:
    lines = grown()
    away = seen(lines, at={2: build.pod(2, "timeout")})
    found = planned(away)
    assert found.steps == ()
    assert "not seen" in str(found.waiting) or "an answer" in str(found.waiting)


def test_an_owner_that_failed_for_all_is_waited_for() -> None:
    lines = grown()
    lines[2] = build.line(2, "master,fail", slots="10922-16383")
    pods = {n: pod(lines, n) for n in range(8) if n != 2}
    away = seen(lines, at={**pods, 2: build.pod(2, "timeout")})
    assert "redis-app-2: an answer of its server, which owns slots" in waits(away)


def test_open_slots_are_ended_first() -> None:
    lines = grown()
    lines[1] = build.line(1, slots="5461-10921 [5461->-n2]")
    one = pod(lines, 1)
    found = planned(seen(at={1: one}), 0)
    assert "slot 5461 to be open no longer" in str(found.waiting)
    assert found.steps == ()


def test_more_nodes_are_needed() -> None:
    text = waits(seen(build.all_lines(-1)))
    assert "4 shards are wished, and 3 nodes can have slots" in text
    assert "up to redis-app-7" in text


def test_a_command_that_would_take_pods_away_is_not_named() -> None:
    """There are more pods than are needed, and those that came last are replicas too many."""
    more = [build.line(6 + one, "slave", f"n{one}") for one in range(3)]
    lines = [*build.all_lines(-1), *more]
    (wait,) = planned(seen(lines)).waiting
    said = todo.line(wait.fix)
    assert "new nodes are needed" in wait.what
    assert "--replicas" not in said
    assert all(f"give redis-app-{one} an empty volume" in said for one in (6, 7, 8))
    (few,) = planned(seen(build.all_lines(-1))).waiting
    assert "--replicas=8" in todo.line(few.fix)


def holding(*jobs: Migration, **more: Any) -> Snapshot:
    """A new primary that holds keys and owns no slot."""
    target = changed(pod(grown(), 6), keys=12, **more)
    return seen(at={6: target, 0: changed(pod(grown(), 0), migrations=jobs)})


def test_a_new_primary_that_holds_keys_is_told_and_no_more_pods_are_asked_for() -> None:
    for me in (0, 6, 7):
        (block,) = planned(holding(), me).blocked
        assert (block.code, "redis-app-6 holds 12 keys" in block.why) == (Code.KEYS_BEHIND, True)


def test_it_is_told_too_where_another_new_primary_waits_for_its_replica() -> None:
    lines = [*build.all_lines(-1), build.line(6), build.line(7)]
    target = changed(pod(lines, 6), keys=12)
    (block,) = planned(seen(lines, at={6: target}, target="redis-app-7"), 0).blocked
    assert block.code is Code.KEYS_BEHIND


def test_keys_of_a_pod_beyond_the_wish_are_none_of_this() -> None:
    lines = [*build.all_lines(-1), build.line(8)]
    beyond = changed(
        build.own(
            8,
            [*build.all_lines(-1), build.line(8, "myself,master")],
            cluster_announce_human_nodename="redis-app-8/-/-/4",
        ),
        keys=12,
    )
    owners = {place: pod(lines, place) for place in range(6)}
    assert "new nodes are needed" in waits(seen(lines, at={**owners, 6: beyond}))


@pytest.mark.parametrize(
    "snapshot",
    [
        holding(job(State.FAILED, seconds=70.0, took=15.0)),
        holding(job(State.CANCELLED)),
        holding(trimming=True),
    ],
    ids=["failed", "cancelled", "trims"],
)
def test_keys_of_a_move_that_has_just_ended_are_waited_for(snapshot: Snapshot) -> None:
    assert waits(snapshot) == "redis-app-6: its server to delete the keys of a move that ended"


@pytest.mark.parametrize("more", [{"seconds": 80.0, "took": 15.0}, {"target_id": "n7"}])
def test_a_move_that_ended_long_ago_or_elsewhere_left_no_keys(more: dict[str, Any]) -> None:
    assert planned(holding(job(State.FAILED, **more))).blocked


def test_memory_that_would_not_do() -> None:
    """A server that pulls checks nothing: it evicts keys then, or refuses all writes."""
    source = changed(pod(grown(), 0), writing=memory(0, 0, dataset=4000))
    full = changed(pod(grown(), 6), writing=memory(0, 1000))
    # A quarter of the source's 5461 slots goes.
    assert "redis-app-6: memory for slots 4096-5460: 0 of 1000 bytes" in waits(
        seen(at={0: source, 6: full})
    )
    (wait,) = planned(seen(at={0: source, 6: full}), 2).waiting
    # It does not pass by itself: a person is told what to do.
    assert "redis-cli CONFIG GET maxmemory" in str(wait.fix)
    assert not wait.usual
    enough = changed(pod(grown(), 6), writing=memory(0, 1200))
    assert planned(seen(at={0: source, 6: enough})).steps


@pytest.mark.parametrize("server", ["valkey-8.1", "redis-8.2"])
def test_servers_that_do_not_move_slots(server: str) -> None:
    lines = grown()
    old = seen(lines, at={n: pod(lines, n, server=server) for n in range(8)})
    found = planned(old)
    assert [block.code for block in found.blocked] == [Code.MOVE_UNSUPPORTED]
    assert "1365 slots from redis-app-0 to redis-app-6" in found.blocked[0].why


def test_servers_of_two_kinds_during_an_upgrade() -> None:
    mixed = seen(at={6: pod(grown(), 6, server="valkey-8.1")})
    assert [block.code for block in planned(mixed).blocked] == [Code.MOVE_UNSUPPORTED]


def test_too_few_shards_are_refused() -> None:
    found = planned(seen(wish=2))
    assert [block.code for block in found.blocked] == [Code.WISH_TOO_SMALL]
    assert found.steps == ()


# Size


def size(*failed: object, dataset: int = 0) -> int:
    """How many slots move at once, after these migrations, the newest first."""
    source = changed(
        pod(grown(), 0), writing=memory(0, 0, dataset=dataset), migrations=tuple(failed)
    )
    (step,) = planned(seen(at={0: source})).steps
    (action,) = step.actions
    assert isinstance(action, MigrateSlots)
    ranges = action.ranges
    assert slots.without(ranges, GOING) == ()
    return slots.count(ranges)


def test_big_data_move_in_parts() -> None:
    gib = 1 << 30
    assert size(dataset=4 * gib) == 1365
    assert size(dataset=16 * gib) == 341
    assert size(dataset=1 << 60) == 1


def test_what_failed_is_tried_with_half() -> None:
    failed = job(State.FAILED)
    assert size(failed) == 682
    assert size(job(State.FAILED, ranges=((4779, 5460),)), failed) == 341
    assert size(job(State.FAILED, ranges=((5400, 5460),))) == 64
    assert size(job(State.FAILED, target_id="n1")) == 1365
    assert size(job(State.FAILED, seconds=601.0)) == 1365
    assert size(job(State.DONE), failed) == 1365
    assert size(job(State.CANCELLED)) == 1365


def test_what_is_tried_again_says_why() -> None:
    failed = job(State.FAILED, message="no right")
    for jobs, said in (((failed,), "failed once"), ((failed,) * 2, "failed 2 times")):
        source = changed(pod(grown(), 0), migrations=jobs)
        (action,) = planned(seen(at={0: source}), 0).steps[0].actions
        assert f"4 shards are wished; it {said}, and the server says: no right" in action.why
    (action,) = planned(seen(), 0).steps[0].actions
    assert action.why == "4 shards are wished"


def at_target(failed: tuple[Migration, ...]) -> tuple[Pod, ...]:
    """All pods; the target lists these migrations."""
    return seen(at={6: changed(pod(grown(), 6), migrations=failed)}).pods


def test_what_fails_again_and_again_is_told() -> None:
    failed = tuple(job(State.FAILED, message="Connection lost") for _ in range(5))
    source = changed(pod(grown(), 0), migrations=failed)
    snapshot = seen(at={0: source})
    found = planned(snapshot)
    assert [block.code for block in found.blocked] == [Code.MOVE_FAILS]
    assert "failed 5 times; the server says: Connection lost" in found.blocked[0].why
    assert "ACL" not in str(found.blocked[0].fix)
    log = planned(snapshot, username="sidecar").blocked[0].fix[-1]
    assert "ACL SETUSER sidecar '+cluster|syncslots' +select +@write '~*'" in str(log)
    pulls = dataclasses.replace(all_redis(snapshot), pods=tuple(map(redis, at_target(failed))))
    assert "ACL" not in str(planned(pulls, username="sidecar").blocked[0].fix)
    four = changed(pod(grown(), 0), migrations=failed[:4])
    assert planned(seen(at={0: four})).steps


# Hold


@pytest.mark.parametrize(("me", "pull"), [(0, False), (6, True)])
def test_hold_ends_what_our_node_moves(me: int, pull: bool) -> None:
    lines = grown()
    mine = changed(pod(lines, me, "hold"), migrations=(job(),))
    wide = seen(wish=None, at={me: mine})
    found = planned(all_redis(wide) if pull else wide, me)
    ways = {True: Way.PULL, False: Way.PUSH}
    (action,) = found.steps[0].actions
    assert isinstance(action, CancelMigrations)
    assert (action.pod, action.way) == (f"redis-app-{me}", ways[pull])


def test_hold_leaves_an_empty_primary_what_it_is() -> None:
    found = planned(seen(wish=None), 6)
    assert (found.steps, found.seat) == ((), True)
    assert "redis-app-6: a number of shards to be wished" in str([w.text for w in found.waiting])


def test_a_wish_that_cannot_be_read_leaves_an_empty_primary_what_it_is() -> None:
    """As a replica it could get no slots any more."""
    found = planned(dataclasses.replace(seen(at={6: pod(grown(), 6, "")}), wished=UNREAD), 6)
    assert (found.steps, found.seat) == ((), True)
    said = "redis-app-6: a number of shards that can be read"
    assert said in str([wait.text for wait in found.waiting])


def test_a_node_to_which_slots_move_does_not_follow() -> None:
    """The move would fail. A person has commanded it, and no number is wished."""
    seat = pod(grown(), 6, "")
    look = dataclasses.replace(seen(at={6: seat}), wished=UNSTATED)
    assert [one.kind for step in planned(look, 6).steps for one in step.actions] == ["replicate"]
    got = changed(seat, migrations=(job(),))
    found = planned(dataclasses.replace(seen(at={6: got}), wished=UNSTATED), 6)
    assert found.steps == ()
    assert "redis-app-6: the slots that move to it" in str([one.text for one in found.waiting])


@pytest.mark.parametrize(("wished", "shown"), [(Wished(wish=HOLD), "hold"), (UNREAD, "")])
def test_a_new_node_that_is_needed_follows_all_the_same(wished: Wished, shown: str) -> None:
    lines = grown()
    lines[5] = build.line(5, "slave,fail", "n2")
    gone = build.pod(5, resolved=Name(state="absent"))
    pods = {n: pod(lines, n, shown) for n in range(8) if n != 5}
    look = dataclasses.replace(seen(lines, at={**pods, 5: gone}), wished=wished)
    found = planned(look, 6)
    assert [action.kind for step in found.steps for action in step.actions] == ["replicate"]


@pytest.mark.parametrize("jobs", [(), (job(State.DONE),), (job(source_id="n1", target_id="n0"),)])
def test_hold_leaves_alone_what_others_move(jobs: tuple[object, ...]) -> None:
    mine = changed(pod(build.all_lines(-1), 0, "hold"), migrations=jobs)
    near = build.snapshot(mine, scope=Scope.LOCAL, wished=Wished(wish=Wish(None)))
    assert planned(near).reached


def test_servers_that_cannot_move_slots_are_told_before_pods_that_are_missing() -> None:
    """More pods would not help."""
    snapshot = seen(build.all_lines(-1))
    old = tuple(changed(one, product="redis", version=(8, 2, 0)) for one in snapshot.pods)
    (block,) = planned(dataclasses.replace(snapshot, pods=old)).blocked
    assert block.code is Code.MOVE_UNSUPPORTED
    assert "4 shards are wished, and there are 3 shards" in block.why
    assert block.serves
