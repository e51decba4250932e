"""`scripts/bench move`, small, and how it judges what it saw."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench import course, move, move_table, stalls, stored, traffic
from tests.reshard import wishing
from tests.statefulset import needs, process, servers, sets

KEYS = 4000


def bench(server: str, only: str, folder: Path) -> tuple[list[dict[str, Any]], str]:
    """What it found, and what it wrote."""
    needs.server(server)
    needs.redis_cli()
    words = ["--quick", "--keys", str(KEYS), "--server", server, "--only", only]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.bench", "move", *words, "--output", str(folder)],
        env=os.environ | {"PYTHONPATH": str(servers.REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "bench.json").read_text())["moved"], done.stdout


@pytest.mark.enumerates
@pytest.mark.slow
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_both_ways_of_ours_end_and_lose_nothing(name: str, tmp_path: Path) -> None:
    needs.insecurity("the bench measures plain servers")
    runs, said = bench(name, f"{move.WISH.name},{move.STATED.name}", tmp_path)
    assert [run["contender"] for run in runs] == [move.WISH.name, move.STATED.name]
    for run in runs:
        assert run["seconds"] > run["first"] > 0
        assert run["moved"] == 1.0
        assert run["keys"] == KEYS
        assert (run["wrong"], run["missing"], run["lost"]) == (0, 0, 0)
        assert all(run["during"][job]["operations"] for job in traffic.JOBS)
        assert run["failed"]["redis-py"] == {}
    assert "A QUARTER OF THE KEYS MOVES" in said


@pytest.mark.slow
def test_redis_cli_moves_by_the_same_measure(tmp_path: Path) -> None:
    needs.insecurity("the bench measures plain servers")
    (run,), _ = bench("redis-8.10", "redis-cli atomic", tmp_path)
    assert run["seconds"] > run["first"] > 0
    assert run["moved"] == 1.0
    assert (run["said"], run["missing"], run["lost"]) == ("", 0, 0)


def test_keys_that_are_gone_or_changed_are_missing() -> None:
    needs.insecurity("keys are loaded over plain connections")
    with sets.LocalStatefulSet(1, needs.server("valkey-9.1")) as app:
        app.start_servers()
        app[0].ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        owned = lambda: "cluster_state:ok" in app[0].ask("CLUSTER", "INFO")  # noqa: E731
        process.wait_for(owned, 20.0, "cluster_state:ok")
        stored.load(app.pods, KEYS, replicas=0)
        assert app[0].ask("DBSIZE") == KEYS
        assert stored.missing(app.pods, KEYS) == 0
        app[0].ask("DEL", "{17}:0")
        app[0].ask("SET", "{999}:3", "another value")
        assert stored.missing(app.pods, KEYS) == 2
        app[0].ask("SET", "{writer}:one", 5)
        assert stored.numbers(app.pods, ["{writer}:one", "{writer}:two"]) == {"{writer}:one": 5}


def record(*ends: float, job: traffic.Job = "writer") -> traffic.Record:
    """A client whose operations took 1 ms each."""
    return traffic.Record(
        client="redis-py", job=job, operations=[(end - 0.001, end) for end in ends]
    )


def test_a_gap_counts_in_its_whole_length_if_it_touches_the_span() -> None:
    one = record(1.0, 1.1, 2.0, 2.1, 5.0)
    assert stalls.gap(one, 1.5, 1.6) == pytest.approx(0.9)
    assert stalls.gap(one, 1.5, 2.2) == pytest.approx(2.9)
    assert stalls.gap(one, 6.0, 7.0) == 0.0


def test_of_all_clients_of_a_job_the_worst_counts() -> None:
    some = [record(1.0, 1.1, 1.2), record(1.0, 1.5), record(1.0, 9.0, job="reader")]
    met = stalls.met(some, "writer", 1.0, 2.0)
    assert met.operations == 5
    assert met.longest == pytest.approx(500)
    assert met.p99 == pytest.approx(1.0)
    assert stalls.at(some, [1.3, 4.0]) == [pytest.approx(0.5), 0.0]


def test_nothing_succeeded() -> None:
    assert stalls.met([record()], "writer", 1.0, 2.0) == stalls.Stalls(
        operations=0, p99=0.0, longest=0.0
    )


def test_four_owners_are_even_within_one_slot() -> None:
    quarters = [owner for owner in "abcd" for _ in range(4096)]
    assert course.even(quarters)
    assert course.even([*quarters[:-1], "a"])
    assert not course.even([*quarters[:-2], "a", "a"])
    assert not course.even(["a"] * 16384)
    assert not course.even([*quarters[:-1], ""])


def moved(contender: str, seconds: float | None, **more: Any) -> move.Moved:
    calm = stalls.Stalls(operations=10, p99=1.0, longest=2.0)
    usual = move.Moved(
        contender=contender,
        keys=KEYS,
        seconds=seconds,
        first=0.5,
        moved=1.0,
        hand_offs=3,
        gaps=[0.1, 0.2],
        calm={"writer": calm, "reader": calm},
        during={"writer": calm, "reader": calm},
        failed={},
        wrong=0,
        missing=0,
        lost=0,
        others=0.0,
    )
    return dataclasses.replace(usual, **more)


def row(table: str, name: str) -> str:
    return next(line for line in table.splitlines() if line.startswith(f"{name} "))


def test_the_table_has_medians_and_their_ratios() -> None:
    runs = [moved("redis-cli", seconds) for seconds in (10.0, 30.0, 20.0)]
    runs += [moved("redis-cli atomic", 4.0), moved("bootstrap", 1.0), moved("bootstrap", 3.0)]
    table = move_table.moved(runs)
    assert "20.00 s  " in row(table, "redis-cli")
    assert "4.00 s (0.200)" in row(table, "redis-cli atomic")
    assert "2.00 s (0.100 / 0.500)" in row(table, "bootstrap")


def test_the_table_tells_the_worst() -> None:
    bad = moved("bootstrap", None, failed={"redis-py": {"no": 2}}, lost=3, said="[ERR] no")
    table = move_table.moved([moved("bootstrap", 1.0), bad])
    told = row(table, "bootstrap")
    assert "never" in told
    assert "redis-py: 2" in told
    assert "at most 0.200 s" in told
    assert table.endswith("bootstrap: [ERR] no")
