"""Slot migrations that run: told once, with what the source says."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model.migration import Migration, State, Way, way
from bootstrap.model.snapshot import Pod, Snapshot
from bootstrap.plan.facts import Facts
from bootstrap.redis import parse
from bootstrap.show import amounts, cluster_table, effect, migrations, plan_text
from bootstrap.show.shards import cluster
from tests.core import build

JOB = Migration(
    job="j1",
    ranges=((0, 1365),),
    source_id="n0",
    target_id="n1",
    state=State.RUNNING,
    said="snapshotting",
    seconds=4.4,
    left=1_258_291,
)


@pytest.mark.parametrize(
    ("product", "version", "found"),
    [
        ("valkey", (9, 0, 0), Way.PUSH),
        ("valkey", (8, 1, 8), None),
        ("redis", (8, 4, 0), Way.PULL),
        ("redis", (8, 3, 9), None),
        ("redis", (7, 2, 4), None),
    ],
)
def test_which_servers_can(product: str, version: tuple[int, int, int], found: Way | None) -> None:
    assert way(product, version) is found


def test_a_view_says_it_of_its_server() -> None:
    assert build.view(build.all_lines(0)).way is Way.PUSH
    assert build.view(build.all_lines(0), server="redis-8.2").way is None


def seen(**jobs: tuple[Migration, ...]) -> Snapshot:
    """Six pods in order, of which some list these migrations; `p0` is pod 0."""

    def one(ordinal: int) -> Pod:
        more = {} if ordinal < 3 else {"link": True, "follows": build.address(ordinal % 3)}
        pod = build.own(ordinal, build.all_lines(ordinal), ok=True, **more)
        assert pod.view is not None
        view = dataclasses.replace(pod.view, migrations=jobs.get(f"p{ordinal}", ()))
        return dataclasses.replace(pod, node=view)

    return build.snapshot(*map(one, range(6)))


def test_each_is_told_once_by_its_source() -> None:
    theirs = dataclasses.replace(JOB, said="receiving-snapshot", left=0)
    ended = dataclasses.replace(JOB, job="j0", state=State.DONE, said="success")
    both = seen(p0=(JOB, ended), p1=(theirs,))
    (line,) = migrations.lines(both, build.topology())
    assert line == (
        "slots move from redis-app-0 to redis-app-1: 1366 slots (0-1365), snapshotting for 4 s,"
        " 1.2 MiB to send"
    )
    assert migrations.lines(seen(p1=(theirs,)), build.topology())[0].endswith("snapshot for 4 s")
    (found,) = migrations.as_json(both, build.topology())
    assert found == {
        "job": "j1",
        "slots": "0-1365",
        "source": "redis-app-0",
        "target": "redis-app-1",
        "state": "snapshotting",
        "seconds": 4,
        "bytes_left": 1258291,
        "message": None,
    }


@pytest.mark.parametrize("job", [JOB, dataclasses.replace(JOB, ranges=((7, 7),))])
def test_both_pictures_have_it(job: Migration) -> None:
    snapshot, topology = seen(p0=(job,)), build.topology()
    plan = planning.plan(snapshot, topology)
    found = cluster(snapshot, topology)
    line = "\n" + migrations.lines(snapshot, topology)[0] + "\n"
    assert line in plan_text.as_text(snapshot, plan, topology)
    assert line in cluster_table.as_text(found, snapshot, plan, topology)
    assert len(cluster_table.as_json(found, snapshot, plan, topology)["migrations"]) == 1
    assert len(plan_text.as_json(snapshot, plan, topology)["migrations"]) == 1


@pytest.mark.parametrize(("me", "told"), [(0, True), (1, True), (2, False), (3, False)])
def test_the_log_of_both_sides_has_it(me: int, told: bool) -> None:
    plan = planning.plan(seen(p0=(JOB,)), build.topology(me))
    notes = [note for note in plan.notes if "slots move from redis-app-0 to redis-app-1" in note]
    assert bool(notes) is told
    assert plan.reached


def torn(job: Migration, *, lost: bool) -> Snapshot:
    """A look of which one half was taken before the hand-off of a job, the other after it."""
    later = 0 if lost else 1
    pods = []
    for pod in seen(p0=(job,)).pods:
        lines = build.all_lines(pod.ordinal)
        if pod.ordinal == later:
            for ordinal, slots in enumerate(("1366-5460", "0-1365 5461-10921")):
                role = "myself,master" if ordinal == later else "master"
                lines[ordinal] = build.line(ordinal, role, slots=slots)
        more = {} if pod.ordinal < 3 else {"link": True, "follows": build.address(pod.ordinal % 3)}
        one = build.own(pod.ordinal, lines, ok=True, **more)
        assert one.view is not None
        jobs = (job,) if pod.ordinal == 0 else ()
        pods.append(dataclasses.replace(one, node=dataclasses.replace(one.view, migrations=jobs)))
    return build.snapshot(*pods)


@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize(
    ("job", "told"),
    [
        (JOB, False),
        (dataclasses.replace(JOB, state=State.DONE, took=4.0), False),
        (dataclasses.replace(JOB, state=State.DONE, seconds=14.4, took=4.0), True),
        (dataclasses.replace(JOB, state=State.FAILED), True),
        (dataclasses.replace(JOB, target_id="n9"), True),
    ],
    ids=["runs", "has just ended", "has ended long ago", "has failed", "to a node not seen"],
)
def test_what_is_handed_over_during_a_look_is_served(
    job: Migration, told: bool, lost: bool
) -> None:
    snapshot, topology = torn(job, lost=lost), build.topology(3)
    found, seen_by_clients = cluster(snapshot, topology), effect.effect(Facts(snapshot, topology))
    moved = ((0, 1365),) if told else ()
    assert (found.lost, found.disputed) == ((moved, ()) if lost else ((), moved))
    assert seen_by_clients.unserved == seen_by_clients.unowned == found.lost


def test_what_failed_last_is_told_while_it_is_tried_again() -> None:
    again = dataclasses.replace(JOB, message="no route", retries=3, left=0)
    (line,) = migrations.lines(seen(p0=(again,)), build.topology())
    assert line.endswith("for 4 s; last error (tried again 3 times): no route")
    once = dataclasses.replace(JOB, retries=1, left=0)
    assert migrations.lines(seen(p0=(once,)), build.topology())[0].endswith("(tried again 1 time)")


def test_a_node_that_nobody_knows_is_told_by_its_id() -> None:
    unknown = dataclasses.replace(JOB, target_id="n77")
    (line,) = migrations.lines(seen(p0=(unknown,)), build.topology())
    assert "from redis-app-0 to n77:" in line


def test_a_node_that_was_not_read_is_told_by_its_hostname() -> None:
    all_pods = seen(p0=(JOB,))
    alone = dataclasses.replace(all_pods, pods=all_pods.pods[:1])
    assert "from redis-app-0 to redis-app-1:" in migrations.lines(alone, build.topology())[0]


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (5 << 30, "5.0 GiB"),
        (3 << 50, "3072.0 TiB"),
    ],
)
def test_sizes(count: int, told: str) -> None:
    assert amounts.size(count) == told


def test_how_valkey_and_redis_list_them() -> None:
    pushed = [
        "name", "j1", "operation", "EXPORT", "slot_ranges", "0-1 5-5", "target_node", "n1",
        "source_node", "n0", "create_time", 100, "last_update_time", 101, "last_ack_time", 101,
        "state", "failed", "message", "gone", "cow_size", 0, "remaining_repl_size", 7,
    ]  # fmt: skip
    pulled = [
        "id", "j2", "slots", "0-1 5-5", "source", "n0", "dest", "n1", "operation", "import",
        "state", "streaming-buffer", "last_error", "", "retries", 2, "create_time", 100_500,
        "start_time", 100_500, "end_time", -1, "write_pause_ms", 0,
    ]  # fmt: skip
    one, other = parse.migrations([pushed, pulled], 104.5)
    assert (one.job, one.state, one.message, one.left, one.seconds) == (
        "j1",
        State.FAILED,
        "gone",
        7,
        4.5,
    )
    assert (other.job, other.state, other.said, other.retries, other.seconds) == (
        "j2",
        State.RUNNING,
        "streaming-buffer",
        2,
        4.0,
    )
    assert one.ranges == other.ranges == ((0, 1), (5, 5))


def test_a_replica_of_valkey_does_not_know_the_nodes() -> None:
    reply = [
        "name", "j1", "operation", "IMPORT", "slot_ranges", "0-1", "create_time", 100,
        "last_update_time", 101, "last_ack_time", 101, "state", "occurring-on-primary",
        "message", "", "cow_size", 0, "remaining_repl_size", 0,
    ]  # fmt: skip
    (one,) = parse.migrations([reply], 100.0)
    assert (one.running, one.source_id, one.target_id) == (True, "", "")


def test_what_a_replica_lists_is_its_primarys() -> None:
    repeated = dataclasses.replace(JOB, source_id="", target_id="")
    assert migrations.lines(seen(p3=(repeated,)), build.topology()) == []


@pytest.mark.parametrize("word", ["success", "completed"])
def test_words_for_the_end(word: str) -> None:
    reply = [["id", "a", "slots", "0-1", "source", "s", "dest", "t", "state", word,
              "last_error", "", "create_time", 5]]  # fmt: skip
    assert parse.migrations(reply, 0.0)[0].state is State.DONE
    assert parse.migrations(reply, 0.0)[0].seconds == 0.0


@pytest.mark.parametrize(
    "reply",
    [
        ["job"],
        [["name", "a", "slot_ranges", "0-1"]],
        [["id", "a", "slots", "x-y", "source", "s", "dest", "t", "state", "none", "last_error", "",
          "create_time", 5]],
        [["id"]],
        [7],
    ],
)  # fmt: skip
def test_lists_that_make_no_sense(reply: list[object]) -> None:
    with pytest.raises(parse.MalformedError, match="slot migrations"):
        parse.migrations(reply, 0.0)
