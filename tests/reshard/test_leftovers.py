"""Slots that a client began to move key by key, and gave up: servers do not move what is left.

A client moved 15 of 30 keys of a slot, and closed the slot on both sides. Then each side holds half
of the keys, and no server says so. Why nothing moves over that (M1), the last test shows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import redis.exceptions

from bootstrap.redis import parse
from tests.formation import forming
from tests.keeping import keeping
from tests.reshard import wishing
from tests.statefulset import needs, pod, sets

KEYS: Final = [f"{{left-6}}-{number}" for number in range(30)]
SLOT: Final = 13020
"""Their slot, the third shard's."""


def give_up_half_way(source: pod.Pod, target: pod.Pod) -> None:
    target.ask("CLUSTER", "SETSLOT", SLOT, "IMPORTING", source.node_id())
    source.ask("CLUSTER", "SETSLOT", SLOT, "MIGRATING", target.node_id())
    source.ask("MIGRATE", target.address, target.port, "", 0, 5000, "KEYS", *KEYS[:15])
    for one in (target, source):
        one.ask("CLUSTER", "SETSLOT", SLOT, "STABLE")
    assert held(source, target) == (15, 15)


def give_back(source: pod.Pod, target: pod.Pod) -> None:
    """As the runbook says."""
    target.ask("CLUSTER", "SETSLOT", SLOT, "IMPORTING", source.node_id())
    keys = target.ask("CLUSTER", "GETKEYSINSLOT", SLOT, 100)
    target.ask("MIGRATE", source.address, source.port, "", 0, 5000, "KEYS", *keys)
    # While the slot is open nothing moves. From STABLE on, slots may move at once.
    assert held(source, target) == (30, 0)
    target.ask("CLUSTER", "SETSLOT", SLOT, "STABLE")


def held(source: pod.Pod, target: pod.Pod) -> tuple[int, int]:
    """How many keys of the slot the source has, and the target in slots that it does not own.

    COUNTKEYSINSLOT of redis 8.10 hides the latter.
    """
    stats = target.ask("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 0, 16383)
    astray = int(target.ask("DBSIZE")) - parse.keys_in_slots(stats)
    return int(source.ask("CLUSTER", "COUNTKEYSINSLOT", SLOT)), astray


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_nothing_moves_over_leftovers(name: str, tmp_path: Path) -> None:
    needs.insecurity("MIGRATE would need the login of the tests")
    wish = wishing.Wish(tmp_path)
    wish.state("hold")
    env = {**wish.env, "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"}
    with keeping.formed(name, 3, replicas_per_shard=0, sidecar_env=env) as app:
        target, _, source = app.pods
        for key in KEYS:
            source.ask("SET", key, key)
        give_up_half_way(source, target)
        wish.state("2")
        forming.until(
            lambda: any(tells(one) for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        assert wishing.owned(app)[source.ordinal] == 5462
        assert held(source, target) == (15, 15)
        give_back(source, target)
        wishing.wait_even(app, 2)
        assert keeping.missing_keys(app) == []
        with contextlib.closing(keeping.client(app)) as client:
            assert [key for key in KEYS if client.get(key) != key] == []


def tells(one: pod.Pod) -> bool:
    plan = str(forming.events(one, "plan")[-1:])
    return "keys-behind" in plan and "redis-app-0 holds 15 keys" in plan


@contextlib.contextmanager
def two(name: str) -> Iterator[tuple[pod.Pod, pod.Pod]]:
    """An owner of all slots, and an empty primary that it knows; no sidecars."""
    with sets.LocalStatefulSet(2, needs.server(name)) as app:
        app.start_servers()
        source, target = app.pods
        source.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        target.ask("CLUSTER", "MEET", source.address, source.port)
        forming.until(
            lambda: all("cluster_state:ok" in str(one.ask("CLUSTER", "INFO")) for one in app.pods),
            lambda: [one.cluster_nodes() for one in app.pods],
        )
        for key in KEYS:
            source.ask("SET", key, key)
        yield source, target


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_what_servers_do_with_leftovers(name: str) -> None:
    """The twin: the same command, without a look at what the target holds."""
    needs.insecurity("MIGRATE would need the login of the tests")
    with two(name) as (source, target):
        give_up_half_way(source, target)
        if source.server.valkey:
            to = target.node_id()
            source.ask("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", SLOT, SLOT, "NODE", to)
            forming.until(lambda: not target.running, target.server_tail)
            assert "ASSERTION FAILED" in target.log_file.read_text()
            return
        target.ask("CLUSTER", "MIGRATION", "IMPORT", SLOT, SLOT)
        forming.until(lambda: owns(target), target.cluster_nodes)
        # It has all that the source still had, and nothing of what it had itself.
        assert target.ask("CLUSTER", "COUNTKEYSINSLOT", SLOT) == 15
        assert [key for key in KEYS if target.ask("GET", key) is None] == KEYS[:15]
        with pytest.raises(redis.exceptions.MovedError):
            source.ask("GET", KEYS[0])


def owns(one: pod.Pod) -> bool:
    (line,) = [line for line in one.cluster_nodes().splitlines() if "myself" in line]
    return str(SLOT) in line.split()[8:]
