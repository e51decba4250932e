"""The wished number of shards: what is one, where a node shows it, and when it is written."""

from __future__ import annotations

import pytest

from bootstrap import plan as planning
from bootstrap.model import human_name, leaving_mark, wish
from bootstrap.model.actions import ConfigSet
from bootstrap.model.snapshot import Scope
from bootstrap.model.wish import HOLD, Wish, Wished
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import formation
from tests.core import build


@pytest.mark.parametrize(
    ("text", "meant"),
    [("4", Wish(4)), ("1", Wish(1)), ("16384", Wish(16384)), ("04", Wish(4)), ("hold", HOLD)],
)
def test_a_wish(text: str, meant: Wish) -> None:
    assert wish.parse(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "+4",
        "1_0",
        "16385",
        "99999",
        "123456",
        "4.0",
        "4 shards",
        "HOLD",
        "٤",
        "four",
    ],
)
def test_what_is_no_wish(text: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 16384, or hold"):
        wish.parse(text)


@pytest.mark.parametrize("stated", [Wish(4), HOLD])
@pytest.mark.parametrize("leaving", [False, True])
def test_a_node_shows_what_its_sidecar_read(stated: Wish, leaving: bool) -> None:
    topology = build.topology(3, host="host-a", zone="zone-1")
    name = human_name.plain(topology, stated)
    shown = leaving_mark.mark(name) if leaving else name
    view = build.view(build.all_lines(3), cluster_announce_human_nodename=shown)
    assert human_name.wish_of(view) == stated
    assert leaving_mark.marked(view) is leaving
    place = human_name.place(view)
    assert (place.host, place.zone) == ("host-a", "zone-1")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "redis-app-3",
        "redis-app-3/-/-",
        "redis-app-3/-/-/handover",
        "redis-app-3/a/b/c",
        "a/b/c//",
    ],
)
def test_a_name_without_a_wish(name: str) -> None:
    view = build.view(build.all_lines(3), cluster_announce_human_nodename=name)
    assert human_name.wish_of(view) is None


def test_a_server_without_a_name_shows_no_wish() -> None:
    assert human_name.wish_of(build.view(build.all_lines(3), server="redis-7.0")) is None


def named(shown: str, wished: Wished, *, leaving: float = 0.0) -> tuple[str, ...]:
    """The human names that the plan of pod 3, a replica in order, gives its node."""
    me = build.own(
        3,
        build.all_lines(3),
        ok=True,
        link=True,
        follows=build.address(0),
        cluster_announce_human_nodename=shown,
    )
    seen = build.snapshot(me, scope=Scope.LOCAL, leaving=leaving, wished=wished)
    plan = planning.plan(seen, build.topology(3))
    sets = [one for step in plan.steps for one in step.actions if isinstance(one, ConfigSet)]
    return tuple(value for one in sets for key, value in one.settings if key == human_name.SETTING)


@pytest.mark.parametrize(
    ("shown", "wished", "written"),
    [
        ("redis-app-3/-/-", Wished(), ()),
        ("redis-app-3/-/-", Wished(wish=Wish(3)), ("redis-app-3/-/-/3",)),
        ("redis-app-3/-/-/3", Wished(wish=Wish(3)), ()),
        ("redis-app-3/-/-/3", Wished(wish=HOLD), ("redis-app-3/-/-/hold",)),
        ("redis-app-3/-/-/3", Wished(fault="gone"), ("redis-app-3/-/-",)),
        ("redis-app-3/-/-/3", Wished(), ("redis-app-3/-/-",)),
        ("redis-app-3/-/-/9/handover", Wished(wish=Wish(3)), ("redis-app-3/-/-/3/handover",)),
        ("redis-app-3/-/-/3/handover", Wished(wish=Wish(3)), ()),
        ("redis-app-3/-/-/handover", Wished(wish=Wish(3)), ("redis-app-3/-/-/3/handover",)),
    ],
)
def test_the_wish_is_written_when_it_changes_and_not_again(
    shown: str, wished: Wished, written: tuple[str, ...]
) -> None:
    assert named(shown, wished, leaving=1.0 if "handover" in shown else 0.0) == written


# First formation


def begun(*owned: tuple[int, str], wish: Wish | None, size: int = 6) -> int:
    """How many shards the seed goes on to form, where these pods own slots already."""
    given = dict(owned)
    pods = []
    for ordinal in range(size):
        line = build.blank(ordinal)
        pods.append(build.own(ordinal, f"{line} {given[ordinal]}" if ordinal in given else line))
    snapshot = build.snapshot(*pods, wished=Wished(wish=wish))
    found = formation(Facts(snapshot, build.topology(size=size)))
    assert found is not None
    return len(found.layout.ranges)


@pytest.mark.parametrize(
    ("wish", "shards"), [(None, 3), (Wish(2), 2), (Wish(3), 3), (HOLD, 3), (Wish(7), 6)]
)
def test_as_many_are_formed_as_are_wished(wish: Wish | None, shards: int) -> None:
    assert begun(wish=wish) == shards


@pytest.mark.parametrize("wish", [Wish(2), Wish(3), Wish(4), HOLD])
def test_a_formation_keeps_the_number_that_it_began_with(wish: Wish) -> None:
    """The seed was killed after the first slots, and wishes for another number when it is back."""
    assert begun((0, "0-4095"), (1, "4096-8191"), wish=wish) == 4
    assert begun((2, "10922-16383"), wish=wish) == 3


def test_slots_that_are_no_share_of_any_number_change_nothing() -> None:
    assert begun((0, "0-99"), wish=Wish(4)) == 4
    assert begun((5, "0-5460"), wish=Wish(2)) == 2
