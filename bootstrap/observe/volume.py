"""The volume of our own node, read while its server is down: who it was, and what it holds.

Which files a server will load is said in its configuration, which is not ours to read: an RDB as
well as an append-only log counts as data, under any name that a server would give it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bootstrap.model.snapshot import Volume
from bootstrap.observe import rdb
from bootstrap.redis import parse

_NOBODYS: Final = "lost+found"
"""A folder of the file system's own, which is root's."""
_HEAD_BYTES: Final = 1 << 20
"""Beyond that no look goes: what begins with so much that is no key holds scripts, and is data."""


def read(folder: Path) -> Volume:
    """What lies in the folder. It does not raise: what cannot be read is told as such."""
    try:
        next(folder.iterdir(), None)  # glob passes over what it may not read
        file, data = _nodes_conf(folder), _data(folder)
    except OSError as error:
        corrupt = f"the folder cannot be read: {_plainly(error)}"
        denied = isinstance(error, PermissionError)
        return Volume(file=str(folder), corrupt=corrupt, denied=denied)
    if file is None:
        return Volume(data=data)
    try:
        # A byte that is no text makes no sense either, and is better seen than raised.
        members = parse.nodes_conf(file.read_text("utf-8", "backslashreplace"))
    except OSError as error:
        corrupt = f"it cannot be read: {_plainly(error)}"
        denied = isinstance(error, PermissionError)
        return Volume(file=str(file), corrupt=corrupt, denied=denied, data=data)
    except parse.MalformedError as error:
        return Volume(file=str(file), corrupt=str(error), data=data)
    return Volume(file=str(file), members=members, data=data)


def unread(folder: Path) -> str:
    """The first file or folder that the start gate has to read and may not; empty when none is."""
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"{folder}"
    inside = [one for one in sorted(folder.iterdir()) if one.is_dir() and one.name != _NOBODYS]
    shut = [one for one in inside if not os.access(one, os.R_OK | os.X_OK)]
    files = [file for pattern in ("nodes*.conf", *_KINDS) for file in _files(folder, pattern)]
    shut += [file for file in files if not os.access(file, os.R_OK)]
    # A server may have removed one meanwhile.
    return next((str(one) for one in shut if one.exists()), "")


def _nodes_conf(folder: Path) -> Path | None:
    """`nodes.conf`, else the one of its kind that was written last.

    It can have any name (cluster-config-file); `nodes-6379.conf` is what people choose. An empty
    one is a new one to a server.
    """
    found = [file for file in _files(folder, "nodes*.conf") if file.stat().st_size]
    usual = [file for file in found if file.name == "nodes.conf"]
    return max(usual or found, key=lambda file: file.stat().st_mtime_ns, default=None)


def _data(folder: Path) -> str:
    """The first file that holds data, or may hold some; empty when none does."""
    for pattern, empty in _KINDS.items():
        for file in _files(folder, pattern):
            try:
                if not empty(file):
                    return str(file)
            except OSError as error:
                return f"{file} (of which not all can be read: {_plainly(error)})"
    # An append-only log has a folder of its own, which another user may have closed to us.
    folders = (one for one in sorted(folder.iterdir()) if one.is_dir() and one.name != _NOBODYS)
    closed = (one for one in folders if not os.access(one, os.R_OK | os.X_OK))
    return next((f"{one} (which we may not enter)" for one in closed), "")


def _files(folder: Path, pattern: str) -> list[Path]:
    """Regular files but those that a server was still writing when it ended: it never loads them.

    Folders that we may not enter are passed over.
    """
    found = sorted(folder.glob(pattern))
    return [file for file in found if file.is_file() and not file.name.startswith("temp-")]


def _empty_dump(file: Path) -> bool:
    return rdb.end_of_empty(_head(file)) is not None


def _empty_log(file: Path) -> bool:
    """An append-only log in one file, whose beginning may be an RDB."""
    size = file.stat().st_size
    return size == 0 or rdb.end_of_empty(_head(file)) == size


def _empty_parts(manifest: Path) -> bool:
    """An append-only log of redis 7.0 and later: what its manifest does not name is not loaded."""
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
"""Data files, and how to tell that one holds nothing."""
