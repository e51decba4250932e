"""With a careless rule in front of all others the last door refuses to move slots.

Each rule does what a fault of ours might do: it asks for the next move whatever stands against it.
Where nothing does, the same step goes through the door, so it is the door that holds elsewhere.
"""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model.actions import (
    CancelMigrations,
    ImportSlots,
    MigrateSlots,
    Replicate,
    RestoreFunctions,
)
from bootstrap.model.migration import Way
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.view import View
from bootstrap.model.wish import HOLD, Wished
from bootstrap.plan import rules
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Phase, Plan, Step
from tests.core import build
from tests.core.resharding import GOING, all_redis, changed, grown, job, pod, seen


def moves_at_once(facts: Facts) -> Plan:
    """Give or fetch what is to move, and ask for nothing else."""
    action = (
        MigrateSlots(
            pod=facts.me.name, ranges=GOING, target="redis-app-6", target_id="n6", why="careless"
        )
        if facts.my.way is Way.PUSH
        else ImportSlots(pod=facts.me.name, ranges=GOING, source="redis-app-0", why="careless")
    )
    return doing(action)


def cancels_at_once(facts: Facts) -> Plan:
    assert facts.my.way is not None
    return doing(CancelMigrations(pod=facts.me.name, way=facts.my.way, why="careless"))


def restores_at_once(facts: Facts) -> Plan:
    return doing(RestoreFunctions(pod=facts.me.name, source="redis-app-0", why="careless"))


def follows_at_once(facts: Facts) -> Plan:
    return doing(
        Replicate(pod=facts.me.name, primary="redis-app-0", primary_id="n0", why="careless")
    )


def doing(
    action: MigrateSlots | ImportSlots | CancelMigrations | RestoreFunctions | Replicate,
) -> Plan:
    return Plan(phase=Phase.RESHARD, steps=(Step(actions=(action,), until="it is done"),))


def with_rule(
    careless: object, snapshot: Snapshot, me: int, monkeypatch: pytest.MonkeyPatch
) -> Plan:
    """What is sent, and what is refused, with this rule in front."""
    first = rules.Rule("careless", lambda _: None, careless)  # type: ignore[arg-type]
    monkeypatch.setattr(rules, "RULES", (first, *rules.RULES))
    found = planning.decide(snapshot, build.topology(me))
    assert isinstance(found, Plan), found
    return found


def lines(ordinal: int, line: str) -> list[str]:
    found = grown()
    found[ordinal] = line
    return found


def one(ordinal: int, **more: object) -> Snapshot:
    """A look in which one pod's node says something else of itself."""
    return seen(at={ordinal: changed(pod(grown(), ordinal), **more)})


FORBIDDEN = {
    "M1: the target holds keys": (seen(counted=3), "not known to hold no key"),
    "M1: no key was counted": (seen(target="redis-app-1"), "not known to hold no key"),
    "M1: a slot is open": (
        seen(at={2: pod(lines(2, build.line(2, slots="10922-16383 [7-<-n0]")), 2)}),
        "redis-app-2 has slots open",
    ),
    "M2: a node shows another wish": (
        seen(at={5: pod(grown(), 5, "3")}),
        "redis-app-5 shows another wish",
    ),
    "M2: nothing is to move": (
        dataclasses.replace(seen(wish=None), wished=Wished(wish=HOLD)),
        "no number of shards is wished",
    ),
    "M2: a node was not seen": (seen(at={5: build.pod(5, "timeout")}), "was not seen"),
    "M3: the target has no replica": (one(7, link_up=False), "redis-app-6 has 0 linked replicas"),
    "M3: the target is not well": (one(6, state_ok=False), "redis-app-6 is a replica, or does not"),
    "M3: the source is not well": (one(0, state_ok=False), "redis-app-0 is a replica, or does not"),
    "M3: the source does not own them": (
        seen(lines(0, build.line(0, slots="0-5000"))),
        "redis-app-0 does not own all of them",
    ),
    "one at a time": (one(2, migrations=(job(),)), "slots move from or to redis-app-2 already"),
}


def refusal(plan: Plan) -> str:
    """Why the last door refuses; nothing is sent."""
    assert (plan.phase, plan.steps) == (Phase.BLOCKED, ()), plan
    (block,) = [block for block in plan.blocked if block.code is Code.SAFETY]
    return block.why


@pytest.mark.parametrize("pull", [False, True], ids=["push", "pull"])
@pytest.mark.parametrize("case", FORBIDDEN)
def test_a_move_that_is_forbidden(case: str, pull: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, why = FORBIDDEN[case]
    snapshot = all_redis(snapshot) if pull else snapshot
    assert why in refusal(with_rule(moves_at_once, snapshot, 6 if pull else 0, monkeypatch))


@pytest.mark.parametrize("pull", [False, True], ids=["push", "pull"])
def test_a_move_that_is_not(pull: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = all_redis(seen()) if pull else seen()
    found = with_rule(moves_at_once, snapshot, 6 if pull else 0, monkeypatch)
    assert len(found.steps) == 1


def test_moves_that_no_node_leaves_are_not_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_rule(cancels_at_once, one(0, migrations=(job(),)), 0, monkeypatch)
    assert "neither our node nor the target is leaving" in refusal(found)


def test_functions_are_not_restored_over_others(monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_rule(restores_at_once, one(6, libraries=1), 6, monkeypatch)
    assert "has slots or functions" in refusal(found)


def test_the_twin_is_sound() -> None:
    """The snapshots differ in nothing but the one thing that is forbidden."""
    for snapshot, _ in FORBIDDEN.values():
        assert len(snapshot.pods) == 8
        assert sum(isinstance(each.node, View) for each in snapshot.pods) >= 7


def test_a_node_to_which_slots_move_follows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a replica it would end the move."""
    busy, calm = one(6, migrations=(job(),)), one(6, migrations=(job(target_id="n1"),))
    assert "slots move to redis-app-6" in refusal(with_rule(follows_at_once, busy, 6, monkeypatch))
    assert with_rule(follows_at_once, calm, 6, monkeypatch).steps
