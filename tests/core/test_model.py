from __future__ import annotations

import pytest

from bootstrap.model.snapshot import Scope
from tests.core import build


@pytest.mark.parametrize(
    ("name", "ordinal"),
    [
        (build.hostname(0), 0),
        (build.hostname(17), 17),
        ("redis-app-3", None),
        (f"redis-app-03.{build.SUBDOMAIN}", None),
        (f"redis-app-x.{build.SUBDOMAIN}", None),
        (f"redis-app-²{build.SUBDOMAIN}", None),
        (f"other-app-3.{build.SUBDOMAIN}", None),
        (f"redis-app-3.other.{build.SUBDOMAIN}", None),
        ("", None),
    ],
)
def test_whose_a_hostname_is(name: str, ordinal: int | None) -> None:
    assert build.topology().ordinal_of(name) == ordinal


@pytest.mark.parametrize(
    ("size", "replicas", "start", "shards"),
    [(6, 1, 0, 3), (7, 1, 0, 3), (9, 2, 5, 3), (3, 0, 1, 3), (None, 1, 0, 0)],
)
def test_expected_pods(size: int | None, replicas: int, start: int, shards: int) -> None:
    found = build.topology(start, size, replicas_per_shard=replicas, ordinal_start=start)
    assert found.shards == shards
    assert list(found.ordinals) == list(range(start, start + (size or 0)))
    assert found.seed
    assert not build.topology(start + 1, size, ordinal_start=start).seed


@pytest.mark.parametrize(
    ("nodes", "keys", "blank"),
    [
        (build.line(0, "myself,master"), 0, True),
        (build.line(0, "myself,master"), 1, False),
        (build.line(0, "myself,master", slots="7"), 0, False),
        (build.line(0, "myself,slave", "n9"), 0, False),
        (f"{build.line(0, 'myself,master')}\n{build.line(1)}", 0, False),
        (f"{build.line(0, 'myself,master')}\n{build.line(1, 'handshake')}", 0, False),
    ],
)
def test_only_what_is_proven_to_be_new_is_blank(nodes: str, keys: int, *, blank: bool) -> None:
    assert build.view(nodes, keys=keys).blank is blank


def test_a_handshake_is_nobody_yet() -> None:
    found = build.view([build.line(0, "myself,master"), build.line(1, "handshake"), build.line(2)])
    assert found.known_ids == {"n0", "n2"}
    assert not found.alone
    assert [one.node_id for one in found.others] == ["n1", "n2"]


@pytest.mark.parametrize(
    "nodes",
    [
        [build.line(0, "myself,master", slots="0-9"), build.line(1, slots="9")],
        [build.line(0, "myself,slave", "n1", slots="0-9"), build.line(1)],
        [build.line(0, "myself,slave")],
        [build.line(0, "myself,master"), build.line(1, "handshake", slots="1")],
    ],
)
def test_the_builder_refuses_what_cannot_be(nodes: list[str]) -> None:
    with pytest.raises(build.ImpossibleError):
        build.view(nodes)


def test_the_builder_refuses_looks_that_see_too_much() -> None:
    with pytest.raises(build.ImpossibleError):
        build.snapshot(build.own(0), build.own(1), scope=Scope.LOCAL)
    with pytest.raises(build.ImpossibleError):
        build.snapshot(build.own(0), build.own(0))
