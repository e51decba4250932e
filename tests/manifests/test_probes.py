"""What the kubelet asks, and when, fits the server that answers and the time that it takes."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.show import board
from tests.manifests import environment, metrics, render
from tests.manifests.render import Build, Object

SHUTDOWN = 10.0
"""The server's own shutdown-timeout, in seconds; the base sets the same."""


@pytest.fixture(scope="module")
def known() -> str:
    """The address of a sidecar's HTTP server. It lives as long as the process."""
    return metrics.serve(board.Board())


def test_every_path_that_is_asked_is_served(every: Build, known: str) -> None:
    asked = {one["path"] for one in _asked(every)}
    assert asked
    assert [path for path in sorted(asked) if _status(known + path) == 404] == []


def test_a_path_that_is_not_served_is_told(known: str) -> None:
    assert _status(f"{known}/healthz") == 404


def test_every_port_that_is_asked_is_the_sidecars(every: Build, tmp_path: Path) -> None:
    http = environment.read(every, tmp_path).http
    assert http is not None
    host, port = http
    assert not host, "the kubelet asks the pod's address"
    named = {one["name"]: one["containerPort"] for one in every.sidecar["ports"]}
    assert named == {"bootstrap": port}
    for one in _asked(every):
        assert named.get(one["port"], one["port"]) == port


def test_names_of_ports_are_the_containers_own(every: Build) -> None:
    # A probe or hook finds a name only among the ports of its own container.
    for container in render.containers(every.pod):
        own = {port["name"] for port in container.get("ports", [])}
        for one in _of(container):
            assert isinstance(one["port"], int) or one["port"] in own


def test_the_sidecar_starts_first_and_stays(every: Build) -> None:
    if every.native:
        assert every.pod["initContainers"][0] is every.sidecar
        assert every.sidecar["restartPolicy"] == "Always"
        assert every.sidecar["startupProbe"]["httpGet"]["path"] == "/startupz"
    else:
        assert "startupProbe" not in every.sidecar, "nothing waits for it"
        assert "restartPolicy" not in every.sidecar


def test_the_gate_outlasts_whoever_is_held(every: Build, tmp_path: Path) -> None:
    if every.native:
        probe = every.sidecar["startupProbe"]
        held = environment.read(every, tmp_path).gate_seconds
        assert probe["periodSeconds"] * probe["failureThreshold"] > 10 * held


def test_readiness_is_asked_each_second_and_lost_by_no_short_trouble(every: Build) -> None:
    probe = every.sidecar["readinessProbe"]
    # An ordered set makes the next pod once this one is ready: there it only means that it lives.
    ordered = every.statefulset["spec"].get("podManagementPolicy") != "Parallel"
    assert probe["httpGet"]["path"] == ("/livez" if ordered else "/readyz")
    assert probe["periodSeconds"] == 1
    assert probe["failureThreshold"] >= 6


def test_a_hung_loop_is_told_before_the_sidecar_is_restarted(every: Build, tmp_path: Path) -> None:
    probe = every.sidecar["livenessProbe"]
    assert probe["httpGet"]["path"] == "/livez"
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


def test_the_server_hands_over_before_it_stops(every: Build) -> None:
    hook = every.redis["lifecycle"]["preStop"]["httpGet"]
    assert hook["path"] == "/handover"


def test_hand_over_and_shutdown_fit_into_the_grace(every: Build, tmp_path: Path) -> None:
    grace = every.pod.get("terminationGracePeriodSeconds", 30)
    assert environment.read(every, tmp_path).handover_timeout + SHUTDOWN < grace


def _asked(every: Build) -> Iterator[Object]:
    yield from _of(every.sidecar)
    yield every.redis["lifecycle"]["preStop"]["httpGet"]


def _of(container: Object) -> Iterator[Object]:
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        if "httpGet" in container.get(kind, {}):
            yield container[kind]["httpGet"]
    for hook in container.get("lifecycle", {}).values():
        if "httpGet" in hook:
            yield hook["httpGet"]


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
