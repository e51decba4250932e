"""Probes, metrics and status over HTTP: the standard library's server in a thread of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from bootstrap import __version__
from bootstrap.run import early
from bootstrap.show import listener, plan_text
from bootstrap.show.board import Board

Answer = tuple[int, str, str]
#: Takes the Authorization header, and gives a status and a text.
Knock = Callable[[str | None], tuple[int, str]]
_TEXT = "text/plain; charset=utf-8"
#: Seconds for which one request may keep its thread.
_REQUEST_SECONDS = 5.0
#: Seconds beyond its rest in which a loop that does not turn only has a long look, which ends.
_PATIENCE = 60.0


class Server:
    """Serves one board for as long as the process lives."""

    def __init__(
        self,
        where: tuple[str, int],
        board: Board,
        handover: Knock | None = None,
        begun: early.Early | None = None,
    ) -> None:
        """Bind at once, so that a taken port is told at the start; or go on where it has begun.

        Raises:
            OSError: when the address cannot be bound.

        """
        routes = _Routes(board)

        class Handler(_Handler):
            answers = routes.by_path
            doors = {"/handover": handover} if handover else {}

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
    answers: dict[str, Callable[[], Answer]]
    doors: dict[str, Knock]
    server_version = f"bootstrap/{__version__}"
    sys_version = ""
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        """Answer one of the known paths."""
        path = self.path.partition("?")[0]
        if path in self.doors:
            code, text = self.doors[path](self.headers.get("Authorization"))
            self._send(code, _TEXT, text)
        elif path in self.answers:
            self._send(*self.answers[path]())
        else:
            known = ", ".join(sorted({*self.answers, *self.doors}))
            self._send(404, _TEXT, f"not found; there are {known}\n")

    def _send(self, code: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(code)
        if code == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # Who asked for a hand-over may well be gone by the time of the answer.
        with contextlib.suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Probes come every second: they are not logged."""


class _Routes:
    """What each path answers, from the board alone."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.by_path: dict[str, Callable[[], Answer]] = {
            "/startupz": self._startup,
            "/livez": self._live,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/statusz": self._status,
        }

    def _startup(self) -> Answer:
        """Never waits for Redis: the redis container starts only after this says yes."""
        gate = self._board.gate
        if gate is None:
            return 503, _TEXT, "the loop has not run yet\n"
        if not gate.open:
            return 503, _TEXT, f"the gate is shut: {gate.why}\n"
        return 200, _TEXT, "started\n"

    def _live(self) -> Answer:
        """The loop turns, whatever it finds: a new process would find the same."""
        due = self._board.due
        late = time.monotonic() - due if due is not None else 0.0
        if late > _PATIENCE:
            return 503, _TEXT, f"the loop should have turned {late:.0f} s ago\n"
        return 200, _TEXT, "alive\n"

    def _ready(self) -> Answer:
        seen = self._board.status
        ready, why = seen.ready
        alarms = seen.plan.alarms if seen.plan else ()
        faults = "".join(f"{one.code}: {one.why}\n" for one in alarms)
        return (200 if ready else 503), _TEXT, f"{seen.first_line}\n{why}\n{faults}"

    def _metrics(self) -> Answer:
        # Loaded by the first question: Redis waits for `/startupz`, and no scrape comes before
        # that.
        from bootstrap.show import metrics  # noqa: PLC0415

        return 200, *metrics.text(self._board)

    def _status(self) -> Answer:
        seen = self._board.status
        if seen.plan is None or seen.snapshot is None or seen.topology is None:
            return 503, "application/json", json.dumps({"tick": seen.tick}) + "\n"
        facts: dict[str, Any] = plan_text.as_json(seen.snapshot, seen.plan, seen.topology)
        ready, why = seen.ready
        facts |= {"tick": seen.tick, "ready": ready, "why": why, "version": __version__}
        facts["age"] = round(time.monotonic() - self._board.looked, 1)
        facts["memory"] = dataclasses.asdict(seen.snapshot.memory)
        return 200, "application/json", json.dumps(facts, indent=1) + "\n"
