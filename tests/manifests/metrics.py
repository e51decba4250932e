"""Which metrics a sidecar shows, with which labels, as its own /metrics has them."""

from __future__ import annotations

import functools
import urllib.request
from collections.abc import Mapping
from typing import Final

from prometheus_client import parser

from bootstrap.plan import codes, handover_run, verdict
from bootstrap.show import http, routes
from bootstrap.show.board import Board, Status
from tests.core import build

OF_TARGETS: Final = frozenset(
    {"namespace", "service", "pod", "container", "endpoint", "job", "instance"}
)
"""Labels that the operator's Prometheus gives to whatever it scrapes from a Service."""
UP: Final = "up"
"""A metric of Prometheus itself."""


@functools.cache
def labels() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return by metric and label the values that the label can have; empty where they are free."""
    found: dict[str, dict[str, frozenset[str]]] = {UP: {}}
    for family in parser.text_string_to_metric_families(_scrape(_everything())):
        for sample in family.samples:
            of_metric = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                of_metric[label] = of_metric.get(label, frozenset()) | {value}
    targets: dict[str, frozenset[str]] = dict.fromkeys(OF_TARGETS, frozenset())
    return {name: {**targets, **own} for name, own in found.items()}


def serve(board: Board) -> str:
    """Serve a board for as long as this process lives; return the address."""
    serving = http.Server(
        ("127.0.0.1", 0), routes.of(board), {"/handover": lambda _header: (200, "done\n")}
    )
    host, port = serving._server.socket.getsockname()[:2]
    return f"http://{host!s}:{port}"


def _everything() -> Board:
    """A board on which all that can happen has happened."""
    blocked = [verdict.Block(code=code, why="", fix="") for code in codes.REFUSALS]
    alarms = [verdict.Alarm(pod="", code=code, why="", fix="") for code in codes.ALARMS]
    plan = verdict.Plan(phase=verdict.Phase.BLOCKED, blocked=tuple(blocked), alarms=tuple(alarms))
    board = Board(status=Status(topology=build.topology(), plan=plan))
    board.status = Status(topology=build.topology(), snapshot=build.snapshot(), plan=plan, tick=1)
    board.actions.update({("meet", "ok"): 1, ("replicate", "refused"): 1})
    board.handovers.update({result.value: 1 for result in handover_run.Result})
    return board


def _scrape(board: Board) -> str:
    with urllib.request.urlopen(f"{serve(board)}/metrics", timeout=10) as answer:
        text: bytes = answer.read()
    return text.decode()
