"""Sharing the work of an outage: each pair of pods is looked after by one of the two."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import halves
from bootstrap.model.actions import Meet
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.plan.verdict import LookFurther, Phase, Plan
from tests.core import build

SIZE = 14
MOVED = "10.0.1.{}"


@pytest.mark.parametrize("count", range(2, 10))
@pytest.mark.parametrize("start", [0, 5])
def test_every_pair_is_in_some_half(count: int, start: int) -> None:
    ordinals = range(start, start + count)
    mine = {one: halves.half(ordinals, one) for one in ordinals}
    for one, other in itertools.combinations(ordinals, 2):
        assert (other in mine[one]) or (one in mine[other])
    assert all(len(half) == count // 2 and one not in half for one, half in mine.items())


def test_a_later_pod_has_its_half_too() -> None:
    assert halves.half([0, 1, 2, 3], 9) == (0, 1)


def member(me: int = 0, size: int = SIZE, **more: Any) -> Pod:
    more.setdefault("ok", True)
    return build.own(me, build.all_lines(me, size), **more)


def moved(ordinal: int, *, hostname: int | None = None) -> Pod:
    at = MOVED.format(ordinal if hostname is None else hostname)
    lines = [
        line.replace(f"{build.address(ordinal)}:", f"{at}:")
        for line in build.all_lines(ordinal, SIZE)
    ]
    names = {"cluster_announce_hostname": build.hostname(hostname or ordinal)}
    return build.pod(
        ordinal if hostname is None else hostname,
        build.view(lines, **names, cluster_announce_ip=at, link=True),  # type: ignore[arg-type]
        at=at,
    )


def decide(
    *pods: Pod, scope: Scope = Scope.LOCAL, size: int = SIZE, **memory: Any
) -> Plan | LookFurther:
    snapshot = build.snapshot(*pods, scope=scope, **{"looked": False, **memory})
    return planning.decide(snapshot, build.topology(0, size))


def plan(*pods: Pod, **more: Any) -> Plan:
    found = decide(*pods, **more)
    assert isinstance(found, Plan)
    return found


def further(*pods: Pod, **more: Any) -> Scope | None:
    """How far it has to look before there is a plan; None when there is one."""
    found = decide(*pods, **more)
    return found.scope if isinstance(found, LookFurther) else None


def test_a_small_cluster_looks_at_all_pods() -> None:
    assert further(member(size=12), size=12) is Scope.ALL
    assert further(member(size=13), size=13) is Scope.HALF


def test_without_hostnames_all_pods_are_looked_at() -> None:
    """Whose a node is can only be told by its address then, and that takes all of them."""
    nodes = build.all_lines(0, SIZE)
    view = build.view(nodes, ok=True, server="redis-6.2", cluster_announce_ip=build.address(0))
    seen = build.pod(0, view)
    assert further(seen) is Scope.ALL


def test_the_half_is_met() -> None:
    found = plan(member(), moved(1), moved(7), scope=Scope.HALF)
    assert [one.peer for one in found.steps[0].actions if isinstance(one, Meet)] == [
        "redis-app-1",
        "redis-app-7",
    ]
    assert (found.phase, found.look) == (Phase.HEAL, Scope.HALF)


def test_a_copied_volume_is_left_to_the_look_at_everybody() -> None:
    """The pod that bears the id by right may be in the other half."""
    found = plan(member(), moved(1, hostname=2), scope=Scope.HALF, halved=1.0)
    assert not found.steps
    assert plan(member(), moved(1, hostname=2), scope=Scope.ALL).steps


def test_where_nobody_has_moved_all_are_looked_at_next() -> None:
    assert further(member(), scope=Scope.HALF) is Scope.ALL


def test_the_others_get_time_for_their_half() -> None:
    found = plan(member(), scope=Scope.HALF, halved=6.9)
    assert (found.phase, found.look) == (Phase.HEAL, Scope.HALF)
    assert found.waiting
    assert further(member(), scope=Scope.HALF, halved=7.0) is Scope.ALL


def test_no_pod_is_waited_for_for_ever() -> None:
    """A half that is not done in time: some of it may stay away."""
    pods = member(uptime=5), build.pod(3, "refused")
    assert plan(*pods, scope=Scope.HALF, halved=9.9).look is Scope.HALF
    assert further(*pods, scope=Scope.HALF, halved=10.0) is Scope.ALL


def test_a_copied_volume_seen_whole_is_named() -> None:
    found = plan(member(), moved(1), moved(1, hostname=2), scope=Scope.ALL)
    assert [block.code for block in found.blocked] == ["duplicate-node-id"]


@pytest.mark.parametrize(("scope", "met"), [(Scope.HALF, 0), (Scope.ALL, 1)])
def test_who_seems_forgotten_asks_everybody_first(scope: Scope, met: int) -> None:
    """The one who knows it may be in the other half."""
    me = member(13, link=True)
    lines = [line for line in build.all_lines(1, SIZE) if not line.startswith("n13 ")]
    snapshot = build.snapshot(build.own(1, lines, ok=True), me, scope=scope, looked=False)
    found = planning.decide(snapshot, build.topology(13, SIZE))
    steps = found.steps if isinstance(found, Plan) else ()
    assert [len(step.actions) for step in steps] == [1] * met


def test_one_step_holds_a_bounded_number_of_meetings() -> None:
    """Each is a handshake of both sides; the peers send theirs too."""
    size = 42

    def peer(ordinal: int) -> Pod:
        at = MOVED.format(ordinal)
        lines = [
            line.replace(f"{build.address(ordinal)}:", f"{at}:")
            for line in build.all_lines(ordinal, size, size // 2)
        ]
        names = {"cluster_announce_hostname": build.hostname(ordinal), "cluster_announce_ip": at}
        return build.pod(ordinal, build.view(lines, **names, link=True), at=at)  # type: ignore[arg-type]

    me = build.own(0, build.all_lines(0, size, size // 2), ok=True)
    found = plan(me, *map(peer, range(1, size)), scope=Scope.ALL, size=size)
    (step,) = found.steps
    assert sum(isinstance(one, Meet) for one in step.actions) == 30


def test_a_plan_from_too_narrow_a_look_is_an_error() -> None:
    narrow = build.snapshot(build.own(0), scope=Scope.LOCAL)
    with pytest.raises(ValueError, match="a look at every expected pod"):
        planning.plan(narrow, build.topology(0))
