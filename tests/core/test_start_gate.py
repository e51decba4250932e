"""The start gate: who is held down, for how long, and by whose word it ends."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import pytest

from bootstrap import plan as planning
from bootstrap.model import todo
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod, Scope, Snapshot, Volume
from bootstrap.model.topology import Topology
from bootstrap.plan import start_gate
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Gate, LookFurther, Phase, Plan
from bootstrap.redis import parse
from tests.core import build

NODES_CONF: Final = build.all_lines(0)
"""How n0, a primary whose replica is n3, saw the cluster when it ended."""
REFUSED: Final = build.pod(0, "refused")
PROMOTED: Final = build.line(3, "master", slots="0-5460").replace(" 4 connected", " 7 connected")


def volume(lines: list[str] | None = None, data: str = "", corrupt: str = "") -> Volume:
    text = "\n".join(NODES_CONF if lines is None else lines)
    return Volume(file="/data/nodes.conf", members=parse.nodes(text), data=data, corrupt=corrupt)


def changed(ordinal: int, *lines: str, taken: tuple[str, ...] = ()) -> list[str]:
    """What a node of the formed cluster says, with some lines instead of those of the same id."""
    found = {line.split()[0]: line for line in build.all_lines(ordinal)}
    for line in lines:
        found[line.split()[0]] = line
    for node_id in taken:
        del found[node_id]
    mine = found[f"n{ordinal}"]
    if "myself" not in mine:
        first, _, rest = mine.partition(" ")
        where, _, rest = rest.partition(" ")
        found[f"n{ordinal}"] = f"{first} {where} myself,{rest}"
    return list(found.values())


def peer(ordinal: int, *lines: str, taken: tuple[str, ...] = (), **more: Any) -> Pod:
    return build.own(ordinal, changed(ordinal, *lines, taken=taken), **more)


def down(flags: str = "master", slots: str = "0-5460", epoch: int = 1) -> str:
    """How others see n0."""
    return build.line(0, flags, slots=slots).replace(" 1 connected", f" {epoch} disconnected")


def looked(
    *peers: Pod, seen: Volume | None = None, scope: Scope = Scope.ALL, **more: Any
) -> tuple[Snapshot, Topology]:
    known = {name: more.pop(name) for name in ("shut", "opened", "listed") if name in more}
    snapshot = build.snapshot(REFUSED, *peers, scope=scope, **known)
    found = dataclasses.replace(snapshot, volume=volume() if seen is None else seen)
    return found, build.topology(0, **more)


def plan(*peers: Pod, **more: Any) -> Plan:
    return planning.plan(*looked(*peers, **more))


def asks_all(**more: Any) -> bool:
    """Whether our own pod's volume is no reason to start, and all pods are looked at next."""
    found = looked(scope=Scope.LOCAL, **more)
    further = planning.decide(*found)
    held = not start_gate.gate(Facts(*found)).open
    return held and isinstance(further, LookFurther) and further.scope is Scope.ALL


def verdict(*peers: Pod, **more: Any) -> Gate:
    return plan(*peers, **more).gate


HOLDER: Final = peer(3, down("master,fail?"), keys=5)
"""Its replica, with the only copy."""
GONE: Final = build.line(3, "slave,fail", "n0")


# Who is held down


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (volume(data="/data/dump.rdb"), "the volume holds data: /data/dump.rdb"),
        (volume(changed(0, build.line(0, "myself,slave", "n3"))), "is not that of a primary"),
        (volume(changed(0, build.line(0, "myself,master"))), "is not that of a primary"),
    ],
)
def test_only_an_emptied_primary_waits(seen: Volume, why: str) -> None:
    found = plan(seen=seen, scope=Scope.LOCAL)
    assert found.gate.open
    assert why in found.gate.why
    assert found.gate.code is None
    assert (found.phase, found.look) == (Phase.WAITING, Scope.LOCAL)
    assert "Redis at 10.0.0.10:6379 to answer" in found.waiting[0].text


NAMELESS: Final = Volume(data="/data/dump.rdb")
"""Data without a nodes.conf: emptied, or of another name, or beside the volume."""


def test_data_without_a_nodes_conf_wait_where_a_replica_can_be_promoted() -> None:
    """Another node at the address of the old one would keep redis from failing that one."""
    assert asks_all(seen=NAMELESS)
    held = verdict(HOLDER, seen=NAMELESS)
    assert not held.open
    assert "its volume holds data (/data/dump.rdb) and no nodes.conf" in held.why
    late = verdict(HOLDER, seen=NAMELESS, shut=1000.0)
    assert (late.open, late.code) == (False, "data-missing")


@pytest.mark.parametrize(
    "peers",
    [
        (),
        (peer(3, down("master,fail?"), keys=0),),
        (peer(3, PROMOTED, down("slave", slots="", epoch=7).replace(" - ", " n3 "), keys=5),),
        (build.own(3),),
        (build.pod(3, "refused"),),
    ],
    ids=["nobody", "empty", "promoted", "blank", "away"],
)
def test_else_data_without_a_nodes_conf_start(peers: tuple[Pod, ...]) -> None:
    found = verdict(*peers, seen=NAMELESS)
    assert (found.open, found.why) == (True, "the volume holds data: /data/dump.rdb")


def test_nothing_is_held_where_nothing_can_be_looked_at() -> None:
    snapshot = build.snapshot(REFUSED, HOLDER)
    assert planning.plan(snapshot, build.topology(0)).gate == Gate()


def test_an_emptied_primary_asks_all_pods_first() -> None:
    assert asks_all(shut=1000.0, gate_opens=True)


def test_a_replica_that_holds_keys_is_waited_for() -> None:
    found = plan(HOLDER, peer(1), peer(2))
    assert not found.gate.open
    assert (found.phase, found.look, found.blocked) == (Phase.WAITING, Scope.ALL, ())
    (wait,) = found.waiting
    assert wait.text == (
        "redis-app-0: a replica to be promoted: redis-app-0 was the primary of slots 0-5460, its"
        " volume does not hold their data, and a start would empty its replicas; redis-app-3 (n3 at"
        " 10.0.0.13:6379) holds keys"
    )


def test_once_open_it_stays_open() -> None:
    found = plan(HOLDER, opened=True)
    assert found.gate == Gate()
    assert "Redis at 10.0.0.10:6379 to answer" in found.waiting[0].text


# By whose word it ends


def test_a_promoted_replica_opens_it() -> None:
    found = verdict(
        peer(1, down("master,fail", ""), PROMOTED), peer(3, PROMOTED, down("master,fail", ""))
    )
    assert found == Gate(why="its slots are with redis-app-3 (n3 at 10.0.0.13:6379) by now")


def test_it_is_enough_that_one_has_heard_of_the_promotion() -> None:
    late = peer(2)
    assert verdict(late, peer(1, down("master,fail", ""), PROMOTED)).open


def test_to_be_failed_is_not_enough() -> None:
    """Until one of its replicas is promoted they all go on dialling it."""
    failed = down("master,fail")
    found = verdict(peer(1, failed), peer(2, failed), peer(3, failed, keys=5))
    assert not found.open


@pytest.mark.parametrize("epoch", [1, 0])
def test_a_claim_that_is_not_later_than_ours_is_none(epoch: int) -> None:
    early = PROMOTED.replace(" 7 connected", f" {epoch} connected")
    assert not verdict(peer(1, down(slots=""), early), HOLDER).open


def test_later_words_of_others_about_us_count() -> None:
    """The nodes.conf may be older than what our node said last."""
    later = down(slots="0-5460", epoch=9)
    assert not verdict(peer(1, later), peer(2, down("master", ""), PROMOTED), HOLDER).open
    as_replica = build.line(0, "slave", "n3").replace(" 1 connected", " 7 connected")
    assert verdict(peer(1, as_replica, PROMOTED)).open


def test_all_of_our_slots_have_to_be_taken_over() -> None:
    """One slot was moved to n1 by a later word; the rest is still ours."""
    moved = build.line(1, "master", slots="0 5461-10921").replace(" 2 connected", " 9 connected")
    assert not verdict(peer(1, moved, down(slots="1-5460")), HOLDER).open


def test_slots_that_only_others_know_to_be_ours_count_too() -> None:
    seen = volume(changed(0, build.line(0, "myself,master", slots="0-5000")))
    partly = PROMOTED.replace("0-5460", "0-5000")
    assert not verdict(peer(1, partly, down(slots="5100-5460")), seen=seen).open
    assert verdict(peer(1, partly, down("master,fail", "")), seen=seen).open


def test_the_word_of_a_node_that_does_not_know_ours_is_none() -> None:
    """It may be of another cluster, whose slots are not those that we lost."""
    elsewhere = peer(1, PROMOTED, taken=("n0",))
    assert not verdict(elsewhere, HOLDER).open


def test_no_replica_with_a_key_is_left_to_lose_anything() -> None:
    """As when all pods return at once, and none keeps its data."""
    found = verdict(peer(3))
    assert found == Gate(why="no replica that holds a key is left: its start can lose nothing")


def test_without_any_replica_nothing_can_be_lost() -> None:
    alone = volume(changed(0, taken=("n3",)))
    assert verdict(seen=alone).open
    assert verdict(peer(1, taken=("n3",)), seen=alone).open
    # Others may know of one that came later.
    assert not verdict(peer(1), seen=alone).open


def test_a_replica_that_turned_elsewhere_is_not_waited_for() -> None:
    turned = build.line(3, "slave", "n1")
    assert verdict(peer(3, turned, keys=5), peer(1, turned)).open


def test_silence_is_no_proof() -> None:
    found = verdict()
    assert not found.open
    assert "redis-app-3 (n3 at 10.0.0.13:6379) may hold keys, and was not reached" in found.why
    assert not verdict(peer(1), peer(2)).open


@pytest.mark.parametrize("trouble", ["loading", "timeout", "refused"])
def test_a_replica_that_cannot_be_viewed_is_waited_for(trouble: str) -> None:
    assert not verdict(build.pod(3, trouble), peer(1), peer(2)).open


def test_most_primaries_have_to_say_that_a_replica_is_gone() -> None:
    assert verdict(peer(1, GONE), peer(2, GONE)).open
    assert not verdict(peer(1, GONE)).open
    # Not a primary.
    assert not verdict(peer(1, GONE), peer(4, GONE)).open


def test_nobody_may_say_anything_else() -> None:
    assert not verdict(peer(1, GONE), peer(2, GONE), peer(4)).open
    suspected = build.line(3, "slave,fail?", "n0")
    assert not verdict(peer(1, GONE), peer(2, suspected)).open


def test_failures_of_the_past_come_from_a_nodes_conf() -> None:
    """Who has just been started says what it knew when it ended."""
    young = peer(2, GONE, uptime=14)
    assert not verdict(peer(1, GONE), young).open
    assert verdict(peer(1, GONE), young, node_timeout=14000).open


def test_those_who_do_not_know_us_have_no_say() -> None:
    assert not verdict(peer(1, GONE), peer(2, GONE, taken=("n0",))).open


def test_those_who_forgot_a_replica_say_that_it_is_gone() -> None:
    assert verdict(peer(1, taken=("n3",)), peer(2, GONE)).open


def test_every_replica_has_to_be_accounted_for() -> None:
    sixth = build.line(6, "slave", "n0")
    found = verdict(peer(3, sixth), peer(1, GONE, sixth), peer(2, GONE, sixth))
    assert "redis-app-6" in found.why
    assert "redis-app-3" not in found.why
    assert not found.open


def test_a_stranger_behind_a_name_proves_nothing() -> None:
    strange = build.pod(
        3, build.view(changed(3), cluster_announce_hostname="redis-app-3.elsewhere.example")
    )
    assert not verdict(strange).open


# How long


def test_a_gate_that_is_held_for_too_long_is_a_refusal() -> None:
    found = plan(HOLDER, shut=45.0)
    assert not found.gate.open
    assert (found.phase, found.look) == (Phase.BLOCKED, Scope.ALL)
    (block,) = found.blocked
    assert block.code == "data-missing"
    assert block.why.endswith(
        "; it is held down after 45 s, until its reason is gone or a person acts"
    )
    assert (
        "kubectl exec -n default redis-app-3 -c redis -- redis-cli CLUSTER FAILOVER FORCE"
        in todo.line(block.fix)
    )
    assert plan(HOLDER, shut=44.9).blocked == ()


def test_a_replica_that_does_not_exist_cannot_be_promoted() -> None:
    """As when an OrderedReady set comes back: its pods are made one after the other."""
    absent = Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53")
    (block,) = plan(build.pod(3, resolved=absent), shut=45.0).blocked
    assert todo.line(block.fix).startswith("let redis-app-3 come back")
    assert "make the set Parallel" in todo.line(block.fix)
    assert "FAILOVER" not in todo.line(block.fix)
    assert todo.line(block.fix).endswith(
        "BOOTSTRAP_GATE_ON_TIMEOUT=open && kubectl delete pod -n default redis-app-0"
    )
    (block,) = plan(build.pod(3, "refused"), shut=45.0).blocked
    assert "redis-app-3 -c redis -- redis-cli CLUSTER FAILOVER FORCE" in todo.line(block.fix)


def test_no_replica_is_promoted_for_want_of_dns() -> None:
    """A pod that DNS does not tell may be a replica that was promoted."""
    unseen = build.pod(1, resolved=Name(state="unknown", reason="SERVFAIL from 10.0.0.53:53"))
    (block,) = plan(HOLDER, unseen, shut=45.0).blocked
    assert "FAILOVER" not in todo.line(block.fix)
    assert "redis-app-1: not found by DNS" in todo.line(block.fix)


def test_or_it_opens_if_that_is_what_is_wanted() -> None:
    found = plan(HOLDER, shut=3.0, gate_seconds=3.0, gate_opens=True)
    assert found.gate.open
    assert [block.code for block in found.blocked] == ["data-missing"]
    assert found.gate.why.endswith("after 3 s, as BOOTSTRAP_GATE_ON_TIMEOUT=open wants it")


def test_even_then_it_opens_by_itself_when_a_replica_is_promoted() -> None:
    assert verdict(peer(1, down("master,fail", ""), PROMOTED), shut=1000.0) == Gate(
        why="its slots are with redis-app-3 (n3 at 10.0.0.13:6379) by now"
    )


def test_a_replica_without_a_name_is_to_be_looked_for() -> None:
    nameless = volume([line.replace(f",{build.hostname(3)}", "") for line in NODES_CONF])
    (block,) = plan(seen=nameless, shut=45.0).blocked
    assert "python -m bootstrap status" in todo.line(block.fix)


# A nodes.conf without sense


def test_without_data_a_corrupt_nodes_conf_is_held() -> None:
    found = plan(seen=volume([], corrupt="its last line is cut off"), scope=Scope.LOCAL)
    assert not found.gate.open
    assert (found.phase, found.look) == (Phase.BLOCKED, Scope.LOCAL)
    (block,) = found.blocked
    assert block.code == "nodes-conf-unreadable"
    assert block.why == (
        "/data/nodes.conf: expected a nodes.conf that a server can start with; its last line is"
        " cut off"
    )


def test_whose_it_is_when_we_may_not_read_it_is_told() -> None:
    """Nothing is wrong with it, and nothing is to be emptied."""
    denied = Volume(file="/data/nodes.conf", corrupt="it cannot be read", denied=True)
    (block,) = plan(seen=denied).blocked
    assert "runAsUser" in todo.line(block.fix)
    assert "empty" not in todo.line(block.fix)


def test_with_data_it_is_only_told() -> None:
    """A server that makes sense of it comes up with its data."""
    found = plan(seen=volume([], data="/data/dump.rdb", corrupt="x"), shut=0.0)
    assert found.gate.open
    assert [block.code for block in found.blocked] == ["nodes-conf-unreadable"]


def test_it_goes_on_being_told_while_the_server_is_down() -> None:
    found = plan(seen=volume([], corrupt="x"), opened=True)
    assert found.gate.open
    assert [block.code for block in found.blocked] == ["nodes-conf-unreadable"]


@pytest.mark.parametrize("opens", [True, False])
def test_the_bound_in_time_holds_for_it_too(opens: bool) -> None:
    found = plan(seen=volume([], corrupt="x"), shut=45.0, gate_opens=opens)
    assert found.gate.open is opens
    assert [block.code for block in found.blocked] == ["nodes-conf-unreadable"]
    assert "45 s" in found.gate.why


# What a dry run says besides


def test_where_nothing_is_guarded_a_dry_run_says_so() -> None:
    assert start_gate.unguarded(build.topology(0)) == ()
    (note,) = start_gate.unguarded(build.topology(0, guarded=False))
    assert note.startswith("BOOTSTRAP_DATA_DIR is not set: ")
