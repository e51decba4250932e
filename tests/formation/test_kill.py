"""I4 and I9: killed after any single command, the next start ends in the same cluster.

Enumerated, not sampled: N counts up until a run ends before its N-th command. Every third N is
one test's, so that they can run side by side; each test reuses its servers, made new in between.
"""

from __future__ import annotations

import signal
import sys

import pytest

from tests.formation import forming
from tests.statefulset import needs, oracle, pod, process, servers, sets

SHARE = 3
"""How many tests the kill points of one server are shared among."""
LEAST = 20
"""Commands that a formation of six pods surely takes."""

SELF = 0
NAMES = (
    "cluster-announce-ip",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
)


def make_new(app: sets.LocalStatefulSet) -> None:
    """Let healthy nodes forget everything; the seed forgets its sidecar's words too."""
    for one in app.pods:
        one.ask("CLUSTER", "RESET", "HARD")
    for one in app.pods:
        process.wait_for(
            lambda one=one: len(one.cluster_nodes().splitlines()) == 1,  # type: ignore[misc]  # a default argument
            forming.LONG,
            f"{one.name} is alone",
        )
    with app.pods[0].client() as client:
        for name in NAMES:
            if client.config_get(name):
                client.config_set(name, "")


def ids_of(app: sets.LocalStatefulSet) -> dict[str, str]:
    return {one.name: one.node_id() for one in app.pods}


def start_killer(seed: pod.Pod, after: int, victim: int) -> None:
    command = [sys.executable, "-m", "tests.formation.killer", str(after), str(victim)]
    seed.start_sidecar(["--once"], command=command)


def assert_same_cluster(app: sets.LocalStatefulSet, ids: dict[str, str]) -> None:
    assert ids_of(app) == ids
    assert forming.roles(app) == {**forming.THIRDS, 3: 0, 4: 1, 5: 2}


def sent(seed: pod.Pod) -> int:
    return int(seed.sidecar.output().rpartition("sent ")[2])


@pytest.mark.parametrize("first", range(1, SHARE + 1))
@pytest.mark.parametrize("name", servers.MATRIX)
def test_the_sidecar_is_killed_after_any_command(name: str, first: int) -> None:
    with sets.LocalStatefulSet(6, needs.server(name), sidecar_env={"BOOTSTRAP_INTERVAL": "1"}) as app:
        app.start_servers()
        before = oracle.temporary_settings(app.pods)
        seed, *others = app.pods
        for one in others:
            one.start_sidecar()
        killed = -signal.SIGKILL
        after = first
        while killed == -signal.SIGKILL:
            ids = ids_of(app)
            start_killer(seed, after, SELF)
            killed = seed.sidecar.wait(forming.LONG)
            seed.start_sidecar()
            try:
                forming.wait_formed(app, before)
                forming.wait_ready(app.pods)
                assert_same_cluster(app, ids)
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"killed after command {after}: {error}\n{app.report(30)}") from error
            assert seed.stop_sidecar() == 0
            make_new(app)
            after += SHARE
        assert killed == 0, seed.sidecars[-2].errors()
        assert after - SHARE > LEAST
