"""Waiting for what a cluster does, which is asked by a program a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

POLL: Final = 1.0
"""Seconds between two questions: each starts a kubectl."""
PERMANENT: Final = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
"""Reasons for which a container waits, and which no wait of a test ends (kubelet: images/types.go,
kuberuntime_manager.go). ErrImagePull is not among them: it is tried once more before it is
ImagePullBackOff."""


class PodFailedError(Exception):
    """A pod has failed that a test waits for: which one, why, and what it printed last."""


def until_nothing(
    lacking: Callable[[], str],
    timeout: float,
    what: str,
    failed: Callable[[], str] = lambda: "",
) -> None:
    """Ask what is lacking until it is nothing.

    Raises:
        PodFailedError: as soon as `failed` says what can never come right.
        TimeoutError: after `timeout` seconds, with the last answer.

    """
    deadline = time.monotonic() + timeout
    while said := lacking():
        if why := failed():
            raise PodFailedError(f"{what}: {why}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}; lacking:\n{said}")
        time.sleep(POLL)


def failures(pods: Mapping[str, Any]) -> dict[str, str]:
    """Return what a list of pods, as kubectl gives it in JSON, says of those that have failed.

    By pod: the reason, with the container's name. A container that ended and is started anew is no
    failure yet.
    """
    found = {one["metadata"]["name"]: "; ".join(_failures(one)) for one in pods["items"]}
    return {name: why for name, why in found.items() if why}


def _failures(pod: Mapping[str, Any]) -> Iterator[str]:
    status = pod.get("status", {})
    for kind in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(kind, ()):
            state = one.get("state", {})
            waits, ended = state.get("waiting", {}), state.get("terminated", {})
            if waits.get("reason") in PERMANENT:
                yield f"{one['name']}: {waits['reason']}: {waits.get('message', 'no message')}"
            elif status.get("phase") == "Failed" and ended.get("exitCode"):
                yield f"{one['name']}: {ended.get('reason', 'ended')}, exit {ended['exitCode']}"
    if status.get("phase") == "Failed":
        yield status.get("reason") or "its phase is Failed"
