"""SIGTERM and SIGINT end the sidecar with status 0, whatever it is doing; `--once` has failed."""

from __future__ import annotations

import signal

import pytest

from tests.formation import forming
from tests.shell import alone
from tests.statefulset import misbehaviour, needs, oracle, sets
from tests.statefulset import pod as pods

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def assert_ends(one: pods.Pod, number: signal.Signals = signal.SIGTERM) -> None:
    """No grace: who needs SIGKILL has another status."""
    assert one.stop_sidecar(number) == 0, one.sidecar.errors()
    assert one.sidecar.errors() == ""


@BOTH
def test_while_it_waits_for_redis(number: signal.Signals) -> None:
    with alone.one_pod() as app:
        app[0].start_sidecar()
        forming.until(lambda: forming.phase(app[0]) == "waiting", app[0].sidecar.output)
        assert_ends(app[0], number)


@BOTH
def test_while_all_is_well(number: signal.Signals) -> None:
    with alone.one_pod(BOOTSTRAP_INTERVAL="1h") as app:
        app.start_servers()
        app.start_sidecars()
        forming.wait_ready(app.pods)
        assert_ends(app[0], number)


def test_while_it_waits_for_the_others() -> None:
    with alone.one_pod(size=6) as app:
        app[0].start_server()
        app[0].start_sidecar()
        forming.until(lambda: "redis-app-3: " in app[0].sidecar.output(), app[0].sidecar.output)
        assert_ends(app[0])


@BOTH
def test_once_that_is_interrupted_could_not_reach_its_goal(number: signal.Signals) -> None:
    with alone.one_pod(size=6) as app:
        app[0].start_server()
        once = app[0].start_sidecar(["--once"])
        forming.until(lambda: "redis-app-3: " in once.output(), once.output)
        assert once.stop(number) == 1, once.errors()
        (said,) = forming.events(app[0], "interrupted")
        assert "redis-app-1: " in said["why"]
        assert once.errors() == ""


def test_once_that_is_interrupted_while_its_redis_hangs_could_not_either() -> None:
    with alone.one_pod() as app:
        app.start_servers()
        app[0].pause()
        once = app[0].start_sidecar(["--once"])
        forming.until(lambda: "redis-app-0" in once.output(), once.output)
        assert once.stop() == 1, once.errors()
        assert forming.events(app[0], "interrupted")


def test_while_it_waits_for_dns() -> None:
    with alone.one_pod(size=6) as app:
        app.names.behave(misbehaviour.Behaviour.DROP)
        app[0].start_server()
        app[0].start_sidecar()
        forming.until(lambda: bool(app.names.questions), app[0].sidecar.output)
        assert_ends(app[0])


def test_while_its_redis_hangs() -> None:
    """A look that waits for an answer is not waited for."""
    with alone.one_pod() as app:
        app.start_servers()
        app.start_sidecars()
        forming.wait_ready(app.pods)
        app[0].pause()
        forming.until(lambda: forming.answers(app[0])[0] == 503, app[0].sidecar.output)
        assert_ends(app[0])


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-6.2"])
def test_while_it_forms(name: str) -> None:
    """And who comes next ends with the same cluster."""
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        forming.until(lambda: forming.phase(app[0]) == "form", app[0].sidecar.output)
        assert_ends(app[0])
        ids = [one.node_id() for one in app.pods]
        app[0].start_sidecar()
        with forming.told(app):
            forming.wait_formed(app, settings)
        assert [one.node_id() for one in app.pods] == ids
        for one in app.pods:
            assert_ends(one)
