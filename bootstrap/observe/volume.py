"""The volume of our own node, read while its server is down: its nodes.conf, and its data.

The sidecar cannot read the server's configuration, which says which files the server will load. So
an RDB and an append-only log both count as data, under any name that a server may give them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bootstrap.model.snapshot import Volume
from bootstrap.observe import rdb
from bootstrap.redis import parse

_LOST_AND_FOUND: Final = "lost+found"
"""A folder that the file system itself makes, readable by root only."""
_HEAD_BYTES: Final = 1 << 20
"""Bytes of a file that are read, at most. A longer head without a key holds scripts, so is data."""


def read(folder: Path) -> Volume:
    """Return what the folder holds. Never raises: the result says what cannot be read."""
    try:
        next(folder.iterdir(), None)  # glob would skip a folder that it may not read
        file, data = _nodes_conf(folder), _data(folder)
    except OSError as error:
        corrupt = f"the folder cannot be read: {_plainly(error)}"
        denied = isinstance(error, PermissionError)
        return Volume(file=str(folder), corrupt=corrupt, denied=denied)
    if file is None:
        return Volume(data=data)
    try:
        # Bytes that are no UTF-8 make the file invalid too; backslashes show them.
        members = parse.nodes_conf(file.read_text("utf-8", "backslashreplace"))
    except OSError as error:
        corrupt = f"it cannot be read: {_plainly(error)}"
        denied = isinstance(error, PermissionError)
        return Volume(file=str(file), corrupt=corrupt, denied=denied, data=data)
    except parse.MalformedError as error:
        return Volume(file=str(file), corrupt=str(error), data=data)
    return Volume(file=str(file), members=members, data=data)


def unread(folder: Path) -> str:
    """Return the first file or folder that the start gate needs but may not read; else empty.

    Raises:
        OSError: when the folder cannot be listed.

    """
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"{folder}"
    inside = [
        one for one in sorted(folder.iterdir()) if one.is_dir() and one.name != _LOST_AND_FOUND
    ]
    shut = [one for one in inside if not os.access(one, os.R_OK | os.X_OK)]
    files = [file for pattern in ("nodes*.conf", *_KINDS) for file in _files(folder, pattern)]
    shut += [file for file in files if not os.access(file, os.R_OK)]
    # The server may have removed a file meanwhile.
    return next((str(one) for one in shut if one.exists()), "")


def _nodes_conf(folder: Path) -> Path | None:
    """Return `nodes.conf`, else the `nodes*.conf` that was written last, if any.

    The file may have another name (cluster-config-file), often `nodes-6379.conf`. An empty file is
    skipped: to a server it is a new one.
    """
    found = [file for file in _files(folder, "nodes*.conf") if file.stat().st_size]
    usual = [file for file in found if file.name == "nodes.conf"]
    return max(usual or found, key=lambda file: file.stat().st_mtime_ns, default=None)


def _data(folder: Path) -> str:
    """Return the first file that holds data, or may hold some; else empty."""
    for pattern, empty in _KINDS.items():
        for file in _files(folder, pattern):
            try:
                if not empty(file):
                    return str(file)
            except OSError as error:
                return f"{file} (of which not all can be read: {_plainly(error)})"
    # An append-only log has its own folder, which another user may have made unreadable.
    folders = (
        one for one in sorted(folder.iterdir()) if one.is_dir() and one.name != _LOST_AND_FOUND
    )
    closed = (one for one in folders if not os.access(one, os.R_OK | os.X_OK))
    return next((f"{one} (which we may not enter)" for one in closed), "")


def _files(folder: Path, pattern: str) -> list[Path]:
    """Return the regular files of a pattern, in folders that can be entered.

    Files that a server was still writing when it ended (`temp-`) are left out: it never loads them.
    """
    found = sorted(folder.glob(pattern))
    return [file for file in found if file.is_file() and not file.name.startswith("temp-")]


def _empty_dump(file: Path) -> bool:
    return rdb.end_of_empty(_head(file)) is not None


def _empty_log(file: Path) -> bool:
    """Whether an append-only log in one file is empty; it may begin with an RDB."""
    size = file.stat().st_size
    return size == 0 or rdb.end_of_empty(_head(file)) == size


def _empty_parts(manifest: Path) -> bool:
    """Whether an append-only log of redis 7.0 and later is empty: the files that it names are."""
    names = rdb.loaded(manifest.read_text("utf-8", "backslashreplace"))
    return names is not None and all(_empty_log(manifest.parent / name) for name in names)


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_HEAD_BYTES)


def _plainly(error: OSError) -> str:
    return error.strerror or type(error).__name__


_KINDS: Final[dict[str, Callable[[Path], bool]]] = {
    "*.rdb": _empty_dump,
    "*.aof": _empty_log,
    "*/*.manifest": _empty_parts,
}
"""Patterns of data files, with the function that tells whether a file is empty."""
