"""Fewer shards are wished: which nodes stand empty, which pods change places, and which may go."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import empty_mark
from bootstrap.model.actions import Action, ConfigSet, Failover, MigrateSlots, Replicate
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.timers import Timers
from bootstrap.model.wish import UNSTATED, Wish, Wished
from bootstrap.plan import safety
from bootstrap.plan.facts import Facts
from bootstrap.plan.readiness import ready
from bootstrap.plan.reshard import going
from bootstrap.plan.verdict import Phase, Plan, Step
from bootstrap.show import cluster_table, headline, shards
from tests.core import build
from tests.core.resharding import changed, pod, seen

SPANS = ("0-5460", "5461-10921", "10922-16383")


def grown() -> list[str]:
    """Six pods in three shards, and a fourth shard behind them: pods 6 and 7."""
    four = ("0-4095", "4096-8191", "8192-12287", "12288-16383")
    lines = build.all_lines(-1)
    for ordinal in range(3):
        lines[ordinal] = build.line(ordinal, slots=four[ordinal])
    return [*lines, build.line(6, slots=four[3]), build.line(7, "slave", "n6")]


def drained(*more: str) -> list[str]:
    """The same once three own all slots: pods 6 and 7 stand empty."""
    return [*build.all_lines(-1), build.line(6), build.line(7, "slave", "n6"), *more]


def mixed(*, handed: bool = False, empty: bool = False) -> list[str]:
    """A first layout of four shards. Pods 4 to 7 are the replicas of pods 0 to 3."""
    lines = build.all_lines(-1, 8, 4)
    if empty:
        for ordinal, span in enumerate(SPANS):
            lines[ordinal] = build.line(ordinal, slots=span)
    last = "" if empty else "12288-16383"
    if handed or empty:
        lines[3], lines[7] = build.line(3, "slave", "n7"), build.line(7, slots=last)
    return lines


def stays(lines: list[str], ordinal: int, wish: str = "3", **more: Any) -> Pod:
    """A pod whose sidecar has made its node stand empty."""
    name = f"redis-app-{ordinal}/-/-/{wish}/empty"
    more = {"cluster_announce_human_nodename": name, **more}
    return pod(lines, ordinal, wish, cluster_allow_replica_migration="no", **more)


def look(lines: list[str], *marked: int, **more: Any) -> Snapshot:
    """A look at all pods; the nodes of some stand empty. Three shards are wished."""
    at = {one: stays(lines, one) for one in marked} | more.pop("at", {})
    timers = Timers(idle=more.pop("idle", 0.0))
    found = seen(lines, wish=more.pop("wish", 3), at=at, **more)
    return dataclasses.replace(found, timers=timers)


def planned(snapshot: Snapshot, me: int, **more: Any) -> Plan:
    found = planning.decide(snapshot, build.topology(me, **more))
    assert isinstance(found, Plan), found
    return found


def first(snapshot: Snapshot, me: int, **more: Any) -> object:
    """The one action that a pod's plan sends first; what it waits for if it sends none."""
    found = planned(snapshot, me, **more)
    if not found.steps:
        return "; ".join(wait.text for wait in found.waiting)
    (action,) = found.steps[0].actions
    return action


def local(lines: list[str], me: int, *marked: int, wished: Wished, **more: Any) -> Snapshot:
    """A look at our own node only."""
    mine = stays(lines, me, **more) if me in marked else pod(lines, me, "3", **more)
    return build.snapshot(mine, scope=Scope.LOCAL, wished=wished)


# The setting


@pytest.mark.parametrize("me", [6, 7])
def test_the_nodes_of_a_drained_shard_are_made_to_stay(me: int) -> None:
    action = first(look(grown()), me)
    assert isinstance(action, ConfigSet)
    assert action.settings == (
        ("cluster-allow-replica-migration", "no"),
        ("cluster-announce-human-nodename", f"redis-app-{me}/-/-/3/empty"),
    )


def test_no_slot_leaves_before_that_is_seen() -> None:
    wanted = "to have cluster-allow-replica-migration no, before slots leave their shard"
    assert f"redis-app-7 {wanted}" in str(first(look(grown(), 6), 0))
    assert f"redis-app-6 {wanted}" in str(first(look(grown(), 7), 0))
    assert f"redis-app-6, redis-app-7 {wanted}" in str(first(look(grown()), 0))
    counted = look(grown(), 6, 7, target="redis-app-0")
    assert isinstance(first(counted, 6), MigrateSlots)


def test_a_no_of_a_persons_own_is_enough_and_stays() -> None:
    lines = grown()
    own = {one: pod(lines, one, "3", cluster_allow_replica_migration="no") for one in (6, 7)}
    snapshot = look(lines, at=own, target="redis-app-0")
    assert isinstance(first(snapshot, 6), MigrateSlots)
    after = drained()
    own = {one: pod(after, one, "4", cluster_allow_replica_migration="no") for one in (6, 7)}
    assert not isinstance(first(look(after, at=own, wish=4), 7), ConfigSet)


@pytest.mark.parametrize(
    ("wished", "said"),
    [
        (Wished(wish=Wish(3)), False),
        (Wished(wish=Wish(None)), False),
        (Wished(fault="it holds nothing"), False),
        (Wished(wish=Wish(4)), True),
        (UNSTATED, True),
    ],
)
def test_when_it_is_put_back(wished: Wished, said: bool) -> None:
    name = "redis-app-7/-/-" + (f"/{wished.wish}" if wished.wish else "")
    snapshot = local(
        drained(), 7, 7, wished=wished, cluster_announce_human_nodename=f"{name}/empty"
    )
    found = planning.decide(snapshot, build.topology(7))
    steps = found.steps if isinstance(found, Plan) else ()
    put_back = [one for step in steps for one in step.actions if isinstance(one, ConfigSet)]
    assert bool(put_back) is said
    if said:
        assert put_back[0].settings == (
            ("cluster-allow-replica-migration", "yes"),
            ("cluster-announce-human-nodename", name),
        )


def test_a_marked_node_of_a_shard_that_stays_gets_its_setting_back() -> None:
    lines = build.all_lines(-1)
    wished = Wished(wish=Wish(3))
    action = first(local(lines, 3, 3, wished=wished), 3)
    assert isinstance(action, ConfigSet)
    assert action.settings[0] == ("cluster-allow-replica-migration", "yes")
    # While a shard is drained, only a look at all pods shows which.
    more = grown()
    kept = look(more, 6, 7, target="redis-app-0")
    assert not isinstance(first(kept, 7), ConfigSet)
    assert isinstance(first(look(more, 3, 6, 7), 3), ConfigSet)
    mine = local(more, 7, 7, wished=wished)
    assert not isinstance(planning.decide(mine, build.topology(7)), Plan)


def test_a_hand_over_writes_the_name_first() -> None:
    lines = grown()
    name = {"cluster_announce_human_nodename": "redis-app-7/-/-/3/handover"}
    own = {7: pod(lines, 7, "3", **name)}
    assert not isinstance(first(look(lines, 6, at=own), 7), ConfigSet)
    both = {"cluster_announce_human_nodename": "redis-app-7/-/-/3/empty/handover"}
    marked = stays(lines, 7, **both)
    assert marked.view is not None
    assert empty_mark.marked(marked.view)
    counted = look(lines, 6, at={7: marked}, target="redis-app-0")
    assert not isinstance(first(counted, 7), ConfigSet)


def test_while_wishes_differ_nothing_is_set() -> None:
    lines = grown()
    assert "all nodes to show one wish" in str(first(look(lines, at={0: pod(lines, 0, "4")}), 7))
    held = look(lines, wish=None)
    assert planned(held, 7).phase is Phase.STEADY


# Places


def test_a_drained_shard_gets_its_primary_among_those_that_go() -> None:
    lines = mixed()
    action = first(look(lines, 3, 7), 3)
    assert isinstance(action, Failover)
    assert (action.pod, action.primary) == ("redis-app-7", "redis-app-3")
    assert "to be handed over to redis-app-7" in str(first(look(lines, 3, 7), 0))
    assert planned(look(lines, 3, 7), 3).steps[0].confirm


def test_a_hand_over_is_not_tried_again_at_once() -> None:
    snapshot = look(mixed(), 3, 7)
    for seconds, again in ((5.4, False), (5.5, True)):
        timed = dataclasses.replace(snapshot, timers=Timers(failed_over=seconds))
        assert isinstance(first(timed, 3), Failover) is again


def test_a_shard_that_stays_gets_its_primary_among_those_that_stay() -> None:
    lines = drained()
    lines[0], lines[3] = build.line(0, slots=""), build.line(3, "slave", "n7")
    lines[7] = build.line(7, slots=SPANS[0])
    lines[0] = build.line(0, "slave", "n7")
    lines[6] = build.line(6, "slave", "n7")
    action = first(look(lines), 7)
    assert isinstance(action, Failover)
    assert action.pod == "redis-app-0"
    assert action.why == "its shard is to have its primary among the pods that stay"


def test_a_pod_that_stays_goes_where_one_that_goes_is_the_only_replica() -> None:
    lines = mixed(empty=True)
    action = first(look(lines, 7), 3)
    assert isinstance(action, Replicate)
    assert (action.primary, action.primary_id) == ("redis-app-2", "n2")
    assert first(look(lines, 7), 6) == "redis-app-3: to follow redis-app-2"


def test_then_the_former_replica_stands_empty_beside_the_empty_primary() -> None:
    lines = mixed(empty=True)
    lines[3] = build.line(3, "slave", "n2")
    action = first(look(lines, 7), 6)
    assert isinstance(action, Replicate)
    assert (action.primary, action.primary_id) == ("redis-app-7", "n7")
    # Not before the pod that stays has its link.
    copies = pod(lines, 3, "3", link=False)
    assert first(look(lines, 7, at={3: copies}), 6) == (
        "redis-app-2: its replicas below redis-app-6, before pods from there on may go: 0 of 1 are"
        " linked"
    )
    lines[6] = build.line(6, "slave", "n7")
    assert isinstance(first(look(lines, 7), 6), ConfigSet)
    assert planned(look(lines, 6, 7), 6).reached


def test_a_replica_too_many_goes_where_one_is_lacking() -> None:
    lines = build.all_lines(-1)
    lines[4] = build.line(4, "slave", "n0")
    for me, said in ((3, True), (4, False)):
        action = first(look(lines), me)
        assert isinstance(action, Replicate) is said
    local_look = local(lines, 0, wished=Wished(wish=Wish(3)))
    assert not isinstance(planning.decide(local_look, build.topology(0)), Plan)


def test_an_empty_primary_that_stays_lets_its_replicas_go_first() -> None:
    lines = [
        build.line(0, slots=SPANS[0]),
        build.line(1, slots=SPANS[1]),
        build.line(2, slots=SPANS[2]),
        build.line(3),
        build.line(4, "slave", "n3"),
        build.line(5, "slave", "n0"),
    ]
    waits = str(first(look(lines, idle=60.0), 3))
    assert "redis-app-4 to follow another shard first" in waits
    assert isinstance(first(look(lines), 4), Replicate)
    alone = [*lines[:4], build.line(4, "slave", "n1"), lines[5]]
    action = first(look(alone, idle=60.0), 3)
    assert isinstance(action, Replicate)
    assert action.primary == "redis-app-2"


def test_a_replica_is_counted_only_if_it_stays() -> None:
    """Else a new pod would follow a shard whose replica is needed no more, or none at all."""
    lines = [*build.all_lines(-1), build.line(6, "slave", "n1"), build.line(7)]
    lines[4] = build.line(4)
    action = first(look(lines, idle=60.0), 4)
    assert isinstance(action, Replicate)
    assert action.primary == "redis-app-1"


def test_a_shard_whose_pods_all_go_has_no_heir() -> None:
    lines = drained()
    lines[0], lines[3] = build.line(0), build.line(3, "slave", "n0")
    lines[6], lines[7] = build.line(6, slots=SPANS[0]), build.line(7, "slave", "n6")
    found = planned(look(lines), 6)
    assert not any(isinstance(one, Failover) for step in found.steps for one in step.actions)
    assert "redis-app-3: to follow redis-app-6" in "; ".join(one.text for one in found.waiting)


# They may go


@pytest.mark.parametrize("me", range(8))
def test_they_may_go(me: int) -> None:
    found = planned(look(drained(), 6, 7), me)
    assert found.reached
    (note,) = found.notes
    assert note == (
        "redis-app-6, redis-app-7 stand empty: they may go: kubectl scale statefulset -n default"
        " redis-app --replicas=6"
    )
    facts = Facts(look(drained(), 6, 7), build.topology(me))
    assert ready(facts, found, "") == (True, "ready")


def test_one_alone_may_go() -> None:
    lines = drained()[:7]
    facts = Facts(look(lines, 6), build.topology(0))
    some = going.may_go(facts)
    assert some is not None
    assert some.text.startswith("redis-app-6 stands empty: it may go: kubectl scale")


def test_status_says_so_and_that_all_is_well() -> None:
    snapshot, topology = look(drained(), 6, 7), build.topology(0)
    plan, cluster = planned(snapshot, 0), shards.cluster(snapshot, topology)
    assert cluster.well
    text = cluster_table.as_text(cluster, snapshot, plan, topology)
    assert text.startswith("HEALTHY: 8 nodes, 3 shards")
    assert "redis-app-6, redis-app-7 stand empty: they may go" in text
    said = cluster_table.as_json(cluster, snapshot, plan, topology)
    assert said["may_go"]["pods"] == ["redis-app-6", "redis-app-7"]
    assert [one["slots"] for one in said["shards"]][-1] == "none"
    assert headline.headline(Facts(snapshot, topology), plan, cluster).cause is None


def test_they_may_not_go_while_a_shard_lacks_a_replica_that_stays() -> None:
    lines = drained()
    down = {4: pod(lines, 4, "3", link=False)}
    waits = str(first(look(lines, 6, 7, at=down), 0))
    assert "redis-app-1: its replicas below redis-app-6" in waits
    assert going.may_go(Facts(look(lines, 6, 7, at=down), build.topology(0))) is None


def test_one_more_replica_is_no_pod_that_leaves() -> None:
    lines = [*build.all_lines(-1), build.line(6, "slave", "n0")]
    assert planned(look(lines), 6).notes == ()
    assert going.may_go(Facts(look(lines), build.topology(0))) is None


def test_without_a_wish_none_may_go() -> None:
    snapshot = dataclasses.replace(look(drained()), wished=UNSTATED)
    assert going.may_go(Facts(snapshot, build.topology(0))) is None
    unseen = build.snapshot(build.pod(0, "refused"))
    assert going.empty_primaries(Facts(unseen, build.topology(0))) == frozenset()


@pytest.mark.parametrize("me", [6, 7])
def test_a_pod_that_stands_empty_looks_at_its_own_node_only(me: int) -> None:
    found = planned(local(drained(), me, me, wished=Wished(wish=Wish(3))), me)
    assert found.reached
    assert found.seat is (me == 6)


def test_one_that_all_have_forgotten_looks_further() -> None:
    mine = changed(stays(drained(), 6), reached_by=frozenset())
    snapshot = build.snapshot(mine, scope=Scope.LOCAL, wished=Wished(wish=Wish(3)))
    assert not isinstance(planning.decide(snapshot, build.topology(6)), Plan)


def test_after_a_restart_its_replica_shows_that_it_stands_empty() -> None:
    for me in (6, 7):
        action = first(look(drained()), me)
        assert isinstance(action, ConfigSet)
        assert action.settings[0] == ("cluster-allow-replica-migration", "no")
    assert planned(look(drained(), 7), 6).seat
    assert isinstance(first(look(drained()[:7]), 6), Replicate)


def test_after_a_restart_alone_its_past_shows_that_it_stands_empty() -> None:
    """It owned slots once, so it has a config epoch; a new node's sidecar saw it know no other."""
    lines = drained()[:7]
    back = dataclasses.replace(look(lines), timers=Timers(came_back=True))
    assert isinstance(first(back, 6), ConfigSet)
    assert planned(back, 6).seat
    lines[6] = lines[6].replace(" 0 0 7 ", " 0 0 0 ")
    new = dataclasses.replace(look(lines), timers=Timers(came_back=True))
    assert isinstance(first(new, 6), Replicate)


def test_if_more_are_wished_again_it_is_a_seat() -> None:
    lines = drained()
    at = {one: stays(lines, one, "4") for one in (6, 7)}
    found = planned(seen(lines, at=at), 6)
    assert isinstance(found.steps[0].actions[0], ConfigSet)  # first the setting is put back
    found = planned(seen(lines), 6)
    assert found.seat
    assert found.phase is Phase.RESHARD


def test_a_pod_that_left_as_a_replica_comes_back_to_the_seat() -> None:
    """An old volume made it a replica of a shard that has another one by now."""
    lines = [*build.all_lines(-1), build.line(6, "slave", "n2"), build.line(7)]
    action = first(seen(lines), 5)
    if not isinstance(action, Replicate):
        action = first(seen(lines), 6)
    assert isinstance(action, Replicate)
    assert action.primary == "redis-app-7"


# The last door


def refused(action: Action, snapshot: Snapshot, me: int) -> str:
    facts = Facts(snapshot, build.topology(me))
    return "; ".join(safety.violations(facts, Step(actions=(action,), until="it is so")))


def change(value: str, name: str = "", pod_name: str = "redis-app-6") -> ConfigSet:
    settings = (("cluster-allow-replica-migration", value),)
    named = (("cluster-announce-human-nodename", name),) if name else ()
    return ConfigSet(pod=pod_name, settings=settings + named, why="")


MARKED = "redis-app-6/-/-/3/empty"


def test_m11_the_setting_comes_with_its_mark_and_goes_with_it() -> None:
    before, after = look(grown()), look(drained(), 6, 7)
    assert refused(change("no", MARKED), before, 6) == ""
    assert "would be left behind" in refused(change("no"), before, 6)
    assert "would be left behind" in refused(change("no", "redis-app-6/-/-/3"), before, 6)
    assert refused(change("yes", "redis-app-6/-/-/3"), after, 6) == ""
    assert "is not ours to put back" in refused(change("yes", MARKED), after, 6)
    assert "is not ours to put back" in refused(change("yes", "redis-app-6/-/-/3"), before, 6)


def test_m11_a_persons_own_no_is_not_put_back() -> None:
    lines = drained()
    own = pod(lines, 6, "3", cluster_allow_replica_migration="no")
    said = refused(change("yes", "redis-app-6/-/-/3"), look(lines, at={6: own}), 6)
    assert "is not ours to put back" in said


def test_m11_it_is_set_on_our_own_node_alone() -> None:
    blank = build.snapshot(*(build.own(one) for one in range(6)))
    said = refused(change("no", MARKED, "redis-app-1"), blank, 0)
    assert said.endswith("cluster-allow-replica-migration is set on our own node alone")


def test_m10_a_replica_is_not_led_away_from_a_shard_that_needs_it() -> None:
    lines = mixed(empty=True)
    away = Replicate(pod="redis-app-6", primary="redis-app-7", primary_id="n7", why="")
    told = "redis-app-2, which it follows, has 0 other linked replicas"
    assert told in refused(away, look(lines, 7), 6)
    lines[3] = build.line(3, "slave", "n2")
    assert refused(away, look(lines, 7), 6) == ""
    unlinked = {3: pod(lines, 3, "3", link=False)}
    assert told in refused(away, look(lines, 7, at=unlinked), 6)
