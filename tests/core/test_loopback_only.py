"""A server that answers its own sidecar alone: by `bind`, or by its protected mode."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap.model import listening, todo
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.plan.alarms import loopback_only
from bootstrap.plan.facts import Facts
from tests.core import build

HERE, SIX = "10.0.0.10", "fd00::10"


@pytest.mark.parametrize(
    ("bind", "address", "covers"),
    [
        ("", HERE, False),
        ("*", HERE, True),
        ("*", SIX, False),
        ("* -::*", HERE, True),
        ("* -::*", SIX, True),
        ("0.0.0.0", HERE, True),
        ("0.0.0.0", SIX, False),
        ("::", HERE, False),
        ("::", SIX, True),
        ("-::*", HERE, False),
        ("-::*", SIX, True),
        ("127.0.0.1", HERE, False),
        ("127.0.0.1 -::1", HERE, False),
        ("127.0.0.1 -::1", SIX, False),
        ("127.0.0.1 10.0.0.10", HERE, True),
        ("10.0.0.99", HERE, False),
        ("fd00:0::10", SIX, True),
        ("redis.example", HERE, False),
    ],
)
def test_what_a_bind_covers(bind: str, address: str, covers: bool) -> None:
    assert listening.covers(bind, address) == covers


@pytest.mark.parametrize(
    ("server", "bind", "doubted"),
    [
        ("redis-6.2", "", False),
        ("redis-7.0", "", True),
        ("valkey-9.1", "", True),
        ("valkey-9.1", "* -::*", False),
        ("valkey-9.1", None, False),
        ("redis-6.2", "127.0.0.1", True),
    ],
)
def test_when_a_server_is_tried(server: str, bind: str | None, doubted: bool) -> None:
    view = build.own(0, server=server, bind=bind).view
    assert view is not None
    assert listening.elsewhere(view, HERE, 6379) == doubted
    assert listening.elsewhere(view, HERE, 6380)


def test_before_7_0_a_bind_switches_protected_mode_off() -> None:
    for server, bind, on in (
        ("redis-6.2", HERE, False),
        ("redis-6.2", "", True),
        ("redis-7.0", HERE, True),
    ):
        view = build.own(0, server=server, protected_mode="yes", bind=bind).view
        assert view is not None
        assert listening.protected(view) == on
    view = build.own(0, protected_mode="no").view
    assert view is not None
    assert not listening.protected(view)


def facts(trouble: Trouble | None = None, said: str = "", **settings: Any) -> Facts:
    found = Unreachable(trouble=trouble, reason=said) if trouble else None
    pod = dataclasses.replace(build.own(0, build.all_lines(0), ok=True, **settings), deaf=found)
    return Facts(build.snapshot(pod), build.topology(0, 6))


def test_only_what_was_tried_and_refused_is_told() -> None:
    assert loopback_only.deaf(facts(bind="127.0.0.1", protected_mode="yes")) == []
    (alarm,) = loopback_only.deaf(
        facts(Trouble.REFUSED, "connection refused", bind="127.0.0.1 -::1")
    )
    assert (alarm.pod, alarm.code, alarm.serves) == ("redis-app-0", "not-reachable", False)
    assert "10.0.0.10:6379 (connection refused): it is bound to 127.0.0.1 -::1 alone" in alarm.why
    (alarm,) = loopback_only.deaf(facts(Trouble.REFUSED, "connection refused", bind=""))
    assert "its bind is empty, which is no address" in alarm.why
    assert "redis-cli" not in todo.line(alarm.fix)


def test_the_look_goes_to_where_the_server_listens() -> None:
    for bind, look in (("127.0.0.1", "CONFIG GET bind"), ("10.0.0.99", "-h 10.0.0.99 CONFIG GET")):
        (alarm,) = loopback_only.deaf(facts(Trouble.REFUSED, "refused", bind=bind))
        assert f"redis-cli {look}" in todo.line(alarm.fix)


def test_another_port_is_told_with_both() -> None:
    seen = facts(Trouble.REFUSED, "connection refused")
    (alarm,) = loopback_only.deaf(
        dataclasses.replace(seen, topology=build.topology(0, 6, port=6380))
    )
    assert "no new one at 10.0.0.10:6380 (connection refused): it listens at port 6379" in alarm.why
    assert "redis-cli -p 6379 CONFIG GET '*port'" in todo.line(alarm.fix)


def test_protected_mode_goes_by_the_default_user() -> None:
    """Whatever user the sidecar logs in as."""
    (alarm,) = loopback_only.deaf(facts(Trouble.PROTECTED, "DENIED", protected_mode="yes"))
    assert "protected-mode is on and the server's default user has no password" in alarm.why
    text = todo.line(alarm.fix)
    assert "redis-app-0 -c redis -- redis-cli ACL GETUSER default" in text
    assert "{" not in text
