"""Keys that a server finds on its volume when it starts."""

from __future__ import annotations

import os
from typing import Final

from tests.statefulset import pod as pods

KEYS: Final = 3000
SIZE: Final = 800
"""Bytes of a value: more than one of them is read between two looks at the network."""


def put(pod: pods.Pod) -> None:
    """Leave a dump.rdb with keys on the pod's volume, and no nodes.conf."""
    pod.start_server({"cluster-enabled": "no"})
    pod.wait_server_up()
    with pod.client() as client:
        client.mset({f"key {number}": os.urandom(SIZE // 2).hex() for number in range(KEYS)})
        client.save()
    pod.kill_server()


def load_slowly(pod: pods.Pod) -> None:
    """Start the pod's server with keys that take it a minute to read."""
    put(pod)
    # Microseconds per key, and a look at the network every KiB that was read.
    pod.start_server({"key-load-delay": 20_000, "loading-process-events-interval-bytes": 1024})
    pod.wait_server_up()
