"""A client that writes, or reads, one operation after the other, and notes each of them.

    python -m tests.bench.traffic CLIENT JOB KEYS FILE ADDRESS:PORT ...

CLIENT is one of CLIENTS, JOB is `writer` or `reader`, KEYS is how many keys are loaded. By turns an
operation is of one key, and of several keys of one slot. The client says `ready` once it has done
one. It runs until SIGTERM, and then writes FILE: JSON of a Record.

A process of its own, so that what it measures is its client's time and not that of the bench.
"""

from __future__ import annotations

import collections
import dataclasses
import importlib
import importlib.util
import itertools
import json
import os
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import redis
import redis.cluster

from tests.bench import stored

Job = Literal["writer", "reader"]
JOBS: Final[tuple[Job, ...]] = ("writer", "reader")
GLIDE: Final = "valkey-glide"
"""Where servers announce names, this client dials these, and not addresses. The pods' names are
only in our own DNS, so it gets an /etc/hosts of its own, which takes a namespace, and so root."""
MODULES: Final = {"redis-py": "redis", GLIDE: "glide_sync"}
"""Clients, and the module of each."""
TIMEOUT: Final = 5.0
"""Seconds that clients wait for an answer. The default of one of them is 0.25 s, which is a matter
of taste, and on a busy machine no failure of the cluster."""
GROUPS: Final = 512
"""Groups of keys that a writer writes by turns. Their slots are all over the cluster."""
_PAUSE: Final = 0.001
"""Seconds between two operations."""
_WRITTEN: Final = ("one", "a", "b", "c")
"""The keys of a writer's group: one that is written alone, and those that are written together."""


@dataclasses.dataclass(kw_only=True)
class Record:
    """What one client met. Moments are monotonic seconds, which all processes share."""

    client: str
    job: Job
    operations: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    """When each that succeeded began, and when it had succeeded."""
    failed: dict[str, int] = dataclasses.field(default_factory=dict)
    """How many did not, after all that the client tries by itself, by what it said."""
    wrong: int = 0
    """Answers that were not what had been loaded; nothing instead of a value counts."""
    acknowledged: dict[str, int] = dataclasses.field(default_factory=dict)
    """A writer's keys, each with the last number that was acknowledged; numbers only grow."""


class Client(Protocol):
    """What is used of both."""

    def get(self, name: bytes, /) -> Any: ...
    def set(self, name: str, value: str, /) -> Any: ...
    def mget(self, names: list[bytes], /) -> Any: ...
    def mset(self, pairs: Mapping[str, str], /) -> Any: ...


def installed() -> list[str]:
    """Return the clients that can run here. The environment of `scripts/bench` has all of them."""
    here = [name for name, module in MODULES.items() if importlib.util.find_spec(module)]
    named = os.geteuid() == 0 and shutil.which("unshare")
    return here if named else [name for name in here if name != GLIDE]


def connect(client: str, places: Sequence[tuple[str, int]]) -> Client:
    """Return a client of the cluster with the client's own defaults, but for its time-outs."""
    if client == "redis-py":
        nodes = [
            redis.cluster.ClusterNode(*place)  # type: ignore[no-untyped-call]  # redis-py
            for place in places
        ]
        return redis.RedisCluster(
            startup_nodes=nodes, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        )
    glide: Any = importlib.import_module(MODULES[client])
    settings = glide.GlideClusterClientConfiguration(
        [glide.NodeAddress(*place) for place in places], request_timeout=int(TIMEOUT * 1000)
    )
    made: Client = glide.GlideClusterClient.create(settings)
    return made


class Traffic:
    """Does one operation after the other."""

    def __init__(self, client: Client, record: Record, keys: int) -> None:
        """Do nothing yet. So many keys are loaded."""
        self._client = client
        self._record = record
        self._keys = keys
        self._random = random.Random(record.client)

    def once(self, number: int) -> None:
        """Do the operation with this number, and note it."""
        do = self._write if self._record.job == "writer" else self._read
        began = time.monotonic()
        try:
            do(number)
        except Exception as error:  # noqa: BLE001 - each is what a program would have met
            said = f"{type(error).__name__}: {error}"[:200]
            self._record.failed[said] = self._record.failed.get(said, 0) + 1
        else:
            self._record.operations.append((began, time.monotonic()))

    def _write(self, number: int) -> None:
        tag = f"{{{self._record.client} {number // 2 % GROUPS}}}"
        alone, *together = (f"{tag}:{name}" for name in _WRITTEN)
        if number % 2:
            self._client.mset(dict.fromkeys(together, str(number)))
            self._record.acknowledged.update(dict.fromkeys(together, number))
        else:
            self._client.set(alone, str(number))
            self._record.acknowledged[alone] = number

    def _read(self, number: int) -> None:
        names = [*stored.group(self._random.randrange(self._keys // stored.TOGETHER))]
        if number % 2:
            found = self._client.mget(names)
        else:
            names = names[:1]
            found = [self._client.get(names[0])]
        self._record.wrong += found != [stored.value(name) for name in names]


def main(client: str, job: Job, keys: str, file: str, *places: str) -> None:
    """Run until SIGTERM."""
    # A thread waits for it, since a client may never return from its own code.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    split = [place.rpartition(":") for place in places]
    record = Record(client=client, job=job)
    traffic = Traffic(
        connect(client, [(host, int(port)) for host, _, port in split]), record, int(keys)
    )
    stopped, idle = threading.Event(), threading.Event()
    waits = threading.Thread(target=_end, args=(record, file, stopped, idle))
    waits.start()
    for number in itertools.count():
        traffic.once(number)
        if not number:
            print("ready", flush=True)
        if stopped.wait(_PAUSE):
            break
    idle.set()
    waits.join()


def _end(record: Record, file: str, stopped: threading.Event, idle: threading.Event) -> None:
    """Write the record once SIGTERM has come and the last operation has ended, or never will."""
    signal.sigwait({signal.SIGTERM})
    stopped.set()
    if not idle.wait(3 * TIMEOUT):
        said = f"no answer, and no error, {3 * TIMEOUT:.0f} s after the client was told to stop"
        record.failed[said] = 1
    Path(file).write_text(json.dumps(dataclasses.asdict(record)))
    # Threads of a client may keep a process from its end.
    os._exit(0)


def read(file: Path) -> Record:
    """Return what a client wrote."""
    said = json.loads(file.read_text())
    return Record(**said | {"operations": [tuple(one) for one in said["operations"]]})


def failed(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    """Return by client how many operations failed, by what it said; empty if none did."""
    found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for one in records:
        found[one.client].update(one.failed)
    return {client: dict(counts) for client, counts in found.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]  # each job is one of JOBS
