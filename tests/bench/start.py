"""How soon six sidecars that start at once say that Redis may start, beside six empty ones."""

from __future__ import annotations

import dataclasses
import socket
import sys
import time
from collections.abc import Sequence
from concurrent import futures
from typing import Final, Literal

from tests.statefulset import kubelet, servers, sets
from tests.statefulset import pod as pods

SIZE: Final = 6
GIVE_UP: Final = 60.0
"""Seconds after which a sidecar counts as never started."""
_POLL: Final = 0.005
_EMPTY: Final = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
http.server.ThreadingHTTPServer((sys.argv[1], 8080), Handler).serve_forever()
"""

Who = Literal["empty", "unguarded", "data", "blank"]
ABOUT: Final[dict[Who, str]] = {
    "empty": "a Python that serves HTTP with the standard library, and is nothing else",
    "unguarded": "sidecars without BOOTSTRAP_DATA_DIR",
    "data": "sidecars whose volumes hold data",
    "blank": "sidecars whose volumes are new, so that each asks the others",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Started:
    """One start of six at once. Seconds from the first one's start to the first 200 of each."""

    who: Who
    seconds: list[float]


def measure(who: Who, server: servers.Server) -> Started:
    """Start six processes at once, as the kubelet does before any server, and ask each."""
    with sets.LocalStatefulSet(SIZE, server) as app:
        for pod in app.pods:
            pod.publish()
            if who == "data":
                (pod.data / "dump.rdb").write_bytes(b"REDIS0011 and keys")
        began = time.monotonic()
        match who:
            case "empty":
                for pod in app.pods:
                    pod.start_sidecar([pod.address], command=[sys.executable, "-c", _EMPTY])
            case "unguarded":
                app.start_sidecars()
            case _:
                kubelet.begin(app.pods)
        return Started(who=who, seconds=_answers(app.pods, began))


def _answers(some: Sequence[pods.Pod], began: float) -> list[float]:
    """When each said yes, in the pods' order."""
    with futures.ThreadPoolExecutor(len(some)) as pool:
        return list(pool.map(lambda pod: _first_yes(pod.address, began), some))


def _first_yes(address: str, began: float) -> float:
    """Ask again and again, and wait for each answer as a kubelet does."""
    while (waited := time.monotonic() - began) < GIVE_UP:
        if _yes(address):
            return time.monotonic() - began
        time.sleep(_POLL)
    return waited


def _yes(address: str) -> bool:
    """Ask the startup probe's question, by as little as that takes."""
    try:
        with socket.create_connection((address, 8080), timeout=5.0) as asked:
            asked.sendall(b"GET /startupz HTTP/1.0\r\n\r\n")
            return asked.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False
