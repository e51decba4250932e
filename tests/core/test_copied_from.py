"""Where the originals of a copied volume are looked for."""

from __future__ import annotations

from typing import Final

from bootstrap.model import copied_from, hostnames
from bootstrap.model.copied_from import Place
from bootstrap.redis import parse
from tests.core import build

ELSEWHERE: Final = "redis-service.prod.svc.cluster.local"
FILE: Final = parse.nodes("\n".join(build.all_lines(0)))
COPY: Final = parse.nodes(
    "\n".join(line.replace(build.SUBDOMAIN, ELSEWHERE) for line in build.all_lines(0))
)


def test_a_node_that_is_back_where_it_was_is_not_looked_for() -> None:
    assert copied_from.of_volume(FILE, build.topology(0)) == []
    assert copied_from.names(FILE, build.topology(0)) == []


def test_a_node_that_has_moved_may_be_a_copy_of_one_that_has_not() -> None:
    places = copied_from.of_volume(FILE, build.topology(0, address="10.0.0.99"))
    assert [place.address for place in places] == [build.address(one) for one in range(6)]
    assert places[0] == Place(build.address(0), 6379, build.hostname(0))


def test_all_of_another_set_are_looked_for_by_name_and_address() -> None:
    assert len(copied_from.of_volume(COPY, build.topology(0))) == 6
    assert copied_from.names(COPY, build.topology(0)) == [
        f"redis-app-{n}.{ELSEWHERE}" for n in range(6)
    ]
    assert len(copied_from.of_view(COPY[1:], build.topology(0))) == 5
    assert copied_from.of_view(FILE, build.topology(0)) == []


def test_names_cut_short_are_none_of_dns() -> None:
    short = ("redis-app-0", "redis-app-1.redis-service", "redis-app-2.example.com", "")
    lines = [
        build.line(n, "myself,master" if not n else "master").replace(build.hostname(n), name)
        for n, name in enumerate(short)
    ]
    members = parse.nodes("\n".join(lines))
    assert copied_from.names(members, build.topology(0)) == ["redis-app-2.example.com"]
    handshake = parse.nodes(build.line(1, "handshake").replace(build.hostname(1), "db-0.other"))
    assert copied_from.foreign(handshake, build.topology(0)) == []


def test_those_that_answer_know_where_a_node_has_moved_to() -> None:
    moved = [*build.all_lines(1)[1:], build.line(0).replace("10.0.0.10:", "10.0.0.88:")]
    said = build.view(moved)
    there = Place("10.0.0.88", 6379, build.hostname(0))
    assert list(copied_from.moved_on("n0", [(build.address(1), said)])) == [there]
    assert list(copied_from.moved_on("n0", [("10.0.0.88", said), ("10.0.0.9", None)])) == []
    gone = build.view([*build.all_lines(1)[1:], build.line(0, "master,fail")])
    assert list(copied_from.moved_on("n0", [("10.0.0.9", gone)])) == []
    assert list(copied_from.moved_on("n7", [("10.0.0.9", gone)])) == []


def test_the_set_of_a_name() -> None:
    assert hostnames.owner("redis-app-3.redis-service.prod") == "redis-app.redis-service.prod"
    assert hostnames.owner("redis-app-3") == "redis-app"
    assert hostnames.owner("redis.example.com") == "redis.example.com"
    assert hostnames.owner("-3.example.com") == "-3.example.com"


def test_ordinals_by_names_of_an_adopted_set() -> None:
    topology = build.topology(0, adopted=f"old-app.{ELSEWHERE}")
    assert topology.ordinal_of(f"old-app-3.{ELSEWHERE}") == 3
    assert topology.ordinal_of(build.hostname(4)) == 4
    assert topology.own_ordinal_of(f"old-app-3.{ELSEWHERE}") is None
    assert topology.ordinal_of(f"old-app-03.{ELSEWHERE}") is None
    assert topology.ordinal_of("old-app-3.elsewhere") is None
    assert topology.meant_by("redis-app-5") == 5
    assert topology.form_of("old-app-5") is None
