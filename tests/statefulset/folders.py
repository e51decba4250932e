"""Temporary folders that do not pile up, even when their owners were killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PREFIX: Final = "statefulset-"
KEEP: Final = "keep"
"""A file of this name says that the folder was kept on purpose."""
AGE: Final = 60.0
"""Seconds after which an unlocked folder is abandoned, and not just being made."""


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """Make a folder, and remove it at the end, unless STATEFULSET_KEEP is set.

    It is locked as long as we live. Folders whose owner is gone are removed on the way.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        if "STATEFULSET_KEEP" in os.environ:
            (folder / KEEP).touch()
        else:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Other users' folders, or one that another sweeper has just removed.
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > AGE and _abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    """Whether no living process holds the folder's lock, and nobody wanted to keep it."""
    if (folder / KEEP).exists():
        return False
    probe = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(probe)
