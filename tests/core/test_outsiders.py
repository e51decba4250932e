"""Members that are not of our pods: one node's word that such a member lives is enough."""

from __future__ import annotations

import pytest

from bootstrap.plan import outsiders
from bootstrap.plan.facts import Facts
from tests.core import build

ALIVE = "x1 10.9.9.9:6379@16379 master - 0 0 9 connected"
FAILED = ALIVE.replace("master", "master,fail")
DOUBTED = ALIVE.replace("master", "master,fail?")


def found(*lines: str) -> list[str]:
    """The members that count where each pod knows the stray node by its own line."""
    pods = [build.own(n, [*build.all_lines(n), line], ok=True) for n, line in enumerate(lines)]
    facts = Facts(build.snapshot(*pods), build.topology(0))
    return [one.node_id for one in outsiders.outsiders(facts, pods)]


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ((ALIVE, ALIVE), True),
        ((ALIVE, FAILED), True),
        ((FAILED, ALIVE), True),
        ((FAILED, DOUBTED), True),
        ((FAILED, FAILED), False),
    ],
)
def test_a_node_without_a_name_counts_while_it_lives_for_anybody(
    lines: tuple[str, ...], counts: bool
) -> None:
    assert found(*lines) == ["x1"] * counts


def test_a_node_with_a_foreign_name_counts_dead_or_alive() -> None:
    named = FAILED.replace("16379 ", "16379,db-0.elsewhere ")
    assert found(named, named) == ["x1"]


def test_a_handshake_is_no_member() -> None:
    assert found(ALIVE.replace("master", "handshake")) == []
