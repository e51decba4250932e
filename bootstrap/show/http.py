"""HTTP: the standard library's server, in its own thread. The paths' answers are given to it."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

from bootstrap import __version__
from bootstrap.show import listener

Answer: TypeAlias = tuple[int, str, str]
"""Status, content type, and text."""
Path: TypeAlias = Callable[[], Answer]
"""Answers a path without authorization."""
Endpoint: TypeAlias = Callable[[str | None], tuple[int, str]]
"""Takes the Authorization header of a request; returns status and text."""
TEXT: Final = "text/plain; charset=utf-8"
_REQUEST_SECONDS: Final = 5.0
"""Seconds for which one request may keep its thread."""


class Begun(Protocol):
    """What has listened until now (`run.early`), and holds requests that it cannot answer."""

    listening: socket.socket

    def end(self) -> list[listener.Caller]:
        """Stop answering, and hand over the callers that still wait."""
        ...


class Server:
    """Serves until the process ends."""

    def __init__(
        self,
        where: tuple[str, int],
        paths: Mapping[str, Path],
        guarded: Mapping[str, Endpoint],
        begun: Begun | None = None,
    ) -> None:
        """Bind at once, so that a taken port is an error now; or take over what has `begun`.

        `where` is host and port. Only `guarded` paths, whose requests act, get the Authorization
        header.

        Raises:
            OSError: when the address cannot be bound.

        """

        class Handler(_Handler):
            answers = paths
            endpoints = guarded

        listening = begun.listening if begun else listener.listen(where)
        self._server = _Threads(listening, Handler)
        for caller, asker in begun.end() if begun else ():
            self._server.process_request(caller, asker)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 5.0}, daemon=True
        )
        self._thread.start()


class _Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listening: socket.socket, handler: type[_Handler]) -> None:
        """Skip the reverse look-up of our own name that the standard server does."""
        super().__init__(listening.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = "bootstrap", int(self.server_address[1])


class _Handler(http.server.BaseHTTPRequestHandler):
    answers: Mapping[str, Path]
    endpoints: Mapping[str, Endpoint]
    server_version = f"bootstrap/{__version__}"
    sys_version = ""
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        """Answer one of the known paths."""
        path = self.path.partition("?")[0]
        if path in self.endpoints:
            code, text = self.endpoints[path](self.headers.get("Authorization"))
            self._send(code, TEXT, text)
        elif path in self.answers:
            self._send(*self.answers[path]())
        else:
            known = ", ".join(sorted({*self.answers, *self.endpoints}))
            self._send(404, TEXT, f"not found; there are {known}\n")

    def _send(self, code: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(code)
        if code == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # The caller may have closed the connection meanwhile.
        with contextlib.suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Log nothing: probes come every second."""
