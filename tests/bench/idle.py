"""What a sidecar costs while all is well, and what it takes to start."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import socket
import statistics
import threading
import time
from collections import Counter
from typing import Any, Final, Self

from tests.bench import machine
from tests.statefulset import oracle, process, servers, sets
from tests.statefulset import pod as pods

READS: Final = frozenset(
    {
        "info",
        "ping",
        "replconf",
        "config|get",
        "cluster|info",
        "cluster|links",
        "cluster|nodes",
        "cluster|myid",
    }
)
"""Commands that change nothing; REPLCONF and PING are the servers' own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Idle:
    """Per sidecar, over one span of time. Memory is in MiB."""

    pods: int
    seconds: float
    rss: float
    pss: float
    cpu_percent: float
    """Of one processor."""
    dns_questions: int
    """Of all sidecars together."""
    writes: dict[str, int]
    """Commands that are not known to change nothing, as MONITOR or INFO commandstats saw them."""
    start_up: float
    """Seconds from the process's start to its first plan, so that it has looked."""


def measure(size: int, server: servers.Server, seconds: float) -> Idle:
    """Form a cluster, let it settle, and watch it for so long."""
    with sets.LocalStatefulSet(size, server) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, 120.0)
        for pod in app.pods:
            process.wait_for(lambda pod=pod: _steady(pod), 60.0, f"{pod} to be steady")  # type: ignore[misc]
        questions = len(app.names.questions)
        with contextlib.ExitStack() as stack:
            monitors = [stack.enter_context(Monitor(pod)) for pod in app.pods]
            counts = [stack.enter_context(Calls(pod)) for pod in app.pods]
            before, began = _cpu(app), time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - began
            spent = _cpu(app) - before
            called = sum((count.writes() for count in counts), Counter[str]())
        seen = sum((monitor.writes for monitor in monitors), Counter[str]())
        sizes = [machine.memory(pod.sidecar.pid) for pod in app.pods]
        asked = len(app.names.questions) - questions
        return Idle(
            pods=size,
            seconds=took,
            rss=statistics.median(rss for rss, _ in sizes),
            pss=statistics.median(pss for _, pss in sizes),
            cpu_percent=100 * spent / took / size,
            dns_questions=asked,
            writes=dict(seen | called),
            start_up=statistics.median(_start_up(app.pods[0]) for _ in range(5)),
        )


def _cpu(app: sets.LocalStatefulSet) -> float:
    return sum(machine.cpu(pod.sidecar.pid) for pod in app.pods)


def _steady(pod: pods.Pod) -> bool:
    plans = [entry for entry in pod.sidecar.log() if entry["event"] == "plan"]
    return bool(plans) and plans[-1]["phase"] == "steady"


def _start_up(pod: pods.Pod) -> float:
    """Restart the sidecar, and return the seconds until it said what it saw."""
    pod.stop_sidecar()
    began = time.time()
    pod.start_sidecar()

    def first() -> dict[str, Any] | None:
        return next((entry for entry in pod.sidecar.log() if entry["event"] == "plan"), None)

    entry = process.wait_for(first, 30.0, f"the first plan of {pod}")
    assert entry is not None
    return dt.datetime.fromisoformat(entry["timestamp"]).timestamp() - began


class Calls:
    """Counts what a server did that MONITOR hides: what is for administrators, as CONFIG SET is.

    Servers before 7.0 count CONFIG GET and CONFIG SET as one, which is then taken for a read.
    """

    def __init__(self, pod: pods.Pod) -> None:
        """Count between entering and asking, by a connection that is there before."""
        self._client = pod.client()
        self._before: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._before = self._calls()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def writes(self) -> Counter[str]:
        """What was called since then that is not known to change nothing."""
        called = self._calls() - self._before
        reads = READS | {name.partition("|")[0] for name in READS}
        return Counter({name: count for name, count in called.items() if name not in reads})

    def _calls(self) -> Counter[str]:
        stats = self._client.info("commandstats")
        return Counter(
            {name.removeprefix("cmdstat_"): int(said["calls"]) for name, said in stats.items()}
        )


class Monitor:
    """Counts what a server is told that may change something."""

    def __init__(self, pod: pods.Pod) -> None:
        """Watch this pod's server between entering and leaving."""
        self.writes: Counter[str] = Counter()
        self._socket = socket.create_connection((pod.address, pod.port), timeout=5.0)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._socket.sendall(b"MONITOR\r\n")
        self._socket.settimeout(None)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        """Take lines such as `+1700000000.1 [0 127.0.0.1:5000] "config" "get" "x"`."""
        with self._socket.makefile("r", errors="replace") as lines:
            for line in lines:
                words = [word.lower() for word in line.split('"')[1::2]]
                if words and words[0] not in READS and "|".join(words[:2]) not in READS:
                    self.writes["|".join(words[:2])] += 1
