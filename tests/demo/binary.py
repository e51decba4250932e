"""The server that the demo runs: one of the matrix, fetched if need be, or any binary."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.statefulset import servers


class NoServerError(Exception):
    """There is no such server, and why."""


def find(wanted: str) -> servers.Server:
    """Return the server of that name in the matrix, or the one at that path."""
    if wanted in servers.MATRIX:
        return _of_matrix(wanted)
    path = Path(wanted).absolute()
    if not os.access(path, os.X_OK) or path.is_dir():
        known = ", ".join(servers.MATRIX)
        raise NoServerError(f"--server {wanted}: no program at {path}; known by name: {known}")
    return _at(path)


def _of_matrix(name: str) -> servers.Server:
    found = servers.find_server(name)
    if isinstance(found, servers.Server):
        return found
    script = servers.REPOSITORY / "scripts" / "servers"
    done = subprocess.run(
        [sys.executable, script, name], capture_output=True, text=True, check=False
    )
    found = servers.find_server(name)
    if isinstance(found, servers.Missing):
        raise NoServerError(f"{name}: {found.reason}\n{done.stderr}".strip())
    return found


def _at(path: Path) -> servers.Server:
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoServerError(f"--server {path}: it does not run: {error}") from error
    found = re.match(r"(Redis|Valkey) server v=(\d+)\.(\d+)\.(\d+)", done.stdout)
    if not found:
        said = (done.stdout + done.stderr).strip().partition("\n")[0] or "nothing"
        raise NoServerError(
            f"--server {path}: not a Redis or Valkey server: to --version it says {said!r},"
            f" with exit status {done.returncode}"
        )
    major, minor, patch = map(int, found.groups()[1:])
    name = f"{found[1].lower()}-{major}.{minor}"
    return servers.Server(name, path, (major, minor, patch), tls=False)
