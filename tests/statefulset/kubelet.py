"""Pods started as a kubelet starts them where the sidecar is a native one.

The sidecar comes first, and sees the data volume. The server is started once its startupProbe,
`/startupz`, says 200, and from then on nobody asks the probe again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from tests.statefulset import pod as pods
from tests.statefulset import process
from tests.statefulset import spec as specs

PROBE: Final = 0.05
"""Seconds between two probes; a kubelet takes 1 s at least."""


def start(
    some: Iterable[pods.Pod], *, env: specs.Environment | None = None, timeout: float = 90.0
) -> None:
    """Start the pods together, and wait until each has its server."""
    together = list(some)
    begin(together, env=env)
    serve(together, timeout=timeout)


def begin(some: Iterable[pods.Pod], *, env: specs.Environment | None = None) -> None:
    """Start the pods' sidecars alone, each with its pod's volume."""
    for one in some:
        one.start_sidecar(env={"BOOTSTRAP_DATA_DIR": str(one.data), **(env or {})})


def serve(some: Iterable[pods.Pod], *, timeout: float = 90.0) -> None:
    """Start each pod's server as soon as its probe says so; TimeoutError with who was held."""
    waiting, started = list(some), []
    deadline = time.monotonic() + timeout
    while waiting:
        if time.monotonic() > deadline:
            held = {one.name: probe(one)[1] for one in waiting}
            raise TimeoutError(f"not within {timeout:g} s: {held}")
        for one in [one for one in waiting if probe(one)[0] == 200]:
            one.start_server()
            waiting.remove(one)
            started.append(one)
        time.sleep(PROBE if waiting else 0.0)
    for one in started:
        one.wait_server_up()


def probe(one: pods.Pod) -> tuple[int, str]:
    """Ask the startupProbe's question; status 0 while nobody listens."""
    try:
        return one.http("/startupz")
    except OSError as error:
        return 0, str(error)


def wait_held(one: pods.Pod, text: str, timeout: float = 60.0) -> None:
    """Wait until the probe is told no, for this reason."""
    try:
        process.wait_for(lambda: probe(one)[0] == 503 and text in probe(one)[1], timeout, text)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; seen: {probe(one)}\n{one.sidecar.output()}") from None
