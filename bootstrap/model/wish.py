"""How many shards a person wishes for: a number, or `hold`.

The wish is stated once for the whole StatefulSet, and each sidecar reads it for itself. So for a
while sidecars may read different wishes. Each shows its own in its node's human name
(`model.human_name`), and nothing moves unless all show the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOLD_WORD: Final = "hold"
MOST: Final = 16384
"""The most shards that can be: one for each slot."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A number of shards, or the wish that no slot moves."""

    shards: int | None
    """How many primaries should own slots; None: no slot should move (`hold`)."""

    def __str__(self) -> str:
        """Return the wish as it is stated, and as it stands in a human node name."""
        return HOLD_WORD if self.shards is None else str(self.shards)


HOLD: Final = Wish(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What a look found of the wish of our own sidecar."""

    wish: Wish | None = None
    """None: nothing is wished, or the wish could not be read."""
    fault: str = ""
    """Why the stated wish could not be read: what was expected, and what was seen."""


UNSTATED: Final = Wished()


def parse(text: str) -> Wish:
    """Parse a wish as it is stated, without blanks around it.

    Raises:
        ValueError: when the text is no wish. The message says what was expected.

    """
    if text == HOLD_WORD:
        return HOLD
    # int() alone would also take 1_000, +1, and digits of other scripts.
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST):
        raise ValueError(f"a number of shards from 1 to {MOST}, or {HOLD_WORD}")
    return Wish(int(text))
