"""What the tests of formation ask of a set when it has formed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.statefulset import oracle, pod, sets, views

LONG: Final = 120.0
"""Seconds after which a test gives up. Nothing is measured with it."""
POLL: Final = 0.2
"""Seconds between two looks, in the end: one costs 10 ms of processor time, and others need it."""

THIRDS: Final = {0: ((0, 5460),), 1: ((5461, 10921),), 2: ((10922, 16383),)}
"""The slots of three primaries."""

Settings = Mapping[str, Mapping[str, str]]
UNTOLD: Final = {"repl-diskless-sync-delay": "5", "repl-diskless-sync-max-replicas": "0"}
"""When a copy begins, by default."""


def wait_formed(
    app: sets.LocalStatefulSet, *before: Settings, replicas_per_shard: int | None = 1
) -> None:
    """Wait until the cluster is healthy and every temporary setting is what it is to be for good.

    What it was `before` tells: one or the other where it cannot be known. The seed is the last to be content, and reading its log is cheaper than asking every node.
    """
    wanted = [lasting(app, settings) for settings in before]
    until(lambda: phase(app.pods[0]) == "steady", lambda: app.pods[0].sidecar.log()[-1:])
    oracle.wait_healthy(app.pods, LONG, replicas_per_shard=replicas_per_shard)
    until(
        lambda: oracle.temporary_settings(app.pods) in wanted,
        lambda: (oracle.temporary_settings(app.pods), wanted),
    )
    assert oracle.problems(app.pods, replicas_per_shard=replicas_per_shard) == []


def lasting(app: sets.LocalStatefulSet, before: Settings) -> Settings:
    """What becomes of the settings of servers that no sidecar has told anything yet, for good."""
    together = {"repl-diskless-sync-max-replicas": str(max(1, app.spec.replicas_per_shard))}
    return {
        name: {**mine, **(together if UNTOLD.items() <= mine.items() else {})}
        for name, mine in before.items()
    }


def until(condition: Callable[[], bool], seen: Callable[[], object]) -> None:
    """Wait for what costs much to look at, and takes seconds; tell what was seen instead."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        if waited > LONG:
            raise AssertionError(f"not within {LONG:g} s; seen: {seen()}")
        time.sleep(min(POLL, 0.01 + waited / 10))


def phase(one: pod.Pod) -> str:
    """What the pod's last sidecar is about, by the last plan in its log."""
    plans = events(one, "plan")
    return str(plans[-1]["phase"]) if plans else ""


def last(one: pod.Pod) -> dict[str, Any]:
    """The last entry of the pod's last sidecar's log; empty before the first one."""
    found = one.sidecar.log()[-1:]
    return found[0] if found else {}


def events(one: pod.Pod, name: str) -> list[dict[str, Any]]:
    """Entries of this name in the log of the pod's last sidecar."""
    return [entry for entry in one.sidecar.log() if entry["event"] == name]


def assert_calm(app: sets.LocalStatefulSet) -> None:
    """No sidecar was ever blocked, refused or surprised; what it warns of calls for a person."""
    for sidecar in (sidecar for one in app.pods for sidecar in one.sidecars):
        assert sidecar.errors() == ""
        assert [entry for entry in sidecar.log() if entry["level"] not in {"debug", "info"}] == []


@contextlib.contextmanager
def told(app: sets.LocalStatefulSet, case: str = "") -> Iterator[None]:
    """Add the last words of every process to a failure."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{case}\n{app.report(30)}")
        raise


def wait_ready(pods: Sequence[pod.Pod]) -> None:
    """Wait until every sidecar says that its pod is ready."""
    until(
        lambda: all(answers(one)[0] == 200 for one in pods),
        lambda: {one.name: answers(one) for one in pods},
    )


def answers(one: pod.Pod, path: str = "/readyz") -> tuple[int, str]:
    """What the sidecar's HTTP server says; status 0 while nobody listens."""
    try:
        return one.http(path)
    except OSError as error:
        return 0, str(error)


def metric(one: pod.Pod, name: str) -> float:
    """The value of a metric without labels."""
    lines = one.http("/metrics")[1].splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def roles(app: sets.LocalStatefulSet) -> dict[int, int | tuple[tuple[int, int], ...]]:
    """By ordinal, what each node says of itself: its slots, or the ordinal that it follows."""
    seen = {one.ordinal: views.read(one) for one in app.pods}
    ids = {view.node_id: ordinal for ordinal, view in seen.items() if isinstance(view, views.View)}
    said: dict[int, int | tuple[tuple[int, int], ...]] = {}
    for ordinal, view in seen.items():
        assert isinstance(view, views.View), view
        own = view.line(view.node_id)
        assert own is not None
        said[ordinal] = own.slots if own.primary is None else ids[own.primary]
    return said


def assert_redis_cli_agrees(app: sets.LocalStatefulSet) -> None:
    """Let redis-cli judge the cluster, asked at its first and at its last pod."""
    for one in (app.pods[0], app.pods[-1]):
        content, said = oracle.redis_cli_check(one)
        assert content, said
