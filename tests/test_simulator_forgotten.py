"""Who knows whom, enumerated: whatever was forgotten by whom, the pods end as one cluster.

Six pods and two later ones have formed. Some of them are then forgotten by all others, or by all
but one that has no vote; some know each other, some do not; and the servers' ban of a forgotten
node may still be on. Nothing here asks the planner what it makes of it: only what comes of it counts.
"""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Iterable
from typing import Final

import pytest

from tests.simulator import ends
from tests.simulator.node import Server
from tests.simulator.products import PRODUCTS
from tests.simulator.sidecar import Sidecar
from tests.simulator.world import World

LATER: Final = {6, 7}
SHAPES: Final[dict[str, tuple[set[int], set[int]]]] = {
    "a replica": ({3}, set()),
    "later pods": (LATER, set()),
    "later pods and a replica": ({3, *LATER}, set()),
    "a primary": ({0}, set()),
    "a shard": (set(), {0}),
    "a shard and later pods": (LATER, {0}),
    "two shards": (set(), {0, 1}),
}
"""Pods that are forgotten, and primaries that are so with all their replicas."""
ROUNDS: Final = 160
"""Of a second each: longer than the servers' ban."""


class Set:
    """Eight pods of one cluster, and their sidecars."""

    def __init__(self, product: str) -> None:
        """They form; then two more join."""
        self.world = World(PRODUCTS[product], 6)
        self.sidecars = {ordinal: Sidecar(self.world, ordinal) for ordinal in self.world.pods}
        self.until_well()
        for ordinal in sorted(LATER):
            self.world.add_pod(ordinal)
            self.sidecars[ordinal] = Sidecar(self.world, ordinal)
        self.until_well()

    def turn(self) -> None:
        """A second of everything."""
        for _, one in sorted(self.sidecars.items()):
            one.tick()
        self.world.gossip()
        self.world.pass_time(1.0)

    def until_well(self) -> None:
        """Until nothing is wrong, by the servers' words and by the sidecars'."""
        for _ in range(ROUNDS):
            self.turn()
            if not self.problems() and not ends.problems(self.world):
                return
        raise AssertionError([*ends.problems(self.world), *self.problems()])

    def restart(self, *, moved: bool) -> None:
        """Every pod comes back, and its sidecar remembers nothing."""
        for ordinal in sorted(self.world.pods):
            self.world.restart(ordinal, moved=moved)
            self.sidecars[ordinal] = Sidecar(self.world, ordinal)

    def problems(self) -> list[str]:
        return [one.doing for one in self.sidecars.values() if not (one.plan and one.plan.reached)]

    def server(self, ordinal: int) -> Server:
        return self.world.pods[ordinal].server

    def shard(self, primary: int) -> set[int]:
        """A primary and its replicas."""
        node_id = self.server(primary).node_id
        pods = self.world.pods.items()
        return {one for one, pod in pods if pod.server.me.primary_id == node_id} | {primary}

    def forget(self, whom: Iterable[int], by: Iterable[int], *, banned: bool) -> None:
        for one, other in itertools.product(by, whom):
            server, node_id = self.server(one), self.server(other).node_id
            if one == other or node_id == server.me.primary_id:
                continue
            server.table.pop(node_id, None)
            if banned:
                server.forgotten[node_id] = server.now + 60.0


@functools.cache
def _formed(product: str) -> Set:
    return Set(product)


def formed(product: str) -> Set:
    """A set of its own, which was formed once for all."""
    return copy.deepcopy(_formed(product))


@pytest.mark.parametrize("banned", [False, True], ids=["", "banned"])
@pytest.mark.parametrize("one_knows", [False, True], ids=["", "one_knows"])
@pytest.mark.parametrize("together", [False, True], ids=["", "together"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("product", "moved"), [("redis-7.0", True), ("valkey-9.1", False)])
def test_the_forgotten_come_back(
    product: str, shape: str, *, together: bool, one_knows: bool, banned: bool, moved: bool
) -> None:
    """All are restarted, maybe at new addresses; those that were forgotten still know the others."""
    app, (pods, primaries) = formed(product), SHAPES[shape]
    lost = pods.union(*(app.shard(one) for one in primaries))
    others = set(app.world.pods) - lost
    voteless = next(one for one in sorted(others) if not app.server(one).me.slots)
    app.forget(lost, others - ({voteless} if one_knows else set()), banned=banned)
    if not together:
        app.forget(lost, lost, banned=False)
    app.restart(moved=moved)
    app.until_well()


def test_slots_that_were_given_away_are_told() -> None:
    """Joined again, one of two owners would lose its keys.

    The former owner has the greater epoch here: where it has the smaller one, its server gives in
    by itself, as soon as it hears of the other.
    """
    app = formed("valkey-9.1")
    lost = app.shard(0)
    others = set(app.world.pods) - lost
    app.forget(lost, others, banned=False)
    former, taker = app.server(0), app.server(1)
    former.keys = 0b111
    former.me.epoch = former.current_epoch = former.current_epoch + 20
    taker.me.slots |= former.me.slots
    app.restart(moved=False)
    for _ in range(30):
        app.turn()
    assert former.keys == 0b111
    assert former.me.slots == app.world.share(0)
    assert taker.me.slots & former.me.slots == former.me.slots
    assert all(former.node_id not in app.server(one).table for one in others)
    for ordinal in lost:
        plan = app.sidecars[ordinal].plan
        assert plan is not None
        assert [block.code for block in plan.blocked] == ["split"]
