"""What may listen at a pod's address instead of a server that can be had.

`old` stands in for a Redis 5: none of that age is to be had as a package, so its answers to what
bootstrap asks first are played. `silent` and `other` are no Redis at all.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Final

from tests.statefulset import needs
from tests.statefulset import pod as pods

VERSION: Final = "5.0.14"
_ANSWERS: Final = {
    "INFO": f"# Server\r\nredis_version:{VERSION}\r\nredis_mode:cluster\r\n",
    "CLUSTER INFO": "cluster_state:fail\r\n",
    "CLUSTER NODES": f"{'5' * 40} :6379@16379 myself,master - 0 0 0 connected\n",
}


class _Old(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer pipelined commands until the asker is gone."""
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            text = _ANSWERS.get(" ".join(words).upper()) or _ANSWERS.get(words[0].upper())
            reply = "*0\r\n" if text is None else f"${len(text)}\r\n{text}\r\n"
            self.wfile.write(reply.encode())

    def _word(self) -> str:
        size = int(self.rfile.readline()[1:])
        return self.rfile.read(size + 2)[:-2].decode()


class _Other(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Speak HTTP to whoever speaks."""
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextlib.contextmanager
def old(pod: pods.Pod) -> Iterator[None]:
    """A server of a version that is not supported."""
    with _listening(pod, _Old):
        yield


@contextlib.contextmanager
def other(pod: pods.Pod) -> Iterator[None]:
    """A server of something else."""
    with _listening(pod, _Other):
        yield


@contextlib.contextmanager
def silent(pod: pods.Pod) -> Iterator[None]:
    """Connections are accepted, by the kernel alone, and nobody ever answers."""
    with socket.create_server((pod.address, pod.port)):
        yield


@contextlib.contextmanager
def _listening(pod: pods.Pod, handler: type[socketserver.StreamRequestHandler]) -> Iterator[None]:
    needs.insecurity("a stub speaks no TLS, and is told by that")
    with _Listener((pod.address, pod.port), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield
        server.shutdown()
