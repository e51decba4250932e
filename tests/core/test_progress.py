"""How far slots have moved: what is told, and what is not told without a basis."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model.migration import State
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.model.wish import UNSTATED, Wish, Wished
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.progress import progress
from bootstrap.show import amounts, cluster_table, plan_text, shards, summary
from bootstrap.show import progress as words
from tests.core import build, resharding
from tests.core.resharding import changed, grown, job, memory, pod

MIB = 1 << 20


def lines(*moved: tuple[int, str]) -> list[str]:
    """Six pods and a seat with its replica; `moved` has other slots for some primaries."""
    found = grown()
    for ordinal, slots in moved:
        found[ordinal] = build.line(ordinal, slots=slots)
    return found


def seen(some: list[str], *, full: bool = True, wish: int = 4, **jobs: Any) -> Snapshot:
    """A look at all. Each owner has 8192 keys and as many KiB; `p0` are what pod 0 lists."""
    pods = []
    for ordinal in range(len(some)):
        one = pod(some, ordinal, str(wish))
        if "-" in some[ordinal].split()[-1] and full:
            one = changed(one, keys=8192, writing=memory(0, 0, 8 * MIB))
        pods.append(changed(one, migrations=jobs.get(f"p{ordinal}", ())))
    return build.snapshot(*pods, wished=Wished(wish=Wish(wish)))


def line(snapshot: Snapshot, topology: Topology | None = None) -> str:
    """What is told of the progress."""
    return words.line(Facts(snapshot, topology or build.topology()))


HALF = lines((0, "0-4095"), (6, "4096-5460"))


def test_before_the_first_slot_moves() -> None:
    assert line(seen(grown())) == (
        "4 shards wished, 3 own slots; redis-app-6 has 0 of 4096 slots (0 %);"
        " 4096 slots to move with about 6,140 keys (6.0 MiB)"
    )


def test_how_many_are_left() -> None:
    assert words.left(Facts(seen(HALF), build.topology())) == 2731


def test_what_has_come_is_what_the_target_owns() -> None:
    assert line(seen(HALF)).startswith(
        "4 shards wished, 4 own slots; redis-app-6 has 1365 of 4096 slots (33 %); 2731 slots"
    )


def test_where_the_new_primary_is_still_to_come() -> None:
    six = build.all_lines(-1)
    assert line(seen(six)) == (
        "4 shards wished, 3 own slots; 1 new primary node to come;"
        " redis-app-6 has 0 of 4096 slots (0 %); 4096 slots to move with about 6,140 keys (6.0 MiB)"
    )
    assert "2 new primary nodes to come; redis-app-6 has 0" in line(seen(six, wish=5))
    many = line(seen(six, wish=30))
    assert "redis-app-9 has 0 of 546 slots (0 %) and 23 more; 14743 slots to move" in many


def test_a_source_that_was_not_read_leaves_keys_out() -> None:
    snapshot = seen(grown())
    away = dataclasses.replace(snapshot, pods=tuple(one for one in snapshot.pods if one.ordinal))
    alone = Facts(away, build.topology(1))
    assert words.line(alone).endswith("; 4096 slots to move")
    found = words.as_json(alone)
    assert found is not None
    assert (found["keys"], found["bytes"], found["seconds"]) == (None, None, None)


@pytest.mark.parametrize(
    "wished", [UNSTATED, Wished(wish=Wish(None)), Wished(wish=Wish(3)), Wished(wish=Wish(2))]
)
def test_nothing_is_told_where_nothing_moves(wished: Wished) -> None:
    snapshot = dataclasses.replace(seen(grown()), wished=wished)
    assert (line(snapshot), words.left(Facts(snapshot, build.topology()))) == ("", 0)
    assert words.as_json(Facts(snapshot, build.topology())) is None
    assert words.lines(snapshot, build.topology()) == []


def test_nothing_is_told_while_our_own_server_is_away_or_nothing_is_formed() -> None:
    down = build.snapshot(build.pod(0, "refused"), wished=Wished(wish=Wish(4)))
    assert progress(Facts(down, build.topology())) is None
    new = build.snapshot(build.own(0), build.own(1), wished=Wished(wish=Wish(4)))
    assert progress(Facts(new, build.topology())) is None


# How long it takes


def test_the_pace_of_moves_that_have_ended_tells_the_time_left() -> None:
    ended = job(State.DONE, seconds=60.0, took=5.0)
    # 1365 slots took 5 s, so 2731 take 10 s; the one that runs has had 2 s of them.
    assert line(seen(HALF, p0=(ended,))).endswith("(4.0 MiB); about 10 s")
    running = job(job="k", source_id="n1", ranges=((9557, 10921),), seconds=2.0)
    assert line(seen(HALF, p0=(ended,), p1=(running,))).endswith("; about 8 s")
    # Whatever its age, a move cannot have had more time than it takes.
    late = dataclasses.replace(running, seconds=90.0)
    assert line(seen(HALF, p0=(ended,), p1=(late,))).endswith("; about 5 s")


@pytest.mark.parametrize("more", [{"took": 0.0, "seconds": 60.0}, {"took": 5.0, "seconds": 4000.0}])
def test_a_move_that_took_no_time_or_is_long_over_shows_no_pace(more: dict[str, float]) -> None:
    assert line(seen(HALF, p0=(job(State.DONE, **more),))).endswith("(4.0 MiB)")


def test_a_failed_move_shows_no_pace() -> None:
    ended = job(State.FAILED, seconds=60.0, took=5.0)
    assert line(seen(HALF, p0=(ended,))).endswith("(4.0 MiB)")


def arriving(came: int, *, seconds: float = 3.0, some: list[str] | None = None) -> Snapshot:
    """The first move runs, and so many bytes are at the target."""
    snapshot = seen(some or grown(), p0=(job(seconds=seconds),))
    pods = [
        changed(one, writing=memory(0, 0, came)) if one.ordinal == 6 else one
        for one in snapshot.pods
    ]
    return dataclasses.replace(snapshot, pods=tuple(pods))


def test_the_memory_of_a_target_that_owned_nothing_shows_how_much_has_come() -> None:
    # Two MiB are to come from pod 0, of which one came in 3 s; in all six are to come.
    assert line(arriving(MIB)).endswith("; about 15 s")


@pytest.mark.parametrize(
    "snapshot",
    [
        arriving(MIB - 1),
        arriving(2 * MIB),
        arriving(MIB, seconds=0.0),
        arriving(MIB, some=HALF),
        seen(grown(), full=False, p0=(job(source_id="n77", seconds=3.0),)),
        seen(grown(), full=False, p0=(job(target_id="n77", seconds=3.0),)),
    ],
    ids=["noise", "more than all", "no time", "owned some", "no source", "no target"],
)
def test_without_a_basis_no_time_is_told(snapshot: Snapshot) -> None:
    found = progress(Facts(snapshot, build.topology()))
    assert found is not None
    assert found.seconds is None


# Where it is told


def test_status_dry_run_log_and_json_have_it() -> None:
    snapshot, topology = seen(HALF, p0=(job(State.DONE, seconds=60.0, took=5.0),)), build.topology()
    plan = planning.plan(resharding_counted(snapshot), topology)
    cluster = shards.cluster(snapshot, topology)
    told = f"\nprogress: {line(snapshot)}\n"
    assert told in cluster_table.as_text(cluster, snapshot, plan, topology)
    assert told in plan_text.as_text(snapshot, plan, topology)
    assert summary.facts(snapshot, plan, topology)["progress"] == line(snapshot)
    found = cluster_table.as_json(cluster, snapshot, plan, topology)["progress"]
    assert found == plan_text.as_json(snapshot, plan, topology)["progress"]
    assert found == {
        "shards_wished": 4,
        "shards_with_slots": 4,
        "primaries_missing": 0,
        "slots_to_move": 2731,
        "keys": 4095,
        "bytes": 4194686,
        "seconds": 10,
        "targets": [{"pod": "redis-app-6", "slots": 1365, "goal": 4096}],
        "moves": [
            {
                "source": "redis-app-1",
                "target": "redis-app-6",
                "slots": "9557-10921",
                "keys": 2047,
                "bytes": 2096767,
            },
            {
                "source": "redis-app-2",
                "target": "redis-app-6",
                "slots": "15018-16383",
                "keys": 2048,
                "bytes": 2097919,
            },
        ],
    }


def resharding_counted(snapshot: Snapshot) -> Snapshot:
    """The same, with the count of keys that a move needs."""
    return dataclasses.replace(snapshot, counted=("redis-app-6", 0))


def test_a_local_look_knows_how_many_slots_are_to_move() -> None:
    whole = resharding.seen()
    local = dataclasses.replace(whole, scope=Scope.LOCAL, pods=whole.pods[:1])
    found = progress(Facts(local, build.topology()))
    assert found is not None
    assert (found.slots, found.keys) == (4096, None)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 keys"),
        (1, "1 key"),
        (1000, "1,000 keys"),
        (1234, "1,230 keys"),
        (165_999, "166,000 keys"),
    ],
)
def test_estimates_of_keys(count: int, told: str) -> None:
    assert amounts.keys(count) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 s"), (4.4, "4 s"), (99.9, "100 s"), (100, "2 min"), (5900, "98 min"), (9000, "2 h")],
)
def test_estimates_of_time(seconds: float, told: str) -> None:
    assert amounts.duration(seconds) == told
