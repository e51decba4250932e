"""What keeping costs: how soon a moved cluster is whole again, and what clients miss meanwhile."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Final, Literal

from tests.statefulset import config, oracle, process, servers, sets, writer

Way = Literal["sidecars", "by hand"]
WAYS: Final[tuple[Way, ...]] = ("sidecars", "by hand")
PERSISTENT: Final[config.Settings] = {"appendonly": "yes", "repl-diskless-sync-delay": 0}
"""Without the delay: a replica's copy waits for company for 5 s by default, whoever heals."""
LONG: Final = 120.0
"""Seconds after which healing counts as never."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Healed:
    """One outage of all pods, which come back elsewhere. Seconds since the last server was up."""

    way: Way
    pods: int
    linked: float | None
    """Until every link and every replica is back."""
    seconds: float | None
    """Until every node says ok too, which none does in the first 2 s after its start."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gap:
    """The longest time without an acknowledged write, in seconds, and how many were lost."""

    way: str
    seconds: float
    lost: int


def heal(size: int, server: servers.Server, way: Way) -> Healed:
    """Let all pods come back with their volumes at new addresses.

    By hand: once all are up, one node meets each of the others, which is what a person can do.
    """
    with sets.LocalStatefulSet(size, server, server_config=PERSISTENT) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, LONG)
        for pod in app.pods:
            app.take_down(pod)
        if way == "sidecars":
            # As in a pod: the sidecar is there before Redis is started.
            for sidecar in app.start_sidecars():
                process.wait_for(lambda one=sidecar: bool(one.log()), LONG, "a sidecar")  # type: ignore[misc]
        app.start_servers()
        began = time.monotonic()
        if way == "by hand":
            for pod in app.pods[1:]:
                app.pods[0].ask("CLUSTER", "MEET", pod.address, pod.port)
        linked = _until(app, began, lambda found: all("cluster_state" in one for one in found))
        whole = _until(app, began, lambda found: not found) if linked else None
        return Healed(way=way, pods=size, linked=linked, seconds=whole)


def _until(
    app: sets.LocalStatefulSet, began: float, content: Callable[[list[str]], bool]
) -> float | None:
    """Seconds from `began` (monotonic) until the problems of the set are none that matter."""
    while not content(oracle.problems(app.pods)):
        if time.monotonic() - began > LONG:
            return None
        time.sleep(process.POLL)
    return time.monotonic() - began


def hand_over(server: servers.Server, *, graceful: bool) -> Gap:
    """Stop a primary under a writer, with SIGTERM, after a hand-over or without one."""
    with sets.LocalStatefulSet(6, server, server_config=PERSISTENT) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, LONG)
        with writer.Writer(lambda: [(pod.address, pod.port) for pod in app.pods]) as writing:
            writing.wait_for(500)
            if graceful:
                app[0].http("/handover", timeout=30.0)
            app.take_down(app[0], grace=10.0)
            writing.wait_for(500, LONG)
        return Gap(
            way="hand-over, then SIGTERM" if graceful else "SIGTERM",
            seconds=writing.longest,
            lost=len(writing.lost()),
        )
