"""The first step is applied in the fake, and the new plan is the rest of the old one."""

from __future__ import annotations

import functools
import itertools

import pytest

from bootstrap import plan as planning
from bootstrap.model.actions import Action, ConfigSet
from bootstrap.model.snapshot import Scope
from bootstrap.plan.verdict import Plan
from tests.simulator import ends
from tests.simulator.products import PRODUCTS
from tests.simulator.sidecar import Sidecar
from tests.simulator.world import World

SHAPES = [(3, 0), (6, 1), (7, 1), (9, 2), (12, 1), (1, 0), (2, 1)]


def told(world: World) -> None:
    """Every sidecar has told its node who and where it is."""
    for ordinal in world.pods:
        Sidecar(world, ordinal).tick()


def seeds_plan(world: World, seed: Sidecar) -> Plan:
    return planning.plan(seed.snapshot(Scope.ALL), world.topology(seed.ordinal))


@pytest.mark.parametrize("product", sorted(PRODUCTS))
@pytest.mark.parametrize(("size", "replicas"), SHAPES)
def test_what_is_left_is_what_was_announced(product: str, size: int, replicas: int) -> None:
    world = World(PRODUCTS[product], size, replicas=replicas)
    told(world)
    seed = Sidecar(world, 0)
    announced = seeds_plan(world, seed).steps
    for step in announced[:-1]:
        found = seeds_plan(world, seed)
        assert found.steps[0].actions == step.actions
        assert found.phase == "form"
        for action in step.actions:
            server = world.pods[int(action.pod.rpartition("-")[2])].server
            assert world.carry_out(action, server) is None, action
        for _ in range(4):
            world.gossip()
    left = [action for step in seeds_plan(world, seed).steps for action in step.actions]
    assert all(isinstance(action, ConfigSet) for action in left), left


@pytest.mark.parametrize("product", sorted(PRODUCTS))
@pytest.mark.parametrize(("size", "replicas"), [(3, 0), (6, 1)])
def test_killed_after_each_single_command_the_next_one_ends_in_the_same_cluster(
    product: str, size: int, replicas: int
) -> None:
    """I4 and I9. The seed's sidecar is killed after N commands, and a new one takes over."""
    outcomes = set()
    for kill_after in itertools.count(1):
        world = World(PRODUCTS[product], size, replicas=replicas)
        told(world)
        world.pass_time(3.0)
        killed = form(world, kill_after)
        assert not ends.problems(world), (kill_after, ends.problems(world))
        assert not ends.leftovers(world), (kill_after, ends.leftovers(world))
        assert not ends.uneven(world), (kill_after, ends.uneven(world))
        servers = [pod.server for pod in world.pods.values()]
        outcomes.add(tuple((server.me.slots, server.me.primary_id) for server in servers))
        if not killed:
            break
    assert len(outcomes) == 1
    assert kill_after > size * 2


def form(world: World, kill_after: int) -> bool:
    """Whether there was such a command to be killed after."""
    left = kill_after
    some = [Sidecar(world, ordinal) for ordinal in world.pods]
    for _ in range(300):
        before = len(world.sent)
        if left > 0:
            some[0].tick(functools.partial(first, most=left))
            left -= some[0].sent
            some[0].sent = 0
            if left <= 0:
                some[0] = Sidecar(world, 0)
        else:
            some[0].tick()
        for one in some[1:]:
            one.tick()
        world.gossip()
        world.pass_time(0.1)
        if all(one.plan and one.plan.reached for one in some) and before == len(world.sent):
            break
    return left <= 0


def first(by_pod: dict[str, list[Action]], most: int) -> dict[str, int]:
    """Commands go out pod by pod: all of the first pods, a part of one, nothing to the rest."""
    found = {}
    for pod, some in by_pod.items():
        found[pod] = min(len(some), most)
        most -= found[pod]
    return found
