"""HTTP: the standard library's server in a thread of its own. It knows no path's answer."""

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
"""A status, a content type, and a text."""
Path: TypeAlias = Callable[[], Answer]
"""Answers a path that anybody may ask for."""
Endpoint: TypeAlias = Callable[[str | None], tuple[int, str]]
"""Takes the Authorization header of a request, and gives a status and a text."""
TEXT: Final = "text/plain; charset=utf-8"
_REQUEST_SECONDS: Final = 5.0
"""For so many seconds one request may keep its thread."""


class Begun(Protocol):
    """What has listened until now, and holds requests that it cannot answer."""

    listening: socket.socket

    def end(self) -> list[listener.Caller]:
        """Stop answering, and hand over the callers that still wait."""
        ...


class Server:
    """Serves for as long as the process lives."""

    def __init__(
        self,
        where: tuple[str, int],
        paths: Mapping[str, Path],
        guarded: Mapping[str, Endpoint],
        begun: Begun | None = None,
    ) -> None:
        """Bind at once, so that a taken port is told at the start; or go on with what has begun.

        Only `guarded` paths get the Authorization header: they do something when they are asked.

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
        """Without the reverse look-up of our own name that the stock server does."""
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
        # A caller that does not wait for a long answer is gone by now.
        with contextlib.suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Probes come every second: they are not logged."""
