"""I4 and I9: killed after any single command, the next start ends in the same cluster.

Enumerated, not sampled: N counts up until a run ends before its N-th command. The kill points of
one server are shared among sets that run side by side. Each set keeps its servers and the other
five sidecars; the nodes are made new in between.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent import futures

import pytest

from tests.formation import forming
from tests.statefulset import needs, oracle, pod, servers, sets, sidecar

SHARE = 2
"""How many sets the kill points of one server are shared among."""
LEAST = 20
"""Commands that a formation of six pods surely takes."""
ITSELF = 0
pytestmark = pytest.mark.timeout(900)  # Some forty formations, one after the other.
ANNOUNCED = (
    "cluster-announce-ip",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
)
QUICK = {"repl-diskless-sync-delay": 1}
"""A restarted server has its own again, and its replicas wait for so many seconds."""
OFTEN = {
    "BOOTSTRAP_INTERVAL": "1",
    **{name: None for name in os.environ if name.startswith("COVERAGE_")},
}
"""The other sidecars soon see that their nodes are new. Nobody's coverage is measured: who is
killed has none to tell, and it would take half as long again."""
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


# The longest first: whoever shares out the tests cannot know.
@pytest.mark.parametrize("kill", [kill_the_server, kill_the_sidecar])
@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_kill_after_any_command_changes_nothing(name: str, kill: Kill) -> None:
    server = needs.server(name)
    # It is mostly waiting, so two sets at once.
    with futures.ThreadPoolExecutor(SHARE) as pool:
        ends = [pool.submit(enumerate_from, first, server, kill) for first in range(1, SHARE + 1)]
    assert min(end.result() for end in ends) > LEAST


def enumerate_from(first: int, server: servers.Server, kill: Kill) -> int:
    """Go through every SHARE-th kill point; return the first that was none any more."""
    with sets.LocalStatefulSet(6, server, server_config=QUICK, sidecar_env=OFTEN) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        for one in app.pods[1:]:
            one.start_sidecar()
        return max(kill_points(app, kill, first, settings))


def kill_points(
    app: sets.LocalStatefulSet, kill: Kill, first: int, settings: forming.Settings
) -> Iterator[int]:
    """Go through every SHARE-th kill point, including the first that is none any more."""
    after, killed = first, True
    while killed:
        ids = {one.name: one.node_id() for one in app.pods}
        killed = kill(app, after)
        with forming.told(app, f"{kill.__name__} after command {after}"):
            forming.wait_formed(app, settings)
            assert {one.name: one.node_id() for one in app.pods} == ids
            assert forming.roles(app) == LAYOUT
            if app.pods[0].sidecar.running:
                forming.wait_ready(app.pods)
                assert app.pods[0].stop_sidecar() == 0
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
