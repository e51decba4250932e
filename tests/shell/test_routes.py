"""What the paths answer from a board alone: before the first look, and when the loop hangs."""

from __future__ import annotations

import json
import time

from prometheus_client import parser

from bootstrap.show import routes
from bootstrap.show.board import Board
from tests.shell import seen


def ask(board: Board, path: str) -> tuple[int, str]:
    code, _kind, text = routes.of(board)[path]()
    return code, text


def test_before_the_first_look_only_livez_is_content() -> None:
    board = Board()
    assert ask(board, "/livez") == (200, "alive\n")
    assert ask(board, "/startupz") == (503, "the loop has not run yet\n")
    starting = "WAIT starting: nothing has been looked at yet; it passes by itself."
    assert ask(board, "/readyz") == (503, f"{starting}\nnothing has been looked at yet\n")
    code, text = ask(board, "/statusz")
    assert (code, json.loads(text)) == (503, {"tick": 0})
    families = parser.text_string_to_metric_families(ask(board, "/metrics")[1])
    values = {sample.name: sample.value for family in families for sample in family.samples}
    assert values["bootstrap_ready"] == values["bootstrap_ticks_total"] == 0.0
    assert "bootstrap_peers_found" not in values


def test_a_loop_that_does_not_turn_is_not_alive() -> None:
    board = Board(due=time.monotonic() - 61.0)
    assert ask(board, "/livez") == (503, "the loop should have turned 61 s ago\n")
    board.status = seen.seen(seen.STEADY, seen.view())
    assert ask(board, "/livez") == (503, "the loop should have turned 61 s ago\n")
    # Within its patience, and while it rests however long it may.
    for due in (time.monotonic() - 30.0, time.monotonic() + 3600.0):
        board.due = due
        assert ask(board, "/livez") == (200, "alive\n")


def test_what_was_refused_is_counted_beside_what_was_done() -> None:
    board = Board()
    board.actions["meet", "ok"] += 2
    board.actions["replicate", "refused"] += 1
    families = parser.text_string_to_metric_families(ask(board, "/metrics")[1])
    done = {
        (sample.labels["kind"], sample.labels["result"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == "bootstrap_actions_total"
    }
    assert done == {("meet", "ok"): 2.0, ("replicate", "refused"): 1.0}
