"""A base for the image where no registry can be reached: Debian's Python, from its packages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tests.image import tools

SUITE: Final = "bookworm"
PACKAGES: Final = ("ca-certificates", "python-is-python3", "python3-venv")
"""What the Dockerfile asks of a base: `python`, and its module venv."""
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MAKE: Final = """\
mount -t tmpfs base "$1"
debootstrap --variant=minbase --include="$2" "$3" "$1/root" $5 >"$4.log" 2>&1 ||
  { tail -n 5 "$4.log"; exit 1; }
tar -C "$1/root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' -cf "$4" .
"""
"""In memory, since dpkg waits for the disk after each file; the mount goes with its namespace."""


def archive(folder: Path) -> Path:
    """Return the base as a tar file, which is made when it is not there yet (half a minute)."""
    wanted = f"{SUITE} {' '.join(PACKAGES)}"
    made, stamp = folder / "base.tar", folder / "base.from"
    if stamp.exists() and stamp.read_text() == wanted:
        return made
    stamp.unlink(missing_ok=True)
    room = folder / "base"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir()
    words = (str(room), ",".join(PACKAGES), SUITE, str(made), _mirror())
    tools.run(["unshare", "--mount", "sh", "-euc", MAKE, "make-base", *words])
    stamp.write_text(wanted)
    return made


def _mirror() -> str:
    """Return where this machine has its own packages from; empty leaves it to debootstrap."""
    if not shutil.which("apt-get"):
        return ""
    wanted = ("Created-By: Packages", "Label: Debian", f"Codename: {SUITE}", "Component: main")
    told = tools.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted])
    return next(iter(told.splitlines()), "")
