"""Exit statuses, and faults of the configuration."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final


class Exit(enum.IntEnum):
    """Exit statuses; scripts and probes rely on them."""

    REACHED = 0
    """The goal is reached; in a dry run: there is nothing to do."""
    FAILED = 1
    """The run could not observe, or ran out of time."""
    NOT_YET = 2
    """Dry run only: steps are pending, or the sidecar waits for something."""
    BLOCKED = 3
    """The sidecar refuses to act; the reasons were printed."""
    USAGE = 64
    """The command line is wrong (EX_USAGE of sysexits.h)."""
    CONFIGURATION = 78
    """The environment is wrong (EX_CONFIG of sysexits.h); all faults were printed."""


class ConfigurationError(Exception):
    """The environment is invalid. Holds all faults, so that one run shows all of them."""

    faults: Final[tuple[str, ...]]

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the faults: sentences that begin with the variable's name."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Faults:
    """Collects faults, the first of each variable: later ones are only a consequence of it."""

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
        """Raise what was collected, if anything was.

        Raises:
            ConfigurationError: with all faults.

        """
        if self._texts:
            raise ConfigurationError(self._texts.values())
