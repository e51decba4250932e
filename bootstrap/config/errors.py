"""How a run ends, and what is wrong with its configuration."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final


class Exit(enum.IntEnum):
    """Exit statuses; scripts and probes rely on them."""

    REACHED = 0
    """The goal is reached; in a dry run: nothing is to be done."""
    FAILED = 1
    """It could not observe, or it ran out of time."""
    NOT_YET = 2
    """Dry run only: steps are pending, or something is waited for."""
    BLOCKED = 3
    """It refuses to act; the reasons were printed."""
    USAGE = 64
    """The command line is wrong (EX_USAGE of sysexits.h)."""
    CONFIGURATION = 78
    """The environment is wrong (EX_CONFIG of sysexits.h); all faults were printed."""


class ConfigurationError(Exception):
    """The environment can not be worked with. Carries all faults, so that one run shows them."""

    faults: Final[tuple[str, ...]]

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the faults, each a sentence that begins with its variable's name."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Faults:
    """Collects faults, one per variable: what is found later is only a consequence."""

    def __init__(self) -> None:
        """Begin with none."""
        self._texts: dict[str, str] = {}

    def add(self, variable: str, *, expected: str, seen: str, fix: str) -> None:
        """Note a fault, unless this variable has one already."""
        self._texts.setdefault(variable, f"{variable}: expected {expected}; saw {seen}; {fix}")

    def __contains__(self, variable: str) -> bool:
        """Whether the variable has a fault."""
        return variable in self._texts

    def raise_any(self) -> None:
        """Raise ConfigurationError with everything that was noted, if anything was."""
        if self._texts:
            raise ConfigurationError(self._texts.values())
