"""With a careless rule in front of all others the last door holds.

Each of these rules does what a fault of ours might do. Clusters live through failures with them,
and the simulator's oracle, which never asks the planner, judges each command that is sent. A rule
that the door never has to stop would prove nothing, so each has to be stopped at least once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from bootstrap.model.actions import Action, AddSlots, Forget, Replicate
from bootstrap.model.snapshot import Scope
from bootstrap.plan import meetings, rules
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import formation
from bootstrap.plan.verdict import LookFurther, Phase, Plan, Step
from tests.simulator import oracle
from tests.simulator.products import PRODUCTS
from tests.simulator.sidecar import Sidecar
from tests.simulator.world import World

HISTORIES: Final = 40
TURNS: Final = 25
Rule = Callable[[Facts], Plan | None]


def forms_with_what_it_sees(facts: Facts) -> Plan | None:
    """It neither waits for all pods, nor asks whether they have keys."""
    found = formation(facts)
    if not facts.topology.seed or found is None or len(found.pods) < 2:
        return None
    return doing(
        *(
            AddSlots(pod=pod.name, ranges=ranges, why="")
            for pod, view in found.pods
            if (ranges := found.layout.slots_of(pod.ordinal)) and not view.myself.slots
        )
    )


def forgets_what_has_failed(facts: Facts) -> Plan | None:
    """It does not ask whether the node may come back, or is needed."""
    return doing(
        *(
            Forget(pod=facts.me.name, ghost=one.node_id, node_id=one.node_id, why="")
            for one in facts.my.others
            if one.failed
        )
    )


def meets_whatever_answers(facts: Facts) -> Plan | None:
    """It does not ask whose node answers, nor which cluster that is in."""
    return doing(
        *(
            meetings.meet(facts.me, facts.my, pod, pod.view, why="")
            for pod in facts.snapshot.pods
            if pod.view and pod.view.node_id not in facts.my.known_ids
        )
    )


def follows_the_first_primary(facts: Facts) -> Plan | None:
    """It does not ask what its own node has, nor what the other has."""
    primaries = [one for one in facts.my.others if not (one.is_replica or one.handshake)]
    if not primaries or facts.my.myself.primary_id == primaries[0].node_id:
        return None
    node_id = primaries[0].node_id
    return doing(Replicate(pod=facts.me.name, primary=node_id, primary_id=node_id, why=""))


def doing(*actions: Action) -> Plan | None:
    step = Step(actions=actions, until="it is done")
    return Plan(phase=Phase.HEAL, steps=(step,), look=Scope.ALL) if actions else None


def from_far(facts: Facts) -> LookFurther | None:
    """It sees all pods first: it knows most then."""
    if facts.snapshot.scope is Scope.ALL:
        return None
    return LookFurther(scope=Scope.ALL, why="a look at all pods")


def history(number: int) -> Iterator[World]:
    """A cluster's life; what befalls it depends on the number alone."""
    dice = random.Random(number)
    product = PRODUCTS[sorted(PRODUCTS)[number % len(PRODUCTS)]]
    world = World(product, 6, replicas=1, ordinal_start=0, fast_form=bool(number % 2))
    sidecars = {ordinal: Sidecar(world, ordinal) for ordinal in world.pods}
    for _ in range(TURNS):
        befalls(world, dice)
        for _, sidecar in sorted(sidecars.items()):
            sidecar.tick()
        world.gossip()
        world.pass_time(dice.choice([0.1, 1.0, 6.0]))
        yield world


def befalls(world: World, dice: random.Random) -> None:
    """One misfortune, or none."""
    ordinal = dice.choice(sorted(world.pods))
    pod = world.pods[ordinal]
    match dice.randrange(12):
        case 0:
            pod.server.up = False
        case 1 | 2:
            world.restart(ordinal, moved=dice.random() < 0.5, wiped=dice.random() < 0.5)
        case 3:
            world.write()
        case 4:
            pod.dns = world.stranger("cluster").address if not world.strangers else pod.dns
        case 5:
            world.restart(ordinal, wiped=True)
            pod.server.keys = 1 << 5461
            pod.server.add_slots(1 << 5461)


@pytest.mark.parametrize(
    "careless",
    [
        forms_with_what_it_sees,
        forgets_what_has_failed,
        meets_whatever_answers,
        follows_the_first_primary,
    ],
)
def test_the_door_holds_where_a_rule_fails(careless: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []

    def judge(_snapshot: object, _topology: object, plan: Plan) -> None:
        stopped.extend(block.why for block in plan.blocked if block.code is Code.SAFETY)

    def judge_words(_world: World, _plan: Plan) -> None:
        """A careless rule has none."""

    monkeypatch.setattr(oracle, "judge_plan", judge)
    monkeypatch.setattr(oracle, "judge_advice", judge_words)
    sound = list(rules.RULES)
    for number in range(HISTORIES):
        # It goes wrong at the first look, or once a cluster has been formed by sound rules.
        monkeypatch.setattr(rules, "RULES", sound)
        for turn, _ in enumerate(history(number)):
            if turn >= (0, 8)[number % 2]:
                monkeypatch.setattr(
                    rules, "RULES", [rules.Rule("careless", from_far, careless), *sound]
                )
    assert stopped
