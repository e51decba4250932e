"""When a node that has just started may be believed that its cluster is ok."""

from __future__ import annotations

from typing import Any

import pytest

from bootstrap.model.snapshot import Pod
from bootstrap.plan import readiness
from bootstrap.plan.facts import Facts
from tests.core import build

AWAY = "n1 :0@0,redis-app-1 master,noaddr - 0 0 2 disconnected 5461-10921"


def seen(*others: Pod, me: int = 0, **lines: str) -> bool:
    """What is said of our node 0, whose lines may be others: `n1=...`."""
    mine = [lines.get(line.split()[0], line) for line in build.all_lines(me)]
    pods = (build.own(me, mine), *others)
    return readiness.introduced(Facts(build.snapshot(*pods), build.topology(me)))


def peer(ordinal: int, **more: Any) -> Pod:
    """A peer of the formed cluster."""
    return build.own(ordinal, build.all_lines(ordinal), **more)


def at(ordinal: int, address: str, **more: Any) -> Pod:
    """A peer that was found at this address."""
    said = build.view(
        build.all_lines(ordinal),
        **{"cluster_announce_hostname": build.hostname(ordinal), **more},
    )
    return build.pod(ordinal, said, at=address)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], False),
        ([peer(1)], True),
        # Replicas own no slots: they make no majority.
        ([peer(3), peer(4), peer(5)], False),
        ([build.pod(1, "refused"), build.pod(2, "refused")], False),
        ([at(1, "10.0.0.31")], False),
        # Most are there; but who was found elsewhere has still to be met.
        ([peer(1), at(2, "10.0.0.32")], False),
        ([peer(1), build.pod(2, "timeout")], True),
        # Reached at another address than its node gives as its own, which is the one that counts.
        ([at(1, "10.0.0.31", cluster_announce_ip=build.address(1))], True),
        # A pod without a sidecar yet: nothing says whose it is, and its id is what ours knows.
        ([at(1, build.address(1), cluster_announce_hostname="")], True),
        # Another node in the place of the one that ours knows.
        ([build.pod(1, build.view([build.blank(1).replace("n1 ", "m1 ")]))], False),
    ],
)
def test_most_owners_are_where_our_node_believes(others: list[Pod], expected: object) -> None:
    assert seen(*others) is expected


def test_a_replica_needs_two_of_three_owners() -> None:
    assert not seen(peer(1), me=3)
    assert seen(peer(1), peer(2), me=3)


def test_who_has_no_address_is_not_there() -> None:
    nameless = at(1, "10.0.0.31", cluster_announce_hostname="", cluster_announce_ip="")
    assert not seen(nameless, n1=AWAY)


def test_patience_is_the_servers_own_and_doubled() -> None:
    view = build.view(build.all_lines(0), cluster_node_timeout="2000")
    assert readiness.patience(view, build.topology()) == 4.0
    silent = build.view(build.all_lines(0), cluster_node_timeout=None)
    assert readiness.patience(silent, build.topology(node_timeout=1000)) == 2.0
