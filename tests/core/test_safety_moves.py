"""The last door for moves of slots: each statement has a step that breaks it, built by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap.model.actions import Action, CancelMigrations, ImportSlots, MigrateSlots
from bootstrap.model.migration import Migration, State, Way
from bootstrap.model.snapshot import Pod, Snapshot
from bootstrap.model.wish import UNSTATED, Wish, Wished
from bootstrap.plan import safety
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Step
from tests.core import build
from tests.core.resharding import GOING, all_redis, changed, grown, job, pod, seen

PUSH = MigrateSlots(
    pod="redis-app-0", ranges=GOING, target="redis-app-6", target_id="n6", why="4 are wished"
)
PULL = ImportSlots(pod="redis-app-6", ranges=GOING, source="redis-app-0", why="4 are wished")


def refused(action: Action, snapshot: Snapshot, me: int) -> str:
    facts = Facts(snapshot, build.topology(me))
    return "; ".join(safety.violations(facts, Step(actions=(action,), until="it is so")))


def both(snapshot: Snapshot) -> list[str]:
    """What the door says of a push by the source, and of a pull by the target."""
    return [refused(PUSH, snapshot, 0), refused(PULL, all_redis(snapshot), 6)]


def test_what_may_move() -> None:
    assert both(seen()) == ["", ""]


@pytest.mark.parametrize(("counted", "said"), [(1, True), ("NOPERM", True), (0, False)])
def test_m1_the_target_holds_a_key(counted: int | str, said: bool) -> None:
    for text in both(seen(counted=counted)):
        assert ("redis-app-6 is not known to hold no key in slots it does not own" in text) is said


def test_m1_the_keys_of_another_node_were_counted() -> None:
    for text in both(seen(target="redis-app-1")):
        assert "is not known to hold no key" in text


def test_m1_a_slot_is_open() -> None:
    lines = grown()
    lines[2] = build.line(2, slots="10922-16383 [7-<-n0]")
    for text in both(seen(at={2: pod(lines, 2)})):
        assert "redis-app-2 has slots open" in text


@pytest.mark.parametrize(
    ("shown", "said"),
    [("3", "redis-app-5 shows another wish"), ("", "redis-app-5 shows another wish")],
)
def test_m2_one_node_shows_another_wish(shown: str, said: str) -> None:
    for text in both(seen(at={5: pod(grown(), 5, shown)})):
        assert said in text


@pytest.mark.parametrize("wished", [UNSTATED, Wished(wish=Wish(None)), Wished(fault="gone")])
def test_m2_no_number_is_wished(wished: Wished) -> None:
    for text in both(dataclasses.replace(seen(), wished=wished)):
        assert "no number of shards is wished" in text


def test_m2_a_node_was_not_seen() -> None:
    for text in both(seen(at={5: build.pod(5, "timeout")})):
        assert "the node n5 was not seen" in text


def test_m2_a_node_that_failed_for_everybody_does_not_count() -> None:
    lines = grown()
    lines[5] = build.line(5, "slave,fail", "n2")
    pods = {n: pod(lines, n) for n in range(8) if n != 5}
    assert both(seen(lines, at={**pods, 5: build.pod(5, "refused")})) == ["", ""]


def test_m2_a_node_that_nobody_has_met_does_not_count() -> None:
    new = build.own(8, cluster_announce_human_nodename="redis-app-8/-/-")
    snapshot = seen()
    assert both(dataclasses.replace(snapshot, pods=(*snapshot.pods, new))) == ["", ""]


@pytest.mark.parametrize(
    ("ordinal", "more", "said"),
    [
        (0, {"state_ok": False}, "redis-app-0 is a replica, or does not say ok"),
        (6, {"state_ok": False}, "redis-app-6 is a replica, or does not say ok"),
        (7, {"link_up": False}, "redis-app-6 has 0 linked replicas"),
    ],
)
def test_m3_a_side_is_not_well(ordinal: int, more: dict[str, Any], said: str) -> None:
    for text in both(seen(at={ordinal: changed(pod(grown(), ordinal), **more)})):
        assert said in text


@pytest.mark.parametrize(("ordinal", "name"), [(0, "redis-app-0"), (6, "redis-app-6")])
def test_m3_a_side_has_failed_for_some_node(ordinal: int, name: str) -> None:
    lines = grown()
    lines[ordinal] = lines[ordinal].replace("master", "master,fail?")
    for text in both(seen(at={4: pod(lines, 4)})):
        assert f"{name} has failed, by what a node says" in text


def test_m3_the_target_is_a_replica() -> None:
    lines = grown()
    lines[6] = build.line(6, "slave", "n1")
    for text in both(seen(lines)):
        assert "redis-app-6 is a replica" in text


def test_m3_the_source_does_not_own_all() -> None:
    lines = grown()
    lines[0] = build.line(0, slots="0-5000")
    for text in both(seen(lines)):
        assert "redis-app-0 does not own all of them" in text


@pytest.mark.parametrize("ordinal", [0, 2, 6])
def test_one_at_a_time(ordinal: int) -> None:
    busy = changed(pod(grown(), ordinal), migrations=(job(),))
    for text in both(seen(at={ordinal: busy})):
        assert f"slots move from or to redis-app-{ordinal} already" in text


@pytest.mark.parametrize(("ordinal", "said"), [(0, True), (2, True), (6, True), (5, False)])
def test_whether_slots_move_is_known(ordinal: int, said: bool) -> None:
    hidden = changed(pod(grown(), ordinal), migrations_hidden="NOPERM")
    for text in both(seen(at={ordinal: hidden})):
        assert (f"redis-app-{ordinal} does not show whether slots move" in text) is said


def test_a_side_that_did_not_answer() -> None:
    assert "redis-app-6 is not proven" in refused(PUSH, seen(at={6: build.pod(6, "timeout")}), 0)
    silent = all_redis(seen())
    pods = tuple(build.pod(0, "timeout") if one.ordinal == 0 else one for one in silent.pods)
    assert "redis-app-0 is not proven" in refused(PULL, dataclasses.replace(silent, pods=pods), 6)


def test_the_target_is_another_node_by_now() -> None:
    assert "redis-app-6 is another node" in refused(
        dataclasses.replace(PUSH, target_id="n9"), seen(), 0
    )


@pytest.mark.parametrize("me", [0, 1, 6])
def test_each_commands_its_own_node(me: int) -> None:
    """The seed, too, which may command others while a cluster is formed."""
    own = f"redis-app-{me} commands its own node alone"
    assert (own in refused(PUSH, seen(), me)) is (me != 0)
    assert (own in refused(PULL, all_redis(seen()), me)) is (me != 6)


@pytest.mark.parametrize(
    ("wish", "me", "said"),
    [
        (Wish(None), 0, ""),
        (Wish(4), 0, "neither our node nor the target is leaving"),
        (None, 0, "it is not wished that nothing moves"),
        (Wish(None), 1, "redis-app-1 commands its own node alone"),
    ],
)
def test_migrations_are_cancelled_where_nothing_is_to_move(
    wish: Wish | None, me: int, said: str
) -> None:
    action = CancelMigrations(pod="redis-app-0", way=Way.PUSH, why="hold")
    found = refused(action, dataclasses.replace(seen(), wished=Wished(wish=wish)), me)
    assert said in found
    assert bool(found) is bool(said)


LEAVING = "redis-app-{}/-/-/4/handover"


def marked(ordinal: int, **more: Any) -> Pod:
    name = LEAVING.format(ordinal)
    return changed(pod(grown(), ordinal, cluster_announce_human_nodename=name), **more)


@pytest.mark.parametrize(("ordinal", "said"), [(0, True), (6, True), (1, False)])
def test_neither_side_leaves(ordinal: int, said: bool) -> None:
    for text in both(seen(at={ordinal: marked(ordinal)})):
        assert (f"redis-app-{ordinal} is about to stop" in text) is said


def test_migrations_are_cancelled_where_our_node_leaves() -> None:
    push = CancelMigrations(pod="redis-app-0", way=Way.PUSH, why="it leaves")
    assert refused(push, seen(at={0: marked(0)}), 0) == ""
    assert refused(push, seen(at={1: marked(1)}), 0)


@pytest.mark.parametrize(
    ("move", "allowed"),
    [(job(), True), (job(State.DONE), False), (job(target_id="n1"), False)],
)
def test_migrations_are_cancelled_where_the_target_leaves(move: Migration, allowed: bool) -> None:
    push = CancelMigrations(pod="redis-app-0", way=Way.PUSH, why="it leaves")
    moving = changed(pod(grown(), 0), migrations=(move,))
    assert (refused(push, seen(at={0: moving, 6: marked(6)}), 0) == "") is allowed
