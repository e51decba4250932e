"""What the tests of formation ask of a set when it has formed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tests.statefulset import oracle, pod, process, sets, views

LONG: Final = 60.0
"""Seconds after which a test gives up. Nothing is measured with it."""

THIRDS: Final = {0: ((0, 5460),), 1: ((5461, 10921),), 2: ((10922, 16383),)}
"""The slots of three primaries."""

Settings = Mapping[str, Mapping[str, str]]


def wait_formed(
    app: sets.LocalStatefulSet, before: Settings, *, replicas_per_shard: int | None = 1
) -> None:
    """Wait until the cluster is healthy and every temporary setting is what it was before.

    The seed is the last to be content, and reading its log is cheaper than asking every node.
    """
    process.wait_for(lambda: phase(app.pods[0]) == "steady", LONG, f"the seed of {app.pods} is done")
    oracle.wait_healthy(app.pods, LONG, replicas_per_shard=replicas_per_shard)
    process.wait_for(
        lambda: oracle.temporary_settings(app.pods) == before,
        LONG,
        f"temporary settings to be {before}; they are {oracle.temporary_settings(app.pods)}",
    )
    assert oracle.problems(app.pods, replicas_per_shard=replicas_per_shard) == []


def phase(one: pod.Pod) -> str:
    """What the pod's last sidecar is about, by the last plan in its log."""
    plans = [entry for entry in one.sidecar.log() if entry["event"] == "plan"]
    return str(plans[-1]["phase"]) if plans else ""


def wait_ready(pods: Sequence[pod.Pod]) -> None:
    """Wait until every sidecar says that its pod is ready."""
    for one in pods:
        process.wait_for(lambda one=one: answers(one)[0] == 200, LONG, f"{one.name} is ready")  # type: ignore[misc]  # a default argument


def answers(one: pod.Pod, path: str = "/readyz") -> tuple[int, str]:
    """What the sidecar's HTTP server says; status 0 while nobody listens."""
    try:
        return one.http(path)
    except OSError as error:
        return 0, str(error)


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
