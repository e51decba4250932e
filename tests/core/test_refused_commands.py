"""Commands that servers refuse again and again, and servers that take no more clients."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model.timers import Refusal
from bootstrap.plan.facts import Facts
from bootstrap.show import headline
from tests.core import build

LACKS = "no permissions; what it lacks: ACL SETUSER bootstrap '+cluster|meet'"


def told(*some: Refusal, clients: int = 0, server: str = build.NEWEST, **more: Any) -> str:
    pods = [
        build.own(one, build.all_lines(one), ok=True, link=True, server=server) for one in range(6)
    ]
    view = pods[1].view
    assert view is not None
    pods[1] = dataclasses.replace(
        pods[1], node=dataclasses.replace(view, clients=clients, clients_most=12)
    )
    seen = build.snapshot(*pods, refused=some)
    topology = build.topology(0, **more)
    plan = planning.plan(seen, topology)
    fixes = " ".join(str(alarm.fix) for alarm in plan.alarms)
    return headline.headline(Facts(seen, topology), plan).text + fixes


def refusal(pod: int, *, reason: str = LACKS, seconds: float = 0.0) -> Refusal:
    return Refusal(f"redis-app-{pod}", "meet", reason, reason == LACKS, seconds)


def test_a_right_that_is_missing_is_told_at_once_and_where() -> None:
    one, two = told(refusal(1)), told(refusal(1), refusal(2))
    assert one.startswith("ACT command-refused: the server of redis-app-1 refuses meet")
    assert "+cluster|meet" in one
    assert "ACL SETUSER" in one
    assert "the servers of redis-app-1 and redis-app-2 refuse meet" in two
    assert "the same on redis-app-2" in two


@pytest.mark.parametrize(
    ("server", "wish_file", "named"),
    [
        ("valkey-9.1", "/wish", "'+cluster|migrateslots'"),
        ("redis-8.10", "/wish", "'+cluster|migration'"),
        ("redis-8.2", "/wish", ""),
        ("valkey-9.1", "", ""),
    ],
)
def test_rights_for_moving_are_told_where_shards_are_wished(
    server: str, wish_file: str, named: str
) -> None:
    text = told(refusal(1), server=server, wish_file=wish_file)
    if named:
        assert named in text
    assert ("a number of shards is wished" in text) is bool(named)


def test_another_refusal_is_told_once_it_has_lasted() -> None:
    assert told(refusal(1, reason="Unknown node", seconds=5.0)).startswith("HEALTHY")
    late = told(refusal(1, reason="Unknown node", seconds=50.0))
    assert late.startswith("ACT command-refused")
    assert "CLUSTER NODES" in late


def test_a_server_with_all_the_clients_it_takes_is_told() -> None:
    assert told(clients=11).startswith("HEALTHY")
    full = told(clients=12)
    assert full.startswith("ACT max-clients: redis-app-1 has 12 connections of maxclients 12")
    assert "served; redis-app-1 takes no new ones" in full
    assert "CLIENT LIST" in full
