"""Numbers of keys, bytes and seconds for people."""

from __future__ import annotations

from typing import Final

_KIB: Final = 1024
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_SURE: Final = 1000
"""An estimate above this is rounded to three digits: more would promise too much."""


def size(count: float) -> str:
    """Return a number of bytes: `1.2 MiB`."""
    for unit in _UNITS[:-1]:
        if count < _KIB:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} {_UNITS[-1]}"


def keys(count: int) -> str:
    """Return an estimated number of keys: `166,000 keys`."""
    if count > _SURE:
        digits = len(str(count)) - 3
        count = round(count, -digits)
    return f"{count:,} {'key' if count == 1 else 'keys'}"


def duration(seconds: float) -> str:
    """Return an estimated time: `4 s`, `12 min`, `3 h`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{round(minutes / 60)} h"
