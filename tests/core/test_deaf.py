"""A server that answers its own sidecar alone: by `bind`, or by its protected mode."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap.core import listening
from bootstrap.core.plan import deaf
from bootstrap.core.plan.scene import Scene
from tests.core import build

HERE, SIX = "10.0.0.10", "fd00::10"


@pytest.mark.parametrize(
    ("bind", "address", "covers"),
    [
        ("", HERE, True),
        ("*", HERE, True),
        ("* -::*", HERE, True),
        ("* -::*", SIX, True),
        ("0.0.0.0", HERE, True),
        ("0.0.0.0", SIX, False),
        ("::", HERE, True),
        ("-::*", HERE, False),
        ("-::*", SIX, True),
        ("127.0.0.1", HERE, False),
        ("127.0.0.1 -::1", HERE, False),
        ("127.0.0.1 -::1", SIX, False),
        ("127.0.0.1 10.0.0.10", HERE, True),
        ("10.0.0.99", HERE, False),
        ("fd00:0::10", SIX, True),
        ("redis.example", HERE, True),
    ],
)
def test_what_a_bind_covers(bind: str, address: str, covers: bool) -> None:
    assert listening.covers(bind, address) == covers


def scene(why: str = "", *, password: bool = False, **settings: Any) -> Scene:
    pod = dataclasses.replace(build.own(0, build.everybody(0), ok=True, **settings), deaf=why)
    return Scene(build.snapshot(pod), build.topology(0, 6, with_password=password))


def test_only_what_was_tried_and_refused_is_told() -> None:
    assert deaf.deaf(scene(bind="127.0.0.1")) == []
    (alarm,) = deaf.deaf(scene("connection refused", bind="127.0.0.1 -::1"))
    assert (alarm.pod, alarm.code, alarm.serves) == ("redis-app-0", "not-reachable", False)
    assert "10.0.0.10:6379 (connection refused): it is bound to 127.0.0.1 -::1 alone" in alarm.why


def test_protected_mode_matters_without_a_password() -> None:
    (alarm,) = deaf.deaf(scene(protected_mode="yes"))
    assert "protected-mode is on and the server has no password" in alarm.why
    assert deaf.deaf(scene(protected_mode="yes", password=True)) == []
    assert deaf.deaf(scene(protected_mode="no")) == []


def test_before_7_0_a_bind_switches_protected_mode_off() -> None:
    for bind, told in (("10.0.0.10", False), ("", True)):
        old = scene(server="redis-6.2", protected_mode="yes", bind=bind)
        assert bool(deaf.deaf(old)) == told


def test_where_our_address_is_not_known_nothing_is_in_doubt() -> None:
    view = build.own(0, bind="127.0.0.1").view
    assert view is not None
    assert listening.elsewhere(view, HERE)
    assert not listening.elsewhere(view, None)
