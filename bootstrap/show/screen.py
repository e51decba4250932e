"""A text redrawn in place in a terminal, as `status --watch` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bootstrap.show.cause import Verdict

CLEAR: Final = "\x1b[2J"
"""Clears the screen: before the first frame."""
_HOME: Final = "\x1b[H"
_TO_END_OF_LINE: Final = "\x1b[K"
_BELOW: Final = "\x1b[J"
_PLAIN: Final = "\x1b[0m"
_COLOURS: Final = {
    Verdict.HEALTHY: "\x1b[32m",
    Verdict.WAIT: "\x1b[33m",
    Verdict.ACT: "\x1b[31m",
}
"""Green, yellow, red. The word itself says the same, for readers who see no colours."""


def frame(text: str, size: tuple[int, int], verdict: Verdict | None = None) -> str:
    """Return what replaces the last frame, without a flicker: nothing is cleared before it is due.

    Args:
        text: The lines to show. The first one begins with the verdict's word.
        size: The columns and rows of the terminal. Long lines are folded. If there are too many
            lines, the last row says how many are not shown.
        verdict: What to colour the first word for; None: no colours.

    """
    columns, rows = size
    lines = [part for line in text.split("\n") for part in _folded(line, columns)]
    if len(lines) > rows:
        lines = [*lines[: rows - 1], f"... and {len(lines) - rows + 1} more lines"[:columns]]
    if verdict is not None and lines[0].startswith(verdict):
        lines[0] = f"{_COLOURS[verdict]}{verdict}{_PLAIN}{lines[0].removeprefix(verdict)}"
    # No line break behind the last line: in the last row it would scroll.
    return _HOME + f"{_TO_END_OF_LINE}\r\n".join(lines) + _TO_END_OF_LINE + _BELOW


def _folded(line: str, columns: int) -> Iterator[str]:
    """Yield a line in parts that fit. Whatever else could move the cursor becomes `?`."""
    line = "".join(one if one.isprintable() else "?" for one in line)
    for start in range(0, max(1, len(line)), columns):
        yield line[start : start + columns]
