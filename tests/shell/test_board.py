"""What the board says of a pod's readiness. The decision has tests of its own in tests/core."""

from __future__ import annotations

import dataclasses

from bootstrap.show import board
from tests.shell import seen

NEW = dataclasses.replace(seen.view(), run_id="second")


def after(before: board.Status) -> board.Status:
    """The status after a look at a node that has just started, and knows no other."""
    found = seen.seen(seen.STEADY, NEW)
    assert found.snapshot is not None
    assert found.topology is not None
    return before.then(found.topology, found.snapshot, seen.STEADY)


def test_before_the_first_look_nothing_is_ready() -> None:
    assert board.Status().ready == (False, "nothing has been looked at yet")


def test_after_a_failed_look_nothing_is_ready() -> None:
    failed = dataclasses.replace(seen.seen(seen.STEADY, seen.view()), failed="no memory")
    assert failed.ready == (False, "no memory")


def test_it_is_ready_if_the_plan_says_so() -> None:
    assert seen.seen(seen.STEADY, seen.view()).ready == (True, "ready")
    assert seen.seen(seen.STEADY, seen.view(slots=False)).ready == (
        False,
        "steady: a primary without slots has no role yet",
    )


def test_it_remembers_which_start_of_the_server_may_be_believed() -> None:
    status = after(dataclasses.replace(board.Status(), believed_run="first"))
    assert (status.tick, status.believed_run) == (1, "second")
    assert after(status).believed_run == "second"
