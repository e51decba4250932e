"""`scale` without a number, and which nodes do not show a wish yet."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model.snapshot import Snapshot
from bootstrap.model.wish import UNSTATED, Wish, Wished
from bootstrap.plan.facts import Facts
from bootstrap.show import fulfilment, scale_now
from tests.core import build
from tests.core.resharding import grown, pod, seen


def facts(snapshot: Snapshot, me: int = 0, **more: bool) -> Facts:
    return Facts(snapshot, build.topology(me, **more))


NOW = """\
3 shards own slots; 4 shards are wished. Nothing was changed.
redis-app-0: 5461 slots
redis-app-1: 5461 slots
redis-app-2: 5462 slots
progress: 4 shards wished, 3 own slots; redis-app-6 has 0 of 4096 slots (0 %); 4096 slots to move with about 0 keys (0 bytes)
what would move for N shards (3 to 16384), and how to state that wish:
    $ kubectl exec -n default redis-app-0 -c bootstrap -- python -m bootstrap scale --shards N"""


def test_the_present_state_and_what_to_type_next() -> None:
    assert scale_now.as_text(facts(seen())) == NOW
    assert "for N shards (1 to 16384)" in scale_now.as_text(facts(seen(), allow_fewer_shards=True))


def differing() -> Snapshot:
    """Pod 5 shows another wish."""
    return seen(at={5: pod(grown(), 5, "3")})


@pytest.mark.parametrize(
    ("snapshot", "told"),
    [
        (dataclasses.replace(seen(), wished=UNSTATED), "no number of shards is wished, so no slot"),
        (seen(wish=None), "hold is stated. Nothing"),
        (
            dataclasses.replace(seen(), wished=Wished(fault="it is empty")),
            "the wish cannot be read: it is empty. Nothing",
        ),
        (differing(), "4 shards are wished, but not all nodes show it: redis-app-5: 3 shards; "),
    ],
)
def test_the_wish(snapshot: Snapshot, told: str) -> None:
    assert f"own slots; {told}" in scale_now.as_text(facts(snapshot))


def test_json_says_the_same() -> None:
    told = scale_now.as_json(facts(seen()))
    progress = told.pop("progress")
    assert progress["slots_to_move"] == 4096
    assert told == {
        "pod": "redis-app-0",
        "wish": "4",
        "wish_fault": None,
        "wish_shown_by_all": True,
        "shards_with_slots": 3,
        "owners": [
            {"pod": "redis-app-0", "slots": 5461},
            {"pod": "redis-app-1", "slots": 5461},
            {"pod": "redis-app-2", "slots": 5462},
        ],
    }
    assert scale_now.as_json(facts(differing()))["wish_shown_by_all"] is False
    unstated = scale_now.as_json(facts(dataclasses.replace(seen(), wished=UNSTATED)))
    assert (unstated["wish"], unstated["wish_shown_by_all"]) == (None, False)


# What a wish lacks


def test_a_wish_that_all_show_lacks_nothing() -> None:
    assert fulfilment.lacking(facts(seen()), None) == ""
    assert fulfilment.lacking(facts(seen()), 4) == ""


def test_without_a_wish_nothing_is_lacking_unless_one_is_waited_for() -> None:
    unstated = facts(dataclasses.replace(seen(), wished=UNSTATED))
    assert fulfilment.lacking(unstated, None) == ""
    told = "not all nodes show 4 shards: redis-app-0 reads no wish"
    assert fulfilment.lacking(unstated, 4) == told


def test_nodes_that_show_another_wish_are_told() -> None:
    shown = "redis-app-5: 3 shards; redis-app-0, redis-app-1, redis-app-2, redis-app-3 and 3 more: 4 shards"
    assert fulfilment.lacking(facts(differing()), None) == (
        f"not all nodes show the same wish: {shown}"
    )
    assert fulfilment.lacking(facts(differing()), 4) == f"not all nodes show 4 shards: {shown}"
    told = "not all nodes show 5 shards: redis-app-0 reads 4"
    assert fulfilment.lacking(facts(seen()), 5) == told


def test_while_our_own_server_is_away_it_is_not_known() -> None:
    down = build.snapshot(build.pod(0, "refused"), wished=Wished(wish=Wish(4)))
    assert fulfilment.lacking(facts(down), None) == ""
    assert fulfilment.lacking(facts(down), 4).endswith("redis-app-0 reads 4")
