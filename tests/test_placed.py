"""Whom our node knows at the right address does not have to be asked again."""

from __future__ import annotations

import dataclasses

from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.observe import placed
from tests.core import build

AWAY = Unreachable(trouble=Trouble.REFUSED, reason="no connection")


def mine(run: str = "one", *, me: int = 0, link: bool = False) -> View:
    return dataclasses.replace(build.view(build.all_lines(me), link=link), run_id=run)


def peer(ordinal: int = 1) -> View:
    return build.view(build.all_lines(ordinal))


def test_who_is_where_our_node_believes_is_right() -> None:
    known = placed.Placed(build.topology())
    known.proved(mine(), 1, peer(), build.address(1))
    assert known.among(mine(), [1, 2]) == {2}


def test_who_was_proven_elsewhere_is_asked_again() -> None:
    known = placed.Placed(build.topology())
    known.proved(mine(), 1, peer(), "10.0.1.1")
    assert known.among(mine(), [1]) == {1}


def test_another_node_in_the_pod_is_asked_again() -> None:
    known = placed.Placed(build.topology())
    known.proved(mine(), 1, build.view(build.blank(9)), build.address(1))
    assert known.among(mine(), [1]) == {1}


def test_another_start_of_our_server_counts_anew() -> None:
    known = placed.Placed(build.topology())
    known.proved(mine(), 1, peer(), build.address(1))
    assert known.among(mine("two"), [1]) == {1}
    assert known.among(AWAY, [1]) == {1}
    known.proved(AWAY, 2, peer(2), build.address(2))
    assert known.among(mine(), [2]) == {2}


def test_a_primary_that_replication_has_not_reached_is_asked() -> None:
    known = placed.Placed(build.topology(3))
    known.proved(mine(me=3), 0, peer(0), build.address(0))
    assert known.among(mine(me=3), [0]) == {0}
    assert known.among(mine(me=3, link=True), [0]) == set()
