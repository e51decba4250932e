"""Links on the cluster bus: what they say of a node, and whether clients may be sent to it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import bus
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import View
from bootstrap.redis import parse, views
from bootstrap.show.board import Status
from tests.core import build

OTHERS = frozenset({"n1", "n2", "n3", "n4", "n5"})


def formed(me: int = 0, **more: Any) -> View:
    """A node of a formed cluster."""
    pod = build.own(me, build.all_lines(me))
    assert pod.view is not None
    return dataclasses.replace(pod.view, state_ok=True, link_up=True, **more)


@pytest.mark.parametrize(
    ("me", "more", "expected"),
    [
        (0, {}, False),
        (0, {"reaches": OTHERS, "reached_by": OTHERS}, False),
        # Two of three owners are most of them, and our node is one.
        (0, {"reaches": OTHERS, "reached_by": frozenset({"n1"})}, False),
        (0, {"reaches": OTHERS, "reached_by": frozenset({"n3", "n4", "n5"})}, True),
        (0, {"reaches": frozenset(), "reached_by": OTHERS}, True),
        (3, {"reaches": OTHERS | {"n0"}, "reached_by": frozenset({"n1"})}, True),
        (3, {"reaches": OTHERS | {"n0"}, "reached_by": frozenset({"n1", "n2"})}, False),
        (3, {"unanswered": frozenset({"n0", "n1"})}, True),
        (3, {"unanswered": frozenset({"n4", "n5"})}, False),
    ],
)
def test_most_owners_are_needed(
    me: int, more: dict[str, frozenset[str]], *, expected: bool
) -> None:
    view = formed(me, **more)
    assert bus.cut_off(view) is expected
    pod = dataclasses.replace(build.own(me), node=view)
    seen = build.snapshot(pod, scope=Scope.LOCAL)
    topology = build.topology(me)
    plan = planning.plan(seen, topology)
    assert plan.reached is not expected
    ready, why = Status().then(topology, seen, plan).ready
    assert ready is not expected
    assert (bus.told(view) in why) is expected


def test_a_node_that_all_forgot_is_told_as_that() -> None:
    known = formed(reaches=OTHERS, reached_by=frozenset({"n3"}))
    assert bus.unknown(known)
    assert "do not know its node" in bus.told(known)
    assert not bus.unknown(formed())
    assert "with 1 of 3 owners" in bus.told(formed(reaches=frozenset(), reached_by=OTHERS))


def test_what_may_not_be_asked_is_noted() -> None:
    view = dataclasses.replace(formed(), bus_hidden="NOPERM 'cluster|links'")
    pod = dataclasses.replace(build.own(0), node=view)
    plan = planning.plan(build.snapshot(pod, scope=Scope.LOCAL), build.topology())
    assert plan.reached
    assert any("NOPERM 'cluster|links'" in note for note in plan.notes)


def link(direction: str, node: str, events: str) -> list[object]:
    more: list[object] = ["create-time", 1, "events", events, "send-buffer-allocated", 0]
    return ["direction", direction, "node", node, *more]


def test_links_as_servers_write_them() -> None:
    reply = [
        link("to", "a", "r"),
        link("from", "a", "rw"),
        link("to", "b", "w"),
        link("to", "c", ""),
    ]
    assert parse.links(reply) == (frozenset({"a"}), frozenset({"a"}))


@pytest.mark.parametrize("reply", [[["direction"]], [["direction", "to"]], [1]])
def test_links_that_make_no_sense(reply: list[object]) -> None:
    with pytest.raises(parse.MalformedError, match="CLUSTER LINKS"):
        parse.links(reply)


@pytest.mark.parametrize(
    ("sent", "now", "expected"),
    [
        ("0", "9000000000", set()),
        ("5000", "9000000", {"n1"}),
        ("8000", "9000000", set()),
        ("1", "", set()),
    ],
)
def test_pings_that_were_not_answered(sent: str, now: str, expected: set[str]) -> None:
    lines = build.all_lines(0)
    lines[1] = lines[1].replace(" - 0 0 ", f" - {sent} 0 ")
    info = "redis_version:7.2.4\r\n" + (f"server_time_usec:{now}\r\n" if now else "")
    view = views.view("\n".join(lines), views.info(info), {}, {}, peers_password_ok=True)
    assert view.unanswered == expected


def test_the_lines_that_send_peers_elsewhere_are_named() -> None:
    ports = {"cluster_announce_bus_port": "17001", "cluster_announce_port": "7001"}
    pod = build.own(0, build.all_lines(0), **ports)
    plan = planning.plan(build.snapshot(pod, scope=Scope.LOCAL), build.topology())
    (action,) = plan.steps[0].actions
    assert ("cluster-announce-bus-port", "0") in getattr(action, "settings", ())
    wanted = (
        "it listens at 6379 and, for the bus, 16379: take out of redis.conf, or of the server's"
    )
    assert wanted in action.why
    assert "`cluster-announce-port 7001`" in action.why


MISSES = [
    line.replace("connected", "disconnected", line.startswith("n0 ")) for line in build.all_lines(1)
]
"""What a node says whose link to n0 is down."""


def test_a_node_that_is_not_known_has_no_link() -> None:
    assert bus.linked(formed(), "n1")
    assert not bus.linked(formed(), "x9")
    assert not bus.linked(formed(reached_by=frozenset()), "n1")


@pytest.mark.parametrize(
    ("peer", "reached_by", "told"),
    [
        (MISSES, frozenset({"n2"}), True),
        (MISSES, OTHERS, False),
        # Its link is there, and our server has had no ping over it since it knows the node.
        (build.all_lines(1), frozenset({"n2"}), False),
        # A node that ours has not met yet is another matter, as long as its port is open.
        ([build.blank(1).replace("n1 ", "m1 ")], frozenset({"n2"}), False),
    ],
)
def test_a_node_that_reaches_ours_one_way_is_told(
    peer: list[str], reached_by: frozenset[str], *, told: bool
) -> None:
    mine = dataclasses.replace(build.own(0), node=formed(reached_by=reached_by))
    other = dataclasses.replace(build.own(1, peer), bus="")
    # Nodes that have just met make their links one after the other.
    for seconds, lasting in ((9.9, False), (10.0, True)):
        plan = planning.plan(build.snapshot(mine, other, unwell=seconds), build.topology())
        found = any(alarm.code == "bus-port-closed" for alarm in plan.alarms)
        assert found is (told and lasting)
