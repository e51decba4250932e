"""Which node our replica copies from."""

from __future__ import annotations

import dataclasses

from bootstrap.model.view import View
from bootstrap.plan import replication
from bootstrap.plan.facts import Facts
from tests.core import build


def followed(word_of_n0: str) -> str | None:
    """What n3, which follows n0, is told to follow; n0 says that it follows n1."""
    lines = build.all_lines(3)
    ours = build.own(3, [word_of_n0, *lines[1:]], ok=True, link=True, keys=7)
    below = [build.line(0, "myself,slave", "n1"), *build.all_lines(0)[1:]]
    primary = build.own(0, below, ok=True, link=True, keys=7)
    above = build.own(1, build.all_lines(1), ok=True, keys=7)
    told = replication.follow(Facts(build.snapshot(primary, above, ours), build.topology(3)))
    return told.primary_id if told else None


def test_a_follower_of_a_replica_follows_its_primary_once_our_own_server_knows_of_it() -> None:
    assert followed(build.line(0, "slave", "n1")) == "n1"
    assert followed(build.line(0)) is None


def replica(follows: str, server: str, *, link: bool) -> View:
    return build.view(build.all_lines(3), follows=follows, server=server, link=link)


def test_a_primary_is_wrong_if_replication_dials_where_it_is_not() -> None:
    old = replica("10.9.9.9", "redis-8.2", link=False)
    assert replication.wrong_primary(old) is not None
    assert replication.wrong_primary(replica("", "redis-8.2", link=False)) is None
    told_another_address = replica("10.9.9.9", "valkey-9.1", link=True)
    assert replication.wrong_primary(told_another_address) is None
    dials_none_yet = dataclasses.replace(old, primary_host="")
    assert replication.wrong_primary(dials_none_yet) is None


def test_no_replica_is_led_to_a_node_of_which_there_are_two() -> None:
    """One of the two is a copy of the other's volume, and may have other data."""
    ours = build.own(3, build.all_lines(3), ok=True, keys=7, follows="10.9.9.9", server="redis-8.2")
    primary = build.own(0, build.all_lines(0), ok=True, keys=7)
    topology = build.topology(3)
    alone = replication.follow(Facts(build.snapshot(primary, ours), topology))
    assert alone is not None
    assert alone.primary_id == "n0"
    assert primary.view is not None
    second = build.own(1, build.all_lines(0), ok=True, keys=7)
    both = Facts(build.snapshot(primary, second, ours), topology)
    assert replication.follow(both) is None
