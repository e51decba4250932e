"""Nodes that are gone for good: when they are forgotten, and what is lost with them."""

from __future__ import annotations

import pytest

from bootstrap.model.snapshot import Pod
from bootstrap.plan import lost_slots
from bootstrap.plan.facts import Facts
from tests.core import build

AWAY = build.pod(3, "timeout")
EMPTIED = build.own(3, build.blank(3).replace("n3", "m3"))


def lost(me: int, replica: Pod) -> list[bool]:
    """Whether our pod serves, for each shard that is lost: n0's, whose pod is node m0 now."""
    lines = [one.replace("myself,", "") for one in build.all_lines(me)]
    lines[0] = build.line(0, "master,fail", slots="0-5460")
    lines[3] = build.line(3, "slave,fail", "n0")
    new = build.blank(0).replace("n0", "m0")
    first = build.own(0, [*lines, new])
    second = build.own(1, [*lines[:1], build.all_lines(1)[1], *lines[2:]])
    facts = Facts(build.snapshot(first, second, replica), build.topology(me))
    return [block.serves for _, block in lost_slots.of_ghosts(facts)]


@pytest.mark.parametrize("replica", [AWAY, EMPTIED])
def test_where_a_shard_is_lost_each_pod_serves_but_the_one_that_lost_it(replica: Pod) -> None:
    assert lost(1, replica) == [True]
    assert lost(0, replica) == [False]
