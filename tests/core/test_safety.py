"""The last door: each command that breaks an invariant, built by hand, is not sent."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model.actions import (
    Action,
    AddSlots,
    ConfigSet,
    Failover,
    Forget,
    Meet,
    Replicate,
    SetConfigEpoch,
    SetPeersPassword,
)
from bootstrap.model.snapshot import Pod, Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan import form_obstacles, handover, handover_run, rules, safety
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.handover_run import Result
from bootstrap.plan.verdict import Alarm, Phase, Plan, Step, Wait
from tests.core import build, handing

BLANK = [build.own(ordinal) for ordinal in range(6)]
FORMED = [
    build.own(ordinal, build.all_lines(ordinal), ok=True, link=True, keys=7) for ordinal in range(6)
]
FOREIGN = "x1 10.9.9.9:6379@16379,cache-0.elsewhere.ns.svc.cluster.local master - 0 0 9 connected"
GHOST = "g1 10.0.0.99:6379@16379,{name} master,fail - 0 0 1 connected".format
SLOTS = AddSlots(pod="redis-app-0", ranges=((0, 5460),), why="")
EPOCH = SetConfigEpoch(pod="redis-app-0", epoch=4, why="")
FOLLOW = Replicate(pod="redis-app-3", primary="redis-app-0", primary_id="n0", why="")


def meet(one: int, other: int, address: str = "") -> Meet:
    where = address or build.address(other)
    names = (f"redis-app-{one}", f"redis-app-{other}")
    return Meet(pod=names[0], peer=names[1], address=where, port=6379, bus_port=16379, why="")


def forget(node_id: str) -> Forget:
    return Forget(pod="redis-app-0", ghost=node_id, node_id=node_id, why="")


def instead(pods: list[Pod], *others: Pod) -> list[Pod]:
    """The pods, with some of them in another state."""
    by_ordinal = {pod.ordinal: pod for pod in (*pods, *others)}
    return [by_ordinal[ordinal] for ordinal in sorted(by_ordinal)]


def knowing(ordinal: int, *lines: str) -> Pod:
    """A pod of the formed cluster that knows further nodes."""
    nodes = [*build.all_lines(ordinal), *lines]
    return build.own(ordinal, nodes, ok=True, link=True, keys=7)


def found(pods: list[Pod], *actions: Action, me: int = 0, **look: Any) -> tuple[str, ...]:
    """What the door says of a step of these actions."""
    facts = Facts(build.snapshot(*pods, **look), build.topology(me))
    return safety.violations(facts, Step(actions=actions, until="it is done"))


def test_forming_is_let_through() -> None:
    assert found(BLANK, SLOTS, EPOCH, dataclasses.replace(EPOCH, pod="redis-app-3", epoch=1)) == ()


@pytest.mark.parametrize(
    ("pods", "look", "why"),
    [
        (BLANK[:5], {}, "redis-app-5 is not proven"),
        (instead(BLANK, build.pod(5, "loading")), {}, "redis-app-5 is not proven"),
        (
            instead(BLANK, build.own(5, cluster_announce_hostname="")),
            {},
            "redis-app-5 is not proven",
        ),
        ([*BLANK, build.pod(6, "timeout")], {}, "redis-app-6 is not proven"),
        (BLANK, {"listed": False}, "not all pods were looked at"),
        (BLANK[:2], {"scope": Scope.SEED}, "not all pods were looked at"),
        (instead(BLANK, build.own(4, keys=1)), {}, "redis-app-4 holds 1 key"),
        (
            instead(BLANK, build.own(4, [build.blank(4), FOREIGN])),
            {},
            "redis-app-4 knows other nodes",
        ),
        (
            instead(BLANK, build.own(4, f"{build.blank(4)} 5460-5461")),
            {},
            "redis-app-4 says that some of these slots have an owner",
        ),
        (
            instead(BLANK, build.own(4, f"{build.blank(4)} 0")),
            {},
            "redis-app-4 says that some of these slots have an owner",
        ),
    ],
)
def test_slots_are_given_only_where_no_node_can_own_them(
    pods: list[Pod], look: dict[str, Any], why: str
) -> None:
    """I1, I2, I4."""
    assert any(why in text for text in found(pods, SLOTS, **look))


def test_a_step_gives_no_slot_twice() -> None:
    again = AddSlots(pod="redis-app-1", ranges=((5460, 9000),), why="")
    assert any("redis-app-1" in text and "same step" in text for text in found(BLANK, SLOTS, again))


def test_epochs_differ_and_come_before_any_meeting() -> None:
    """I1: among nodes that know each other a risen epoch takes slots."""
    assert any("knows other nodes" in text for text in found(FORMED, EPOCH))
    same = dataclasses.replace(EPOCH, pod="redis-app-1")
    assert "redis-app-1 has this epoch, or gets it" in found(BLANK, EPOCH, same)[0]
    has = instead(BLANK, build.own(3, [build.line(3, "myself,master")]))
    assert "redis-app-3 has this epoch, or gets it" in found(has, EPOCH)[0]


@pytest.mark.parametrize(
    "node",
    [
        build.own(0, build.line(0, "myself,master")),
        build.own(0, [build.blank(0), build.line(1)]),
        build.pod(0, "timeout"),
    ],
)
def test_an_epoch_is_set_only_on_a_node_that_is_alone_and_has_none(node: Pod) -> None:
    """I1."""
    said = found(instead(BLANK, node), EPOCH)
    assert said[-1].endswith("redis-app-0 knows other nodes, or has an epoch")


@pytest.mark.parametrize("ordinal", [0, 1])
def test_the_seed_alone_commands_others_and_only_while_no_pod_has_keys(ordinal: int) -> None:
    setting = ConfigSet(pod="redis-app-4", settings=(("cluster-node-timeout", "499"),), why="")
    said = found(BLANK, setting, me=ordinal)
    assert bool(said) == bool(ordinal)
    assert "holds keys" in found(instead(BLANK, build.own(5, keys=3)), setting)[0]
    unproven = instead(BLANK, build.own(4, cluster_announce_hostname=""))
    assert "redis-app-4 is not proven" in found(unproven, setting)[0]


def test_no_other_settings_are_changed_than_those_that_are_ours() -> None:
    """I3: most others decide what becomes of data."""
    for name in ("maxmemory-policy", "save", "appendonly", "dir"):
        setting = ConfigSet(pod="redis-app-0", settings=((name, "x"),), why="")
        assert f"{name} is no setting of ours" in found(FORMED, setting)[0]


def follow(*, keys: int, link: bool, source_keys: int) -> tuple[str, ...]:
    replica = build.own(3, build.all_lines(3), ok=True, link=link, keys=keys)
    source = build.own(0, build.all_lines(0), ok=True, keys=source_keys)
    return found(instead(FORMED, replica, source), FOLLOW, me=3)


def test_a_replica_is_led_to_no_empty_node_with_the_last_of_the_keys() -> None:
    """I3."""
    assert follow(keys=5, link=False, source_keys=5) == ()
    assert follow(keys=5, link=True, source_keys=0) == ()
    assert follow(keys=0, link=False, source_keys=0) == ()
    said = follow(keys=5, link=False, source_keys=0)[0]
    assert "holds 5 keys, maybe the last copy, and redis-app-0 came back without them" in said


def test_a_replica_with_the_last_of_the_keys_is_not_let_in_at_an_empty_primary() -> None:
    """I3: with the password its link comes up by itself."""
    password = SetPeersPassword(pod="redis-app-3", why="")
    replica = build.own(3, build.all_lines(3), ok=True, keys=5)
    empty, full = (build.own(0, build.all_lines(0), ok=True, keys=keys) for keys in (0, 5))
    said = found(instead(FORMED, replica, empty), password, me=3)[0]
    assert "holds 5 keys, maybe the last copy, and redis-app-0 came back without them" in said
    assert found(instead(FORMED, replica, full), password, me=3) == ()
    assert found(instead(FORMED, replica, build.pod(0, "timeout")), password, me=3) == ()
    assert found(FORMED, SetPeersPassword(pod="redis-app-0", why="")) == ()


def test_a_replica_that_may_have_the_last_copy_stays_with_its_own_primary() -> None:
    """I3: any other primary would empty it, and so may one that was not seen."""
    replica = build.own(3, build.all_lines(3), ok=True, keys=5)
    other = dataclasses.replace(FOLLOW, primary="redis-app-1", primary_id="n1")
    said = found(instead(FORMED, replica), other, me=3)
    assert "redis-app-1 is not its primary" in said[0]
    away = instead(FORMED, replica, build.pod(0, "timeout"))
    assert "redis-app-0 was not seen" in found(away, FOLLOW, me=3)[0]


def test_a_primary_with_slots_or_keys_is_made_no_replica() -> None:
    """I3."""
    of_one = dataclasses.replace(FOLLOW, pod="redis-app-1")
    assert "is a primary with slots or keys" in found(FORMED, of_one, me=1)[0]
    lines = [build.line(0, slots="0-16383"), build.line(1, "myself,master")]
    emptied = build.own(1, lines, keys=2)
    assert "is a primary with slots or keys" in found(instead(FORMED, emptied), of_one, me=1)[0]
    new = build.own(1, lines)
    assert found(instead(FORMED, new), of_one, me=1) == ()


def test_no_foreign_and_no_unknown_node_is_followed() -> None:
    """I5."""
    lines = [build.line(3, "myself,master"), build.line(0, slots="0-16383"), FOREIGN]
    pods = instead(FORMED, build.own(3, lines))
    other = dataclasses.replace(FOLLOW, primary_id="x1")
    assert "is not ours" in found(pods, other, me=3)[0]
    nowhere = dataclasses.replace(FOLLOW, primary_id="nobody")
    assert "does not know this node" in found(pods, nowhere, me=3)[0]
    away = found(instead(FORMED, build.pod(3, "timeout")), FOLLOW)
    assert any("redis-app-3 is not proven" in text for text in away)
    own = found(instead(FORMED, build.pod(3, "timeout")), FOLLOW, me=3)
    assert "redis-app-3 is not proven" in own[0]


def test_a_meeting_of_proven_nodes_is_let_through() -> None:
    assert found(BLANK, meet(0, 1)) == ()
    assert found(FORMED, meet(0, 1)) == ()
    assert found(instead(FORMED, build.own(5)), meet(5, 0), me=5) == ()
    new = build.own(5, build.blank(5).replace("n5", "m5"))
    assert found(instead(FORMED, new), meet(0, 5)) == ()


def test_only_proven_nodes_meet_where_they_were_seen() -> None:
    """I5."""
    silent = instead(FORMED, build.pod(1, "timeout"))
    assert "redis-app-1 is not proven" in found(silent, meet(0, 1))[0]
    assert "redis-app-1 is not proven" in found(silent, meet(1, 0), me=1)[0]
    assert "was not seen at 10.8.8.8" in found(FORMED, meet(0, 1, "10.8.8.8"))[0]
    elsewhere = dataclasses.replace(meet(0, 1), bus_port=7001)
    assert "or listens at other ports" in found(FORMED, elsewhere)[0]


def test_no_meeting_brings_foreign_nodes_in() -> None:
    """I5."""
    pods = instead(FORMED, knowing(1, FOREIGN))
    assert "do not know the same foreign nodes" in found(pods, meet(0, 1))[0]
    both = instead(FORMED, knowing(0, FOREIGN), knowing(1, FOREIGN))
    assert found(both, meet(0, 1)) == ()


def test_two_clusters_that_own_slots_do_not_meet() -> None:
    """I5, whether they claim the same slots or not."""
    one = build.own(0, [build.line(0, "myself,master", slots="0-8000")], keys=3)
    other = build.own(1, [build.line(1, "myself,master", slots="8001-16383")], keys=3)
    assert "two clusters that own slots" in found([one, other], meet(0, 1))[-1]
    same = build.own(1, [build.line(1, "myself,master", slots="8000-16383")], keys=3)
    assert "two clusters that own slots" in found([one, same], meet(0, 1))[-1]


def owning(ordinal: int, span: str, **more: Any) -> Pod:
    """A node that has been given slots, and knows no other yet."""
    return build.own(ordinal, [build.line(ordinal, "myself,master", slots=span)], **more)


HALF_FORMED = instead(BLANK, owning(0, "0-5460"), owning(1, "5461-10922"), owning(2, "10923-16383"))


def test_primaries_meet_while_the_cluster_is_formed() -> None:
    assert found(HALF_FORMED, meet(0, 1)) == ()


@pytest.mark.parametrize(
    "pods",
    [
        HALF_FORMED[:5],
        instead(HALF_FORMED, owning(2, "10922-16383")),
        instead(HALF_FORMED, build.own(4, keys=1)),
        instead(HALF_FORMED, build.own(4, [build.blank(4), GHOST(name=build.hostname(5))])),
    ],
)
def test_owners_meet_only_if_no_node_can_lose_keys_or_slots(pods: list[Pod]) -> None:
    """I5: a pod is away, a slot has two owners, a node has keys, or a node is no pod's."""
    assert "two clusters that own slots" in found(pods, meet(0, 1))[-1]


def test_a_node_of_which_nothing_is_known_does_not_come_along() -> None:
    """I5: on servers that carry no hostname a foreign node may be taken for a pod's."""
    nameless = "x1 10.9.9.9:6379@16379 master - 0 0 9 connected"
    new = build.own(5, build.blank(5).replace("n5", "m5"))
    pods = instead(FORMED, new, knowing(0, nameless))
    assert "It would come along" in found(pods, meet(5, 0), me=5)[0]
    gone = instead(pods, knowing(0, nameless.replace("master", "master,fail")))
    assert found(gone, meet(5, 0), me=5) == ()
    elsewhere = instead(BLANK, build.own(4, [build.blank(4), nameless]))
    assert found(elsewhere, meet(0, 1)) == ()


def test_a_forgotten_node_does_not_bring_slots_that_have_another_owner() -> None:
    """I5: our node knows the peer, and the peer does not know ours."""
    mine = [build.line(0, "myself,master", slots="0-5460"), build.line(1, slots="5461-16383")]
    lines = [build.line(1, "myself,master", slots="0-16383")]
    pods = [build.own(0, mine, keys=3), build.own(1, lines, keys=3)]
    assert "claims slots that have another owner" in found(pods, meet(0, 1))[0]
    apart = [build.line(1, "myself,master", slots="5461-16383")]
    assert found([pods[0], build.own(1, apart, keys=3)], meet(0, 1)) == ()


def test_nodes_that_know_each_other_already_bring_each_other_nothing() -> None:
    away = "g1 10.0.0.99:6379@16379 master,fail - 0 0 1 disconnected 0-5460"
    mine = build.own(0, [build.blank(0), build.line(1), away], keys=3)
    other = build.own(1, [build.line(1, "myself,master", slots="0-16383"), build.line(0)], keys=3)
    assert found([mine, other], meet(0, 1)) == ()


OTHER_OWNER = owning(1, "0-16383")


def test_what_a_node_says_of_itself_counts_before_what_others_remember() -> None:
    """Our node remembers slots of a node that owns none any more."""
    mine = [build.blank(0), build.line(1), build.line(2, slots="0-5460")]
    pods = [build.own(0, mine), OTHER_OWNER, build.own(2)]
    assert found(pods, meet(0, 1)) == ()


def test_a_node_whose_pod_has_another_node_by_now_brings_no_slots() -> None:
    ghost = f"{GHOST(name=build.hostname(2)).replace('connected', 'disconnected')} 0-5460"
    pods = [build.own(0, [build.blank(0), build.line(1), ghost]), OTHER_OWNER, build.own(2)]
    assert found(pods, meet(0, 1)) == ()


def test_slots_are_brought_even_of_a_node_that_the_other_knows_without_slots() -> None:
    """I5."""
    away = "g1 10.0.0.99:6379@16379 master,fail - 0 0 1 disconnected"
    mine = build.own(0, [build.blank(0), build.line(1), f"{away} 0-5460"])
    other = build.own(1, [build.line(1, "myself,master", slots="0-16383"), away])
    assert "claims slots that have another owner" in found([mine, other], meet(0, 1))[0]


def test_only_what_is_gone_for_good_is_forgotten() -> None:
    """I3."""
    ghost = GHOST(name=build.hostname(5))
    pods = instead(FORMED, knowing(0, ghost))
    assert found(pods, forget("g1")) == ()
    assert "it is the node of a pod" in found(FORMED, forget("n4"))[0]
    owner = f"{ghost.replace('connected', 'disconnected')} 7"
    lines = [line.replace("0-5460", "0-6 8-5460") for line in build.all_lines(1)]
    seen = build.own(1, [*lines, owner], ok=True, keys=7)
    assert "says that it owns slots" in found(instead(pods, seen), forget("g1"))[0]
    follower = build.own(
        4, [*build.all_lines(4)[:4], build.line(4, "myself,slave", "g1"), ghost], ok=True
    )
    assert "says that a node follows it" in found(instead(pods, follower), forget("g1"))[0]


def test_a_node_whose_pod_may_bring_it_back_is_not_forgotten() -> None:
    """I3."""
    ghost = GHOST(name=build.hostname(5))
    away = instead(FORMED, knowing(0, ghost), build.pod(5, "timeout"))
    assert "no pod has proven to be another node" in found(away, forget("g1"))[0]
    nameless = instead(away, knowing(0, ghost.replace(f",{build.hostname(5)}", "")))
    assert "no pod has proven to be another node" in found(nameless, forget("g1"))[0]
    assert found(instead(nameless, FORMED[5]), forget("g1")) == ()
    lives = instead(FORMED, knowing(0, ghost.replace("master,fail", "master")))
    assert "does not count it as gone" in found(lives, forget("g1"))[0]
    local = [knowing(0, ghost)]
    assert "not all pods were looked at" in found(local, forget("g1"), scope=Scope.LOCAL)[0]


def test_only_our_own_role_is_handed_over_and_to_a_replica_that_has_our_data() -> None:
    over = Failover(pod="redis-app-3", primary="redis-app-0", why="")
    assert found(FORMED, over) == ()
    assert "is not our node" in found(FORMED, over, me=1)[0]
    other = dataclasses.replace(over, pod="redis-app-4")
    assert "no replica of our node" in found(FORMED, other)[0]
    nowhere = dataclasses.replace(over, pod="redis-app-9")
    assert "no replica of our node" in found(FORMED, nowhere)[0]
    down = build.own(3, build.all_lines(3), ok=True, keys=7)
    astray = build.own(
        3, build.all_lines(3), ok=True, link=True, keys=7, follows="10.0.0.77", server="redis-8.2"
    )
    for replica in (down, astray):
        assert "has no link to it" in found(instead(FORMED, replica), over)[0]


# What becomes of a plan


def look() -> tuple[Snapshot, Topology]:
    return build.snapshot(*instead(BLANK, build.own(4, keys=1))), build.topology(0)


def test_a_plan_that_breaks_an_invariant_sends_nothing_and_says_so() -> None:
    alarm = Alarm(pod="redis-app-0", code=Code.WRITES_REFUSED, why="its disk is full", fix="grow")
    steps = (Step(actions=(SLOTS,), until="a"), Step(actions=(meet(0, 1),), until="b"))
    waits = (Wait(pod="redis-app-0", what="c"),)
    plan = Plan(phase=Phase.FORM, steps=steps, waiting=waits, alarms=(alarm,), look=Scope.ALL)
    said = safety.checked(Facts(*look()), plan)
    assert (said.phase, said.steps, said.waiting) == (Phase.BLOCKED, (), ())
    assert said.alarms == (alarm,)
    (block,) = said.blocked
    assert block.code is Code.SAFETY
    assert block.why == "; ".join(safety.violations(Facts(*look()), steps[0]))
    assert "redis-app-0: add-slots 0-5460" in block.why
    assert "redis-app-4 holds 1 key" in block.why
    assert "--dry-run --output json" in str(block.fix)


def test_every_plan_passes_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that passes over keys would form."""
    others = tuple(rule for rule in rules.RULES if rule.name != "doubts")
    monkeypatch.setattr(rules, "RULES", others)
    monkeypatch.setattr(form_obstacles, "used", lambda *_: [])
    plan = planning.plan(*look())
    assert [block.code for block in plan.blocked] == [Code.SAFETY]
    monkeypatch.setattr(safety, "checked", lambda _facts, plan: plan)
    assert planning.plan(*look()).phase is Phase.FORM


def test_every_step_of_a_hand_over_passes_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Step(actions=(Failover(pod="redis-app-4", primary="redis-app-0", why=""),), until="x")
    monkeypatch.setattr(handover, "_decide", lambda _facts, _run: wrong)
    ended = handing.decide(*(handing.own(ordinal) for ordinal in range(6)))
    assert isinstance(ended, handover_run.Ended)
    assert (ended.result, "no replica of our node" in ended.text) == (Result.FAILED, True)
