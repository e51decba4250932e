"""Functions reach a node before its first slot, where a move does not bring them."""

from __future__ import annotations

import pytest

from bootstrap import plan as planning
from bootstrap.model.actions import MigrateSlots, RestoreFunctions
from bootstrap.model.snapshot import Snapshot
from bootstrap.plan.verdict import Phase, Plan
from tests.core import build
from tests.core.resharding import all_redis, changed, grown, pod, seen
from tests.core.test_moves import planned, waits
from tests.core.test_safety_moves import refused

RESTORES = RestoreFunctions(
    pod="redis-app-6",
    source="redis-app-0",
    why="it is to get slots, and redis-app-0 has 2 libraries of functions",
)


def having(*numbers: int, seat: int = 0, lines: list[str] | None = None) -> Snapshot:
    """Owners with so many libraries, and an empty primary with `seat`."""
    some = lines or grown()
    pods = dict(enumerate([*numbers, 9, 9, 9, seat]))
    return seen(some, at={n: changed(pod(some, n), libraries=many) for n, many in pods.items()})


def test_the_sidecar_of_a_new_shard_restores_them() -> None:
    found = planned(having(2, 2, 2), 6)
    (step,) = found.steps
    assert (found.phase, step.actions, step.confirm) == (Phase.RESHARD, (RESTORES,), True)
    assert found.seat


@pytest.mark.parametrize("me", [0, 1, 3, 7])
def test_all_others_wait_for_it(me: int) -> None:
    told = "redis-app-6: the functions of redis-app-0, before it gets slots: 2 libraries"
    assert waits(having(2, 2, 2), me) == told
    assert "slots: 1 library" in waits(having(1, 1, 1), me)


@pytest.mark.parametrize("me", [0, 6])
def test_owners_that_differ_are_waited_for(me: int) -> None:
    text = waits(having(1, 2, 1), me)
    assert text == (
        "redis-app-6: the owners of slots to have as many libraries of functions each:"
        " redis-app-0 has 1, redis-app-1 has 2, redis-app-2 has 1"
    )
    assert "redis-app-1 -c redis -- redis-cli FUNCTION LIST" in str(
        planned(having(0, 2, 0)).waiting
    )


def test_without_functions_nothing_is_restored() -> None:
    (step,) = planned(having(0, 0, 0)).steps
    assert isinstance(step.actions[0], MigrateSlots)


@pytest.mark.parametrize("numbers", [(2, 2, 2), (1, 2, 1)])
def test_a_node_keeps_the_functions_that_it_has(numbers: tuple[int, ...]) -> None:
    (step,) = planned(having(*numbers, seat=1)).steps
    assert isinstance(step.actions[0], MigrateSlots)
    assert planned(having(*numbers, seat=1), 6).steps == ()


def test_servers_that_pull_bring_them() -> None:
    (step,) = planned(all_redis(having(2, 2, 2)), 6).steps
    assert step.actions[0].kind == "import-slots"


def test_a_node_with_slots_is_a_matter_of_those_who_load_them() -> None:
    lines = grown()
    lines[0], lines[6] = build.line(0, slots="0-5459"), build.line(6, slots="5460-5460")
    for me in (0, 6):
        found = planning.decide(having(2, 2, 2, lines=lines), build.topology(me))
        assert isinstance(found, Plan)
        assert "functions" not in str(found)


# The last door


def test_what_may_be_restored() -> None:
    assert refused(RESTORES, having(2, 2, 2), 6) == ""


@pytest.mark.parametrize(
    ("snapshot", "me", "said"),
    [
        (having(2, 2, 2), 0, "redis-app-0 commands its own node alone"),
        (having(2, 2, 2, seat=1), 6, "redis-app-6 is a replica, or has slots or functions"),
        (seen(at={0: build.pod(0, "timeout")}), 6, "redis-app-0 is not proven to be ours"),
    ],
)
def test_what_may_not(snapshot: Snapshot, me: int, said: str) -> None:
    assert said in refused(RESTORES, snapshot, me)


def test_a_node_with_slots_or_a_role_gets_none() -> None:
    for line in (build.line(6, slots="5460-5460"), build.line(6, "slave", "n1")):
        lines = grown()
        lines[0], lines[6] = build.line(0, slots="0-5459"), line
        assert "redis-app-6 is a replica, or has slots" in refused(RESTORES, seen(lines), 6)


def test_a_source_without_slots_gives_none() -> None:
    lines = grown()
    lines[0] = build.line(0)
    assert "redis-app-0 owns no slots" in refused(RESTORES, seen(lines), 6)
