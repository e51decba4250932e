"""Whose node is elsewhere than our own node believes."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod, Scope
from bootstrap.plan import moved
from bootstrap.plan.facts import Facts
from tests.core import build

OLD = [line.replace("10.", "172.", 1) for line in build.all_lines(0)]


def displaced(*pods: Pod, scope: Scope = Scope.ALL) -> list[str]:
    facts = Facts(build.snapshot(*pods, scope=scope), build.topology(0))
    return [member.node_id for member, _, _ in moved.displaced(facts)]


def peer(ordinal: int) -> Pod:
    return build.own(ordinal, build.all_lines(ordinal))


def test_a_node_at_another_address_has_moved() -> None:
    me = build.own(0, [build.all_lines(0)[0], OLD[1], *build.all_lines(0)[2:]])
    assert displaced(me, peer(1), peer(2)) == ["n1"]


def test_a_node_at_another_port_or_bus_port_has_moved() -> None:
    me = build.own(0, build.all_lines(0))
    for ports in ("6380@16379", "6379@16380"):
        lines = [line.replace("6379@16379", ports) for line in build.all_lines(1)]
        assert displaced(me, build.own(1, lines), peer(2)) == ["n1"]
    assert displaced(me, peer(1), peer(2)) == []


def test_a_node_that_is_not_surely_its_pods_does_not_hide_the_next() -> None:
    """Before all pods were looked at, another pod may have the id of a node without a name."""
    nameless = OLD[1].replace(f",{build.hostname(1)}", "")
    me = build.own(0, [build.all_lines(0)[0], nameless, *OLD[2:]])
    assert displaced(me, peer(1), peer(2), scope=Scope.HALF) == ["n2"]
    assert displaced(me, peer(1), peer(2)) == ["n1", "n2"]


def test_a_node_whose_address_was_taken_has_moved() -> None:
    """Redis takes away address and ports of a node in whose place another answers."""
    line = build.line(1, "master,noaddr")
    taken = line.replace(f"{build.address(1)}:6379@16379", ":0@0")
    me = build.own(0, [build.all_lines(0)[0], taken, *build.all_lines(0)[2:]])
    assert displaced(me, peer(1), peer(2)) == ["n1"]
    silent = build.own(1, build.all_lines(1), cluster_announce_ip="")
    assert displaced(me, silent, peer(2)) == ["n1"]
