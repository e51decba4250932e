"""Whether a replica would lose the last copy of its keys by copying from its primary."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.view import View
from bootstrap.observe.timers import Stopwatches
from bootstrap.plan import last_copy, own_settings, replication
from bootstrap.plan.facts import Facts
from tests.core import build

SECOND = build.line(4, "slave", "n0")
"""Another replica of the same primary."""


def replica(*more_lines: str, keys: int = 98, link: bool = False, **more: Any) -> View:
    """What n3 says, which follows n0 and has just started."""
    lines = {line.split()[0]: line for line in (*build.all_lines(3), *more_lines)}
    seen = build.view(list(lines.values()), ok=True, keys=keys, link=link)
    return dataclasses.replace(seen, **{"lasting": keys, "replication_id": "of-n3", **more})


def primary(keys: int = 0, **more: Any) -> View:
    """What n0 says, which has just started."""
    seen = build.view(build.all_lines(0), ok=True, keys=keys)
    return dataclasses.replace(seen, **{"run_id": "run-2", "replication_id": "of-n0", **more})


@pytest.mark.parametrize("keys", [0, 1, 48])
def test_a_primary_without_most_of_the_keys_has_lost_them(keys: int) -> None:
    assert last_copy.loses(replica(), primary(keys))


@pytest.mark.parametrize("keys", [49, 98, 300])
def test_a_primary_with_half_of_the_keys_or_more_may_have_lost_none(keys: int) -> None:
    assert not last_copy.loses(replica(), primary(keys))


@pytest.mark.parametrize("keys", [0, 1])
def test_a_replica_without_keys_or_with_its_link_loses_nothing(keys: int) -> None:
    assert not last_copy.loses(replica(keys=0), primary(keys))
    assert not last_copy.loses(replica(link=True), primary(keys))


@pytest.mark.parametrize("keys", [0, 1])
def test_a_primary_that_has_run_on_since_has_lost_nothing(keys: int) -> None:
    """Clients have deleted the keys."""
    assert not last_copy.loses(replica(replication_id="of-n0"), primary(keys))
    assert not last_copy.loses(replica(), primary(keys, copies_given=1))
    unknown = primary(replication_id="")
    assert last_copy.loses(replica(replication_id=""), unknown)


@pytest.mark.parametrize("keys", [0, 1])
def test_a_copy_that_another_replica_may_have_got_proves_nothing(keys: int) -> None:
    """That one may have copied the emptiness."""
    given = primary(keys, copies_given=1)
    assert last_copy.loses(replica(SECOND), given)
    seen = dataclasses.replace(
        given,
        members=build.view([*build.all_lines(0)[:4], SECOND, *build.all_lines(0)[5:]]).members,
    )
    assert last_copy.loses(replica(), seen)


def test_keys_that_may_have_expired_are_not_lost() -> None:
    mortal = replica(lasting=0)
    assert last_copy.loses(mortal, primary())
    assert not last_copy.loses(mortal, primary(expired=1))
    assert not last_copy.loses(mortal, primary(1))
    assert last_copy.loses(replica(lasting=1), primary(expired=1))
    assert not last_copy.loses(replica(lasting=2), primary(1))


def test_a_primary_that_was_a_replica_or_read_a_dump_has_its_keys_from_there() -> None:
    """Clients have deleted the others while the replica was away."""
    assert not last_copy.loses(replica(), primary(1, former_replication_id="before"))
    assert last_copy.loses(replica(), primary(former_replication_id="before"))


# What is remembered


def pods(mine: View, other: View) -> tuple[Pod, Pod]:
    return build.pod(0, other), build.pod(3, mine)


class Looks:
    """Looks of n3's sidecar, one after the other."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._stopwatches = Stopwatches(build.topology(3), lambda: 0.0)

    def emptied(self, mine: View | None, other: View | None) -> tuple[str, ...]:
        """The runs that are remembered after another look."""
        me = build.pod(3, mine or "timeout")
        seen = [build.pod(0, other or "timeout"), me]
        return self._stopwatches.of(Scope.ALL, me, seen).emptied


def test_a_primary_that_came_back_empty_is_remembered_while_it_runs() -> None:
    looks = Looks()
    assert looks.emptied(replica(), primary()) == ("run-2",)
    assert looks.emptied(replica(), primary(300)) == ("run-2",)
    assert looks.emptied(replica(), None) == ("run-2",)
    assert looks.emptied(None, primary(300)) == ("run-2",)
    assert looks.emptied(replica(link=True), primary(300)) == ()
    assert looks.emptied(replica(), primary(300)) == ()


def test_it_is_forgotten_once_our_node_is_a_primary() -> None:
    looks = Looks()
    assert looks.emptied(replica(), primary()) == ("run-2",)
    assert (
        looks.emptied(build.view(build.line(3, "myself,master", slots="0-9"), keys=98), None) == ()
    )


def test_another_node_without_keys_is_not_our_primary() -> None:
    other = dataclasses.replace(
        primary(), node_id="n1", members=build.view(build.all_lines(1)).members
    )
    assert Looks().emptied(replica(), other) == ()


def stake(mine: View, other: View, *emptied: str) -> bool:
    found = Facts(build.snapshot(*pods(mine, other), emptied=emptied), build.topology(3))
    return last_copy.at_stake(found, other)


def test_what_clients_write_to_it_later_changes_nothing() -> None:
    assert stake(replica(), primary(300), "run-2")
    assert stake(replica(), primary(300, copies_given=1), "run-2")
    assert not stake(replica(), primary(300), "run-1")
    assert not stake(replica(link=True), primary(300), "run-2")
    assert not stake(replica(keys=0), primary(300), "run-2")
    assert not stake(replica(replication_id="of-n0"), primary(300), "run-2")


# What it keeps the sidecar from


def secret(keys: int, *, password_ok: bool = False, with_password: bool = True) -> Facts:
    """n3 lacks its password, and n0, where it dials, holds so many keys."""
    ours = build.own(3, build.all_lines(3), ok=True, keys=98, password_ok=password_ok)
    other = build.own(0, build.all_lines(0), ok=True, keys=keys)
    topology = build.topology(3, with_password=with_password)
    return Facts(build.snapshot(other, ours), topology)


@pytest.mark.parametrize("keys", [0, 1])
def test_no_password_for_a_primary_that_lost_its_data(keys: int) -> None:
    facts = secret(keys)
    assert own_settings.locked_out(facts)
    assert own_settings.settings(facts) is None
    assert replication.blocked(facts) is not None
    assert own_settings.settings(secret(98)) is not None
    assert replication.blocked(secret(98)) is None


def test_without_a_password_to_withhold_nothing_is_refused_where_it_dials() -> None:
    """Its server copies by itself, and no sidecar can keep it from that."""
    assert replication.blocked(secret(0, password_ok=True)) is None
    assert replication.blocked(secret(0, with_password=False)) is None
