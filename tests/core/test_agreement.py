"""All nodes show the same wish, or it is told who shows what."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bootstrap.model.snapshot import Pod
from bootstrap.model.wish import HOLD, UNSTATED, Wish, Wished
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.agreement import Agreement, agreement
from tests.core import build

FOUR = Wished(wish=Wish(4))


def showing(ordinal: int, wish: str, lines: list[str] | None = None) -> Pod:
    """A pod of a formed cluster whose node shows this wish; `wish` empty: none."""
    name = f"redis-app-{ordinal}/-/-{wish and '/'}{wish}"
    nodes = lines or build.all_lines(ordinal)
    return build.own(ordinal, nodes, ok=True, cluster_announce_human_nodename=name)


def found(*pods: Pod, wished: Wished = FOUR, **more: Any) -> Agreement | None:
    return agreement(Facts(build.snapshot(*pods, wished=wished), build.topology(**more)))


def six(**wishes: str) -> list[Pod]:
    """All show 4, but for those named."""
    return [showing(ordinal, wishes.get(f"p{ordinal}", "4")) for ordinal in range(6)]


@pytest.mark.parametrize("wished", [UNSTATED, Wished(fault="unread")])
def test_without_a_wish_of_our_own_there_is_nothing_to_agree_on(wished: Wished) -> None:
    assert found(*six(), wished=wished) is None


def test_all_wish_the_same() -> None:
    assert found(*six()) == Agreement(wish=Wish(4))


def test_all_wish_that_nothing_moves() -> None:
    all_hold = [showing(ordinal, "hold") for ordinal in range(6)]
    assert found(*all_hold, wished=Wished(wish=HOLD)) == Agreement(wish=HOLD)


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        (
            {"p5": "3"},
            "redis-app-5: 3 shards; redis-app-0, redis-app-1, redis-app-2, redis-app-3 and 1 more",
        ),
        ({"p2": ""}, "redis-app-2: no wish"),
        ({"p1": "hold", "p2": "hold"}, "redis-app-1, redis-app-2: no move"),
        ({"p4": "1"}, "redis-app-4: 1 shard;"),
        ({"p4": "four"}, "redis-app-4: no wish"),
    ],
)
def test_one_dissenter_is_enough(wishes: dict[str, str], why: str) -> None:
    said = found(*six(**wishes))
    assert said is not None
    assert said.wish is None
    assert why in said.why


def test_our_own_node_does_not_show_what_our_sidecar_reads_now() -> None:
    said = found(*six(p0="3"))
    assert said is not None
    assert said.wish is None
    assert "redis-app-0: 3 shards" in said.why


def test_a_node_that_was_not_read() -> None:
    pods = [*six()[:5], build.pod(5, "timeout")]
    said = found(*pods)
    assert said is not None
    assert (said.wish, "redis-app-5: not seen" in said.why) == (None, True)


@pytest.mark.parametrize(("who", "counts"), [("all", False), ("one", True)])
def test_a_node_that_failed_for_everybody_moves_nothing(who: str, counts: bool) -> None:
    def lines(ordinal: int) -> list[str]:
        fails = ordinal == 0 or who == "all"
        dead = build.line(5, "slave,fail" if fails else "slave", "n2")
        return [*build.all_lines(ordinal)[:5], dead]

    pods = [showing(ordinal, "4", lines(ordinal)) for ordinal in range(5)]
    said = found(*pods, build.pod(5, "refused"))
    assert said is not None
    assert (said.wish is None) is counts


def test_a_node_that_others_take_for_failed_and_that_answers_counts() -> None:
    dead = build.line(5, "slave,fail", "n2")
    pods = [showing(n, "4", [*build.all_lines(n)[:5], dead]) for n in range(5)]
    said = found(*pods, showing(5, "3"))
    assert said is not None
    assert "redis-app-5: 3 shards" in said.why


def test_a_member_that_only_another_node_knows_counts_too() -> None:
    more = [*build.all_lines(1), build.line(7, "master")]
    pods = [showing(0, "4"), showing(1, "4", more), *six()[2:]]
    said = found(*pods)
    assert said is not None
    assert "redis-app-7: not seen" in said.why


def test_a_blank_newcomer_that_nobody_has_met_does_not_count() -> None:
    newcomer = build.own(6, cluster_announce_human_nodename="redis-app-6/-/-/9")
    assert found(*six(), newcomer) == Agreement(wish=Wish(4))


def test_a_handshake_is_no_member_yet() -> None:
    lines = [*build.all_lines(0), build.line(8, "handshake")]
    pods = [showing(0, "4", lines), *six()[1:]]
    assert found(*pods) == Agreement(wish=Wish(4))


def nameless(ordinal: int) -> Pod:
    """A pod whose server has no place to show a wish, as before redis 7.2."""
    view = build.view(
        build.all_lines(ordinal),
        server="redis-7.0",
        cluster_announce_hostname=build.hostname(ordinal),
        cluster_announce_ip=build.address(ordinal),
    )
    return dataclasses.replace(build.pod(ordinal), node=view, address=build.address(ordinal))


def test_a_pod_without_names_shows_none() -> None:
    said = found(*six()[:5], nameless(5))
    assert said is not None
    assert "redis-app-5: no wish" in said.why


def test_a_node_without_a_name_takes_no_part() -> None:
    """Its own sidecar would wait for ever: a new pod could not even become a replica."""
    assert found(nameless(0), *six()[1:]) is None
