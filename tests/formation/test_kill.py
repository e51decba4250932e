"""I4 and I9: killed after any single command, the next start ends in the same cluster.

Enumerated, not sampled: N counts up until a run ends before its N-th command. The kill points of
one server are shared among tests, so that they can run side by side. Each test reuses its servers
and the other five sidecars; the nodes are made new in between.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.formation import forming
from tests.statefulset import needs, oracle, pod, servers, sets, sidecar

SHARE = 2
"""How many tests the kill points of one server are shared among."""
LEAST = 20
"""Commands that a formation of six pods surely takes."""
ITSELF = 0
ANNOUNCED = (
    "cluster-announce-ip",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
)
LAYOUT = {**forming.THIRDS, 3: 0, 4: 1, 5: 2}

Kill = Callable[[sets.LocalStatefulSet, int], bool]
"""Lets the seed form, with a kill after the N-th command; whether there was an N-th."""


def kill_the_sidecar(app: sets.LocalStatefulSet, after: int) -> bool:
    """Then start another."""
    seed = app.pods[0]
    status = start_killer(seed, after, ITSELF).wait(forming.LONG)
    assert status in {0, -signal.SIGKILL}, seed.sidecar.errors()
    seed.start_sidecar()
    return status != 0


def kill_the_server(app: sets.LocalStatefulSet, after: int) -> bool:
    """Then start it again where it was; the sidecar lives on."""
    seed = app.pods[0]
    assert seed.process is not None
    killer = start_killer(seed, after, seed.process.pid)
    forming.until(lambda: not (seed.running and killer.running), killer.output)
    killed = not seed.running
    if killed:
        seed.start_server()
    assert killer.wait(forming.LONG) == 0, killer.errors()
    return killed


@pytest.mark.parametrize("first", range(1, SHARE + 1))
@pytest.mark.parametrize("kill", [kill_the_sidecar, kill_the_server])
@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_kill_after_any_command_changes_nothing(name: str, kill: Kill, first: int) -> None:
    often = {"BOOTSTRAP_INTERVAL": "1"}
    with sets.LocalStatefulSet(6, needs.server(name), sidecar_env=often) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        for one in app.pods[1:]:
            one.start_sidecar()
        last = max(after for after in kill_points(app, kill, first, settings))
    assert last > LEAST


def kill_points(
    app: sets.LocalStatefulSet, kill: Kill, first: int, settings: forming.Settings
) -> Iterator[int]:
    """Go through every SHARE-th kill point, including the first that is none any more."""
    after, killed = first, True
    while killed:
        ids = {one.name: one.node_id() for one in app.pods}
        killed = kill(app, after)
        try:
            forming.wait_formed(app, settings)
            assert {one.name: one.node_id() for one in app.pods} == ids
            assert forming.roles(app) == LAYOUT
            if app.pods[0].sidecar.running:
                forming.wait_ready(app.pods)
                assert app.pods[0].stop_sidecar() == 0
        except AssertionError as error:
            raise AssertionError(f"{kill.__name__} {after}: {error}\n{app.report(30)}") from error
        yield after
        make_new(app)
        after += SHARE


def start_killer(seed: pod.Pod, after: int, victim: int) -> sidecar.Sidecar:
    command = [sys.executable, "-m", "tests.formation.killer", str(after), str(victim)]
    return seed.start_sidecar(["--once"], command=command)


def make_new(app: sets.LocalStatefulSet) -> None:
    """Let healthy nodes forget everything; the seed forgets its sidecar's words too."""
    for one in app.pods:
        one.ask("CLUSTER", "RESET", "HARD")
    forming.until(
        lambda: all(len(one.cluster_nodes().splitlines()) == 1 for one in app.pods),
        lambda: [one.cluster_nodes() for one in app.pods],
    )
    with app.pods[0].client() as client:
        for name in ANNOUNCED:
            if client.config_get(name):
                client.config_set(name, "")
