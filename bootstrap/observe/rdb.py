"""Whether the head of a data file proves that a server which loads the file starts empty.

All that is not understood counts as data: a server loads it, or refuses to start, but does not
start empty.
"""

from __future__ import annotations

import re

_MAGIC = re.compile(rb"REDIS\d{4}|VALKEY\d{3}")
"""`REDIS0011`, `VALKEY080`: a name and the version of the format (rdb.c)."""
_MAGIC_BYTES = 9
_AUX, _EOF = 0xFA, 0xFF
"""Opcodes of rdb.h. All others mean data: a key's type does, SELECTDB stands only before keys, and
FUNCTION2 and MODULE_AUX hold data of functions and modules."""
_CHECKSUM_BYTES = 8
_INTEGERS = {0xC0: 1, 0xC1: 2, 0xC2: 4}
"""Encodings of a string as an integer, with the integer's bytes."""
_LZF = 0xC3
"""The encoding of a compressed string."""
_FILE = re.compile(r'file (?:"([^"\\]+)"|([^"\s]+)) (?:\S+ \S+ )*?type ([bhi])(?: \S+)*')
"""A line in the manifest of an append-only log (aof.c).

An example is `file appendonly.aof.1.base.rdb seq 1 type b`.
"""


def end_of_empty(head: bytes) -> int | None:
    """Return the size in bytes of an RDB without keys and functions; None if it may hold some."""
    if not _MAGIC.match(head):
        return None
    at = _MAGIC_BYTES
    try:
        while head[at] == _AUX:
            at = _after_string(head, _after_string(head, at + 1))
        end = at + 1 + _CHECKSUM_BYTES
        return end if head[at] == _EOF and end <= len(head) else None
    except IndexError:
        return None  # the file is cut off, so a server refuses it


def loaded(manifest: str) -> tuple[str, ...] | None:
    """Return the files from which a server loads a log in several parts; None if it is invalid.

    Files of its history (type h) are not loaded: a server deletes them.
    """
    names: list[str] = []
    for line in manifest.splitlines():
        found = _FILE.fullmatch(line)
        if found is None and not line.startswith("#"):
            return None
        if found is not None and found[3] != "h":
            names.append(found[1] or found[2])
    return tuple(names)


def _after_string(head: bytes, at: int) -> int:
    """Return the place behind a string.

    Raises:
        IndexError: when the string begins behind the end.

    """
    first = head[at]
    if first in _INTEGERS:
        return at + 1 + _INTEGERS[first]
    if first == _LZF:
        compressed, at = _length(head, at + 1)
        _, at = _length(head, at)
        return at + compressed
    length, at = _length(head, at)
    return at + length


def _length(head: bytes, at: int) -> tuple[int, int]:
    """Return a length, and the place behind it (rdbLoadLenByRef)."""
    first = head[at]
    if first < 0x40:
        return first, at + 1
    if first < 0x80:
        return (first & 0x3F) << 8 | head[at + 1], at + 2
    size = 4 if first == 0x80 else 8
    return int.from_bytes(head[at + 1 : at + 1 + size]), at + 1 + size
