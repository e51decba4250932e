"""The file system of our own node's volume: free space, and whether it takes writes. Only reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from bootstrap.model.snapshot import Disk
from bootstrap.observe import volume

_MOUNTS: Final = Path("/proc/self/mountinfo")
"""`ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS - TYPE SOURCE OPTIONS-OF-THE-FILE-SYSTEM` (proc(5))."""


def read(folder: Path) -> Disk:
    """Return what the file system says. Never raises: unreadable facts keep their defaults."""
    unread = str(folder)
    try:
        unread = volume.unread(folder)
        about, device = os.statvfs(folder), folder.stat().st_dev
    except OSError:
        return Disk(unread=unread)
    return Disk(
        free=about.f_bavail * about.f_frsize,
        files=about.f_favail > 0 or not about.f_files,
        read_only=_read_only(f"{os.major(device)}:{os.minor(device)}"),
        unread=unread,
    )


def _read_only(device: str) -> bool:
    """Whether the file system itself is read-only; the sidecar's own mount always is."""
    try:
        lines = _MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    words = [line.split() for line in lines]
    return any(some[2] == device and "ro" in some[-1].split(",") for some in words)
