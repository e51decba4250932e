"""A server with the files of manifests/ as a container has them, its folders moved into one here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import redis

from tests.statefulset import process, servers

MANIFESTS: Final = servers.REPOSITORY / "manifests"
EXAMPLES: Final = MANIFESTS / "examples"
PORT: Final = 6379
_FOLDERS: Final = {
    "/etc/redis": "etc",
    "/run/secrets/redis": "secret",
    "/run/secrets/tls": "tls",
    "dir /data": "data",
}


def prepare(folder: Path) -> None:
    """Make the folders of a container."""
    for name in _FOLDERS.values():
        (folder / name).mkdir()


def add(file: Path, folder: Path) -> None:
    """Put a file of the manifests where the server's redis.conf includes it from."""
    (folder / "etc" / file.name).write_text(_moved(file.read_text(), folder))


def start(server: servers.Server, folder: Path, address: str) -> process.Child:
    """Start a server with the base's redis.conf, and whatever was added."""
    add(MANIFESTS / "base" / "redis.conf", folder)
    file, out = folder / "etc" / "redis.conf", folder / "out"
    file.write_text(file.read_text().replace("bind * -::*", f"bind {address}"))
    return process.Child([str(server.path), str(file)], env={}, cwd=folder, out=out, err=out)


def wait_up(child: process.Child, connect: Callable[[], redis.Redis]) -> redis.Redis:
    """Return a client once the server answers; AssertionError with its last words if it died."""

    def answers() -> redis.Redis | None:
        assert child.running, process.tail(child.out)
        client = connect()
        try:
            client.ping()
        except redis.AuthenticationError:
            raise
        except redis.ConnectionError:
            return None
        return client

    found = process.wait_for(answers, 20.0, f"an answer of {child.argv[0]}")
    assert found is not None
    return found


def _moved(text: str, folder: Path) -> str:
    for there, here in _FOLDERS.items():
        word = "dir " * there.startswith("dir ")
        text = text.replace(there, f"{word}{folder / here}")
    return text
