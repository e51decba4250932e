"""What building and running the image takes of a machine, and a way to run it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

TOOLS: Final = ("buildah", "crun", "debootstrap", "unshare")


def missing() -> str:
    """Why the image cannot be built and run here; empty when it can."""
    if os.geteuid() != 0:
        return "making a base with debootstrap, and mounts, need root"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"{', '.join(absent)} is not installed: apt-get install {' '.join(absent)}"
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "probe", "/mnt"]
    made = subprocess.run(probe, capture_output=True, text=True, check=False)
    return f"nothing can be mounted: {made.stderr.strip()}" if made.returncode else ""


def run(argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """Run a command, and return what it printed; AssertionError with all that it said if not."""
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, check=False
    )
    said = f"{' '.join(argv)}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    return done.stdout
