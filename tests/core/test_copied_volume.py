"""A volume that is a copy: what its nodes.conf says, who answers elsewhere, and a person's word."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import pytest

from bootstrap import plan as planning
from bootstrap.model import todo
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Originals, Scope, Snapshot, Trouble, Unreachable, Volume
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.plan import copied_volume, start_gate
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Gate, LookFurther, Phase, Plan
from bootstrap.redis import parse
from tests.core import build

ELSEWHERE: Final = "redis-service.prod.svc.cluster.local"
ADOPT: Final = f"redis-app.{ELSEWHERE}"
THERE: Final = "10.9.9.1"
ABSENT: Final = Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53")
SILENT: Final = Originals(names=((f"redis-app-0.{ELSEWHERE}", ABSENT),), nodes=((THERE, None),))
FILE: Final = build.all_lines(0)
NAMED: Final = [line.replace(build.SUBDOMAIN, ELSEWHERE) for line in FILE]
"""The nodes.conf of a copy of pod 0's volume."""


def named(name: str, lines: list[str] = NAMED) -> list[str]:
    """The same, where the node itself has another name."""
    mine = f",redis-app-0.{ELSEWHERE}"
    return [one.replace(mine, f",{name}" if name else "") for one in lines]


def node(ordinal: int, name: str = "", lines: list[str] | None = None, **more: Any) -> View:
    """What a node of the original says."""
    return build.view(lines or build.all_lines(ordinal), cluster_announce_hostname=name, **more)


def looked(
    lines: list[str], originals: Originals | None, *pods: Any, **more: Any
) -> tuple[Snapshot, Topology]:
    members, scope = parse.nodes("\n".join(lines)), more.pop("scope", Scope.ALL)
    memory = {name: more.pop(name) for name in ("shut",) if name in more}
    seen = dataclasses.replace(
        build.snapshot(build.pod(0, "refused"), *pods, scope=scope, **memory),
        volume=Volume(file="/data/nodes.conf", members=members, data="/data/dump.rdb"),
        originals=originals,
    )
    return seen, build.topology(0, **more)


def decided(lines: list[str], originals: Originals | None, *pods: Any, **more: Any) -> Plan:
    return planning.plan(*looked(lines, originals, *pods, **more))


def gate(lines: list[str], originals: Originals | None, *pods: Any, **more: Any) -> Gate:
    return decided(lines, originals, *pods, **more).gate


def answers(said: View | Unreachable | None, *, name: Name = ABSENT) -> Originals:
    return Originals(names=((f"redis-app-0.{ELSEWHERE}", name),), nodes=((THERE, said),))


def unreachable(trouble: Trouble) -> Unreachable:
    return Unreachable(trouble=trouble, reason=f"it is {trouble}")


# Whose the volume is


@pytest.mark.parametrize(
    ("lines", "bears"),
    [
        (FILE, ""),
        (NAMED, ADOPT),
        (named(f"redis-app-4.{build.SUBDOMAIN}"), ""),
        (named("db-0.db-service.default.svc.cluster.local"), "db.db-service.default.svc.cluster.local"),
        (named("redis-app-0.redis-service.default.svc.other"), "redis-app.redis-service.default.svc.other"),
        (named("redis.example.com"), "redis.example.com"),
        # In short, in capitals, in a domain outside: the pod's own, as far as names tell.
        (named("redis-app-0"), ""),
        (named("redis-app-0.redis-service"), ""),
        (named("Redis-App-0.Redis-Service.Default.svc.cluster.local."), ""),
        (named("redis-app-0.example.com"), ""),
        # Cut short, and yet another's.
        (named("redis-app-0.redis-service.prod"), "redis-app.redis-service.prod"),
        (named("redis-app-0.db-service.default"), "redis-app.db-service.default"),
        (named("redis-app-0.db-service"), "redis-app.db-service"),
        (named("redis-0.example.com"), "redis.example.com"),
        # A server that started without a sidecar has no name of its own.
        (named(""), ADOPT),
        (named("", FILE), ""),
        ([build.line(0, "myself,master").split(",")[0] + " myself,master - 0 0 1 connected"], ""),
    ],
)  # fmt: skip
def test_whose_the_volume_is(lines: list[str], bears: str) -> None:
    volume = Volume(members=parse.nodes("\n".join(lines)))
    assert copied_volume.written_by(volume, build.topology(0)) == bears


def test_a_volume_of_our_own_opens_the_gate_whoever_is_silent() -> None:
    assert gate(FILE, None).open
    assert gate(FILE, SILENT).open
    assert gate(FILE, answers(unreachable(Trouble.PASSWORD))).open
    assert gate(FILE, answers(node(1, build.hostname(1)))).open


# Held


def held(found: Gate, *texts: str) -> None:
    assert (found.open, found.code) == (False, "copied-volume")
    assert all(text in f"{found.why} {todo.line(found.fix)}" for text in texts), found


@pytest.mark.parametrize("lines", [FILE, NAMED, named("")], ids=["ours", "theirs", "nameless"])
@pytest.mark.parametrize("name", ["", build.hostname(0), f"redis-app-0.{ELSEWHERE}"])
def test_our_id_that_answers_elsewhere_is_proof_enough(lines: list[str], name: str) -> None:
    """Whatever the names are: another Kubernetes cluster may have the same."""
    said = name or "a node without a name"
    held(gate(lines, answers(node(0, name)), adopted=ADOPT), f"its node n0 runs at {THERE}", said)


def test_what_to_do_while_the_original_lives() -> None:
    found = gate(NAMED, answers(node(0, f"redis-app-0.{ELSEWHERE}")))
    held(
        found,
        "kubectl delete pvc -n default",
        "kubectl scale statefulset -n prod redis-app --replicas=0",
        f"BOOTSTRAP_ADOPT={ADOPT}",
    )
    plan = decided(NAMED, answers(node(0)))
    assert (plan.phase, plan.look, plan.blocked[0].code) == (
        Phase.BLOCKED,
        Scope.ALL,
        "copied-volume",
    )


@pytest.mark.parametrize("said", [node(0), node(1, f"redis-app-1.{ELSEWHERE}")])
def test_what_is_set_already_is_not_told_to_be_set(said: View) -> None:
    set_already = gate(NAMED, answers(said), adopted=ADOPT)
    held(set_already, f"BOOTSTRAP_ADOPT={ADOPT} is set, and counts once that one answers no more")
    held(set_already, f"runs at {THERE}", "wait for the gate")
    assert "set BOOTSTRAP_ADOPT=" not in todo.line(set_already.fix)
    held(gate(NAMED, answers(said), adopted="redis.other"), "is set, and names another set")
    acts = [one for one in todo.todos(set_already.fix) if "delete pvc" in one.command]
    assert acts
    assert all(one.destructive for one in acts)


@pytest.mark.parametrize("name", ["", f"redis-app-1.{ELSEWHERE}", "redis-1.example.com"])
def test_others_of_the_file_that_live_are_enough(name: str) -> None:
    held(gate(NAMED, answers(node(1, name)), adopted=ADOPT), f"node n1 runs at {THERE}")


def test_a_copy_that_has_run_before_is_held_by_the_others_names() -> None:
    """Its own sidecar has given the node a name of ours by then."""
    lines = [FILE[0], *NAMED[1:]]
    held(gate(lines, answers(node(1, f"redis-app-1.{ELSEWHERE}"))), ADOPT)
    assert gate(lines, answers(node(1, ""))).open
    assert gate(lines, SILENT).open


def test_nodes_in_pods_of_ours_are_no_original() -> None:
    """Some start before others, may be at addresses of the past, and be told by DNS or by name."""
    peer = build.own(1, at=THERE)
    assert peer.view
    assert gate(NAMED, answers(node(1)), build.pod(1, node(1), at=THERE), adopted=ADOPT).open
    assert gate(NAMED, answers(node(1, build.hostname(1))), adopted=ADOPT).open
    # Such a node shows that the volume is of this set, whatever name it bears.
    assert gate(NAMED, answers(node(1)), build.pod(1, node(1), at=THERE)).open
    held(gate(NAMED, answers(node(1)), build.pod(1, node(2), at=THERE), adopted=ADOPT), "n1")
    # But for our own id: two pods of ours have it then.
    held(gate(NAMED, answers(node(0)), build.pod(1, node(0), at=THERE), adopted=ADOPT), "n0")


@pytest.mark.parametrize("originals", [SILENT, answers(node(1))])
def test_pods_of_ours_are_looked_at_before_anything_is_said(originals: Originals) -> None:
    seen = looked(NAMED, originals, scope=Scope.LOCAL)
    assert not start_gate.gate(Facts(*seen)).open
    assert planning.decide(*seen) == LookFurther(
        scope=Scope.ALL, why="a look at what else there is"
    )
    held(start_gate.gate(Facts(*looked(NAMED, answers(node(0)), scope=Scope.LOCAL))), "n0")


def test_a_node_of_another_cluster_at_an_old_address_is_none_of_it() -> None:
    stranger = build.view("x9 10.9.9.1:6379@16379,db-0.elsewhere myself,master - 0 0 1 connected")
    assert gate(NAMED, answers(stranger), adopted=ADOPT).open


# A person's word


def test_without_a_word_the_copy_is_held_and_the_word_is_named() -> None:
    held(gate(NAMED, SILENT), "no node answers", "is not set", f"BOOTSTRAP_ADOPT={ADOPT} ")
    others = build.pod(1, "refused"), build.own(2)
    held(gate(NAMED, SILENT, *others), "kubectl delete pod -n default redis-app-0 redis-app-1 (")
    held(gate(NAMED, SILENT, adopted="redis.other"), "BOOTSTRAP_ADOPT is redis.other")


def test_with_the_word_the_gate_opens() -> None:
    assert gate(NAMED, SILENT, adopted=ADOPT).open
    gone = answers(None, name=Name(state="found", addresses=("10.9.9.7",)))
    assert gate(NAMED, gone, adopted=ADOPT).open


REPLICA: Final = [
    line.replace(build.SUBDOMAIN, ELSEWHERE)
    for line in (build.line(0, "myself,slave", "n3"), build.line(3, slots="0-5460"))
]


def test_an_adopted_replica_starts_after_its_primary() -> None:
    """Two snapshots may say of each other that they are followed: redis 8.2 hangs on that."""
    waits = gate(REPLICA, SILENT, build.pod(3, "refused"), adopted=ADOPT)
    assert (waits.open, waits.code, waits.until) == (False, None, "redis-app-3 to start")
    held(
        gate(REPLICA, SILENT, build.pod(3, "refused"), adopted=ADOPT, shut=60.0),
        """python -c 'print(open("/data/nodes.conf").read())'""",
        "kubectl delete pvc -n default",
    )
    assert gate(REPLICA, SILENT, build.own(3, build.all_lines(3)), adopted=ADOPT).open
    another = build.own(3, "n9 10.0.0.13:6379@16379 myself,master - 0 0 0 connected")
    assert gate(REPLICA, SILENT, another, adopted=ADOPT).open
    assert gate(REPLICA, SILENT, adopted=ADOPT).open
    assert gate(REPLICA[:1], SILENT, build.pod(3, "refused"), adopted=ADOPT).open


@pytest.mark.parametrize("trouble", [*Trouble])
def test_an_answer_that_does_not_say_which_node_it_is_holds_it(trouble: Trouble) -> None:
    found = gate(NAMED, answers(unreachable(trouble)), adopted=ADOPT)
    if trouble in {Trouble.REFUSED, Trouble.NOT_CLUSTER}:
        assert found.open
    else:
        held(found, f"{THERE}: it is {trouble}")


def test_dns_that_does_not_answer_holds_it() -> None:
    unknown = Name(state="unknown", reason="SERVFAIL from 10.96.0.10:53")
    held(gate(NAMED, answers(None, name=unknown), adopted=ADOPT), "SERVFAIL")


def test_what_stops_an_original_is_told_as_far_as_its_name_tells() -> None:
    outside = gate(named("db-0.example.com"), answers(node(0, "db-0.example.com")))
    held(outside, "kubectl get pods -A -o wide", "stop its server, which listens at port 6379")
    held(gate(FILE, answers(node(0, ""))), "stop its server, which listens at port 6379", "wait")


def test_an_old_address_that_a_pod_of_ours_has_now_is_clear() -> None:
    """With TLS the server there has no certificate for the name of the original."""
    unclear = Originals(nodes=((build.address(1), unreachable(Trouble.TLS_NAME)),))
    held(gate(NAMED, unclear, build.pod(1, "refused"), adopted=ADOPT), "is not known")
    assert gate(NAMED, unclear, build.own(1, build.all_lines(1)), adopted=ADOPT).open


# While our own server runs


def test_twins_are_told_only_of_ids_of_our_own_pods() -> None:
    pods = [build.own(one, build.all_lines(one), ok=True, link=True) for one in range(6)]
    foreign = Originals(nodes=((THERE, node(1)), ("10.9.9.2", None), (build.address(1), node(1))))
    seen = dataclasses.replace(build.snapshot(*pods), originals=foreign)
    plan = planning.plan(seen, build.topology(0))
    assert [block.code for block in plan.blocked] == ["copied-volume"]
    assert "the same of" not in plan.blocked[0].why
    assert "stop its server" in todo.line(plan.blocked[0].fix)
    # By its name gossip has it of another set, and what is there does not say which node it is.
    other = [one.replace(build.hostname(4), f"redis-app-4.{ELSEWHERE}") for one in FILE]
    other = [one.replace("10.0.0.14", THERE) for one in other]
    knows = dataclasses.replace(
        seen,
        pods=(build.own(0, other, ok=True, link=True), *pods[1:]),
        originals=answers(unreachable(Trouble.PASSWORD)),
    )
    (block,) = planning.plan(knows, build.topology(0)).blocked
    assert (block.code, planning.plan(knows, build.topology(0)).steps) == ("copied-volume", ())
    assert f"is node n4, and so may be {THERE}, known as redis-app-4.{ELSEWHERE}" in block.why
    # With TLS a server behind our own pod has no certificate for the name in another form.
    short = [one.replace(build.hostname(4), "redis-app-4") for one in FILE]
    wrong_name = ((build.address(4), unreachable(Trouble.TLS_NAME)),)
    adopted = dataclasses.replace(
        seen,
        pods=(build.own(0, short, ok=True, link=True), *pods[1:]),
        originals=Originals(nodes=wrong_name),
    )
    assert planning.plan(adopted, build.topology(0)).reached
    gone = dataclasses.replace(knows, originals=answers(None))
    assert planning.plan(gone, build.topology(0)).steps
    near = dataclasses.replace(seen, pods=(pods[0],), scope=Scope.LOCAL)
    assert planning.plan(near, build.topology(0)).reached
    stranger = build.view("x9 10.9.9.1:6379@16379 myself,master - 0 0 1 connected")
    others = dataclasses.replace(seen, originals=answers(stranger))
    assert planning.plan(others, build.topology(0)).reached
