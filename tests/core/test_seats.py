"""A new node where more shards are wished: who stays an empty primary, and who follows."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model import todo
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod, Snapshot
from bootstrap.model.timers import Timers
from bootstrap.plan.verdict import Plan
from tests.core import build
from tests.core.resharding import grown, pod, seen


def told(snapshot: Snapshot, me: int) -> tuple[list[str], str, bool]:
    """What a pod's plan sends first, what it waits for, and whether it is a seat."""
    found = planning.decide(snapshot, build.topology(me))
    assert isinstance(found, Plan), found
    sent = [" ".join((a.kind, *a.arguments[:1])) for step in found.steps[:1] for a in step.actions]
    return sent, "; ".join(wait.text for wait in found.waiting), found.seat


def two_new(**wishes: str) -> Snapshot:
    """Six pods in order, and two that were met and have no role."""
    lines = [*build.all_lines(-1), build.line(6), build.line(7)]
    return seen(
        lines, at={int(name[1:]): pod(lines, int(name[1:]), wish) for name, wish in wishes.items()}
    )


def test_the_first_takes_the_seat_and_the_second_follows_it() -> None:
    assert told(two_new(), 6) == (
        [],
        "redis-app-6: its replicas, before it gets slots: 0 of 1 have their link",
        True,
    )
    assert told(two_new(), 7)[0] == ["replicate redis-app-6"]


def test_while_wishes_differ_a_new_node_waits() -> None:
    """As a replica it could not get slots any more."""
    sent, waits, seat = told(two_new(p4="3"), 7)
    assert (sent, seat) == ([], True)
    assert "all nodes to show the same wish (redis-app-4: 3 shards" in waits


@pytest.mark.parametrize("wishes", [{"p4": "3"}, {}])
def test_a_seat_looks_often_while_it_waits(wishes: dict[str, str]) -> None:
    """Where servers pull, it will move slots itself."""
    found = planning.decide(two_new(**wishes), build.topology(6))
    assert isinstance(found, Plan)
    assert (found.seat, found.mover) == (True, True)


@pytest.mark.parametrize(
    "wishes", [dict.fromkeys(range(6), "3"), {}], ids=["they differ", "agreed"]
)
def test_one_place_to_be_filled_takes_one_of_two_new_nodes(wishes: dict[int, str]) -> None:
    """Pod 5 is gone for good. Pod 6 takes the seat, and pod 7 the place of pod 5."""
    lines = [*build.all_lines(-1), build.line(6), build.line(7)]
    lines[5] = build.line(5, "slave,fail", "n2")
    gone = build.pod(5, resolved=Name(state="absent"))
    pods = {n: pod(lines, n, wishes.get(n, "4")) for n in range(8) if n != 5}
    snapshot = dataclasses.replace(seen(lines, at={**pods, 5: gone}), timers=Timers(idle=60.0))
    assert told(snapshot, 6)[::2] == ([], True)
    assert told(snapshot, 7)[0] == ["replicate redis-app-2"]


def test_three_are_wished_and_all_new_nodes_follow() -> None:
    lines = [*build.all_lines(-1), build.line(6), build.line(7)]
    for me in (6, 7):
        assert told(seen(lines, wish=3), me)[0][0].startswith("replicate redis-app-")


def test_a_pod_that_the_wish_does_not_need_follows() -> None:
    lines = [*build.all_lines(-1), build.line(8)]
    pods = {place: pod(lines, place) for place in range(6)}
    later = build.own(
        8,
        [*build.all_lines(-1), build.line(8, "myself,master")],
        ok=True,
        cluster_announce_human_nodename="redis-app-8/-/-/4",
    )
    snapshot = seen(build.all_lines(-1), at=pods)
    snapshot = dataclasses.replace(snapshot, pods=(*snapshot.pods, later))
    assert told(snapshot, 8)[0][0].startswith("replicate redis-app-")


def lacking(state: str) -> Snapshot:
    """A replica failed: its pod is away, scaled away, or another node by now."""
    lines = [*build.all_lines(-1), build.line(6)]
    lines[5] = build.line(5, "slave,fail", "n2")
    pods: dict[int, Pod] = {n: pod(lines, n) for n in range(7) if n != 5}
    gone = build.pod(5, resolved=Name(state="absent")) if state == "absent" else build.pod(5, state)
    return seen(lines, at={**pods, 5: gone})


def test_a_node_is_needed_as_a_replica_first() -> None:
    assert told(lacking("absent"), 6)[0] == ["replicate redis-app-2"]


def test_a_replica_that_is_only_away_comes_back() -> None:
    sent, _, seat = told(lacking("timeout"), 6)
    assert (sent, seat) == ([], True)


@pytest.mark.parametrize("flags", ["master", "master,fail"])
@pytest.mark.parametrize(("state", "stays"), [("timeout", True), ("absent", False)])
def test_a_former_primary_that_is_only_away_comes_back(flags: str, state: str, stays: bool) -> None:
    """Its replica took over, and not all have heard of its new role, or it has died."""
    lines = [*build.all_lines(-1), build.line(6)]
    lines[0] = build.line(0, flags)
    lines[3] = build.line(3, slots="0-5460")
    pods: dict[int, Pod] = {n: pod(lines, n) for n in range(1, 7)}
    gone = build.pod(0, resolved=Name(state="absent")) if state == "absent" else build.pod(0, state)
    sent, _, seat = told(seen(lines, at={**pods, 0: gone}), 6)
    away = stays or flags == "master"  # a pod that restarts has no name in DNS for a while
    assert (sent, seat) == (([], True) if away else (["replicate redis-app-3"], False))


def placed(*hosts: str) -> Snapshot:
    """Owners on hosts a, b, c; two new nodes on these hosts."""
    lines = [*build.all_lines(-1), build.line(6), build.line(7)]
    places = ["a", "b", "c", "b", "c", "a", *hosts]
    pods = {
        n: pod(lines, n, cluster_announce_human_nodename=f"redis-app-{n}/{host}/-/4")
        for n, host in enumerate(places)
    }
    return seen(lines, at=pods)


@pytest.mark.parametrize(
    ("hosts", "seat"), [(("a", "d"), 7), (("d", "a"), 6), (("a", "a"), 6), (("d", "d"), 6)]
)
def test_the_seat_is_where_fewest_primaries_are(hosts: tuple[str, str], seat: int) -> None:
    topologies = {n: build.topology(n, host=host) for n, host in zip((6, 7), hosts, strict=True)}
    plans = {n: planning.decide(placed(*hosts), topologies[n]) for n in (6, 7)}
    seats = [n for n, found in plans.items() if isinstance(found, Plan) and found.seat]
    assert seats == [seat]


def test_a_seat_with_its_replica_keeps_it() -> None:
    """A node with a lower ordinal that comes later takes the next seat, not this one."""
    lines = [*build.all_lines(-1), build.line(6), build.line(7), build.line(8, "slave", "n7")]
    snapshot = seen(lines, target="redis-app-7")
    assert told(snapshot, 7)[2]
    assert told(snapshot, 6)[0][0].startswith("replicate")


def test_a_wiped_replica_goes_home() -> None:
    """Its shard has a primary, and its former node is a ghost."""
    lines = build.all_lines(-1)
    ghost = build.line(5, "slave,fail", "n2").replace("n5 ", "x5 ", 1)
    lines[5] = build.line(5)
    all_lines = [*lines, ghost]
    pods = {n: pod(all_lines, n) for n in range(6)}
    snapshot = dataclasses.replace(seen(lines, at=pods), timers=Timers(idle=10.0))
    assert told(snapshot, 5)[0] == ["replicate redis-app-2"]


def test_an_empty_primary_that_is_ready_waits_for_its_slots() -> None:
    sent, waits, seat = told(seen(grown()), 6)
    assert (sent, seat) == ([], True)
    assert waits == "redis-app-0: its sidecar to move slots 4096-5460"


def emptied(wish: int | None = 4) -> Snapshot:
    """Pods 6 and 7 were a replica too many each, and come back empty."""
    lines = [*build.all_lines(-1), build.line(6), build.line(7)]
    ghosts = [
        build.line(n, "slave,fail", f"n{n - 6}").replace(f"n{n} ", f"x{n} ", 1) for n in (6, 7)
    ]
    text = "hold" if wish is None else str(wish)
    pods = {n: pod([*lines, *ghosts], n, text) for n in range(8)}
    found = seen(lines, wish=wish, at=pods)
    return dataclasses.replace(found, timers=Timers(idle=10.0))


def test_a_replica_too_many_that_was_emptied_takes_a_seat() -> None:
    """Its former shard has enough replicas, so the node is not needed there."""
    assert told(emptied(), 6)[2]
    assert told(emptied(), 7)[0] == ["replicate redis-app-6"]


def test_while_nothing_is_to_move_it_goes_home() -> None:
    assert told(emptied(wish=None), 6)[0] == ["replicate redis-app-0"]
    assert told(emptied(wish=None), 7)[0] == ["replicate redis-app-1"]


def test_what_is_to_be_done_names_the_replicas_too_many() -> None:
    lines = [*build.all_lines(-1), build.line(6, "slave", "n0"), build.line(7, "slave", "n1")]
    found = planning.decide(seen(lines), build.topology(0))
    assert isinstance(found, Plan)
    (wait,) = found.waiting
    named = [one.what.partition("give ")[2].partition(" an")[0] for one in todo.todos(wait.fix)]
    assert named == ["redis-app-6", "redis-app-7"]
