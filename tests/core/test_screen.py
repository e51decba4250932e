"""Frames of `status --watch`: redrawn in place, folded, and cut to the terminal."""

from __future__ import annotations

import pytest

from bootstrap.show import screen
from bootstrap.show.cause import Verdict


def test_each_line_replaces_what_stood_there_and_the_rest_is_cleared() -> None:
    assert screen.frame("one\ntwo", (10, 5)) == "\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J"


def test_nothing_is_cleared_before_it_is_replaced() -> None:
    assert screen.CLEAR not in screen.frame("one\n\ntwo", (10, 5))


def rows(text: str, columns: int, most: int) -> list[str]:
    shown = screen.frame(text, (columns, most)).removeprefix("\x1b[H").removesuffix("\x1b[J")
    return [line.removesuffix("\x1b[K") for line in shown.split("\r\n")]


def test_long_lines_are_folded() -> None:
    assert rows("abcdefg\n\nh", 3, 9) == ["abc", "def", "g", "", "h"]


def test_too_many_lines_are_counted_and_never_scroll() -> None:
    assert rows("1\n2\n3\n4\n5", 20, 3) == ["1", "2", "... and 3 more lines"]
    assert rows("1\n2\n3", 20, 3) == ["1", "2", "3"]
    assert rows("1\n2\n3", 5, 2) == ["1", "... a"]


@pytest.mark.parametrize(
    ("verdict", "code"), [(Verdict.HEALTHY, 32), (Verdict.WAIT, 33), (Verdict.ACT, 31)]
)
def test_the_verdict_is_coloured(verdict: Verdict, code: int) -> None:
    shown = screen.frame(f"{verdict}: so\n{verdict}", (40, 5), verdict)
    assert shown.startswith(f"\x1b[H\x1b[{code}m{verdict}\x1b[0m: so\x1b[K\r\n{verdict}\x1b[K")


def test_a_first_line_without_the_verdict_stays_plain() -> None:
    assert screen.frame("other", (40, 5), Verdict.ACT) == "\x1b[Hother\x1b[K\x1b[J"


def test_texts_from_the_network_cannot_move_the_cursor() -> None:
    assert rows("a\x1b[2Jb\tc\u202ed", 40, 5) == ["a?[2Jb?c?d"]
