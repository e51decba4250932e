"""Runs the clients of a move: writers and readers, each a process (`traffic`)."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import fourth, traffic
from tests.statefulset import process, servers, sets


@dataclasses.dataclass(frozen=True)
class Running:
    """A client's process, and where it will write its record."""

    child: process.Child
    file: Path

    def record(self) -> traffic.Record:
        """Return what it noted, once it has ended.

        Raises:
            ChildProcessError: if it left none, with its last words.

        """
        if not self.file.exists():
            said = process.tail(self.child.err)
            raise ChildProcessError(f"{self.file.stem} ended with {self.child.status}: {said}")
        return traffic.read(self.file)


@contextlib.contextmanager
def running(app: sets.LocalStatefulSet, keys: int) -> Iterator[list[Running]]:
    """Writers and readers of all clients that are here. At the end their records are there."""
    some = [
        _client(app, client, job, keys) for client in traffic.installed() for job in traffic.JOBS
    ]
    for one in some:
        fourth.wait(lambda one=one: "ready" in one.child.out.read_text(), "clients to be connected")  # type: ignore[misc]
    try:
        yield some
    finally:
        for one in some:
            one.child.stop(grace=fourth.LONG)


def _client(app: sets.LocalStatefulSet, client: str, job: traffic.Job, keys: int) -> Running:
    stem = app.folder / f"{client}-{job}"
    file = stem.with_suffix(".json")
    places = [f"{pod.address}:{pod.port}" for pod in app.pods]
    command = [sys.executable, "-P", "-m", traffic.__name__, client, job, str(keys), str(file)]
    child = process.Child(
        [*(_by_names(app) if client == traffic.GLIDE else ()), *command, *places],
        env={"PYTHONPATH": str(servers.REPOSITORY), "PATH": os.environ["PATH"]},
        cwd=app.folder,
        out=stem.with_suffix(".out"),
        err=stem.with_suffix(".err"),
    )
    return Running(child, file)


def _by_names(app: sets.LocalStatefulSet) -> list[str]:
    """Return the words before a command that let it find all pods by their names."""
    hosts = app.folder / "hosts"
    lines = [f"{app.addresses.of(one)} {app.spec.fqdn(one)}\n" for one in range(fourth.SIZE)]
    hosts.write_text("".join(lines))
    bind = 'mount --bind "$0" /etc/hosts && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", bind, str(hosts)]
