"""I4 and I9: killed after any single command, the next start ends in the same cluster.

Enumerated, not sampled: N counts up until a run ends before its N-th command. The kill points of
one server are shared among sets that run side by side. Each set keeps its servers and the other
five sidecars; the nodes are made new in between.

The servers' node time-out is neither the default nor what the sidecars are told, so it shows whether
it was remembered. Five pods' sidecars live on and remember; the seed's, killed, may have to guess.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent import futures

import pytest

from tests.formation import forming, killer
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
NODE_TIMEOUT = "cluster-node-timeout"
PING_INTERVAL = "cluster-ping-interval"
OWN, GUESS = "7000", "9000"
"""The servers' node time-out, and what a sidecar makes it that does not know better."""
CONFIG = {"repl-diskless-sync-delay": 1, NODE_TIMEOUT: int(OWN)}
"""A restarted server has its own again, and its replicas wait for so many seconds."""
OFTEN = {
    "BOOTSTRAP_INTERVAL": "1",
    "BOOTSTRAP_NODE_TIMEOUT": GUESS,
    **{name: None for name in os.environ if name.startswith("COVERAGE_")},
}
"""The other sidecars soon see that their nodes are new. Nobody's coverage is measured: who is
killed has none to tell, and it would take half as long again."""
LAYOUT = {**forming.THIRDS, 3: 0, 4: 1, 5: 2}
TAKEN_OVER = {**LAYOUT, 3: LAYOUT[0], 0: 3}
"""The same where the servers have elected the seed's replica: its server was down for longer than
the node time-out of the dip, as on a busy machine. It owned no key, and all slots stay owned."""

TEMPORARY = {
    "dip": rf"\b{NODE_TIMEOUT}=499\b",
    "undip": rf"\b{NODE_TIMEOUT}={OWN}\b",
    "ping interval": rf"\b{PING_INTERVAL}=[1-9]",
    "its calming": rf"\b{PING_INTERVAL}=0\b",
}
"""Commands among the kill points, for the sake of which there are kills at all."""

ATTEMPTS = 5
"""Starved of the processors, nodes may say ok before anybody can hurry them."""

Kill = Callable[[sets.LocalStatefulSet, str], str]
"""Lets the seed form, with a kill at a point (`killer`); at which command, or nothing."""


def kill_the_sidecar(app: sets.LocalStatefulSet, point: str) -> str:
    """Then start another."""
    seed = app.pods[0]
    killed = start_killer(seed, point, ITSELF)
    status = killed.wait(forming.LONG)
    assert status in {0, -signal.SIGKILL}, killed.errors()
    seed.start_sidecar()
    return killer.found(let_through(killed), point) if status else ""


def kill_the_server(app: sets.LocalStatefulSet, point: str) -> str:
    """Then start it again where it was; the sidecar lives on."""
    seed = app.pods[0]
    assert seed.process is not None
    running = start_killer(seed, point, seed.process.pid)
    forming.until(lambda: not (seed.running and running.running), running.output)
    killed = not seed.running
    if killed:
        seed.start_server()
    assert running.wait(forming.LONG) == 0, running.errors()
    return killer.found(let_through(running), point) if killed else ""


# The longest first: whoever shares out the tests cannot know.
@pytest.mark.parametrize(
    "kill", [pytest.param(kill_the_server, marks=pytest.mark.enumerates), kill_the_sidecar]
)
@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_kill_after_any_command_changes_nothing(name: str, kill: Kill) -> None:
    server = needs.server(name)
    # It is mostly waiting, so two sets at once.
    with futures.ThreadPoolExecutor(SHARE) as pool:
        ends = [pool.submit(enumerate_from, first, server, kill) for first in range(1, SHARE + 1)]
    commands = [command for end in ends for command in end.result()]
    assert len(commands) > LEAST
    # No formation is like the other, so the numbers may have passed over some of these.
    for what, how in TEMPORARY.items():
        if server.version >= (7, 2, 0) or PING_INTERVAL not in how:
            assert killer.found(commands, how) or at(how, server, kill), what


def at(point: str, server: servers.Server, kill: Kill) -> str:
    """Kill at one point, in the first formation that has it; return that command."""
    with prepared(server) as (app, settings):
        attempts = (killed_at(app, kill, point, settings) for _ in range(ATTEMPTS))
        return next(filter(None, attempts), "")


@contextlib.contextmanager
def prepared(server: servers.Server) -> Iterator[tuple[sets.LocalStatefulSet, forming.Settings]]:
    """Six servers and all sidecars but the seed's; and the settings that are to survive."""
    with sets.LocalStatefulSet(6, server, server_config=CONFIG, sidecar_env=OFTEN) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        assert {pod[NODE_TIMEOUT] for pod in settings.values()} == {OWN}
        for one in app.pods[1:]:
            one.start_sidecar()
        yield app, settings


def enumerate_from(first: int, server: servers.Server, kill: Kill) -> list[str]:
    """Go through every SHARE-th kill point, and the first that is none any more; return all."""
    with prepared(server) as (app, settings):
        points = map(str, itertools.count(first, SHARE))
        return list(iter(lambda: killed_at(app, kill, next(points), settings), ""))


def killed_at(
    app: sets.LocalStatefulSet, kill: Kill, point: str, settings: forming.Settings
) -> str:
    """One formation with a kill at the point; return the command there, if there was one."""
    ids = {one.name: one.node_id() for one in app.pods}
    killed = kill(app, point)
    with forming.told(app, f"{kill.__name__} after command {point}, {killed}"):
        wait_formed(app, kill, settings)
        assert {one.name: one.node_id() for one in app.pods} == ids
        assert forming.roles(app) in ([LAYOUT, TAKEN_OVER] if kill is kill_the_server else [LAYOUT])
        if app.pods[0].sidecar.running:
            forming.wait_ready(app.pods)
            assert app.pods[0].stop_sidecar() == 0
    make_new(app)
    return killed


def wait_formed(app: sets.LocalStatefulSet, kill: Kill, settings: forming.Settings) -> None:
    """Wait for the cluster, and for the settings of before, or of a guess that was warned of."""
    seed = app.pods[0]
    guessed = {**settings, seed.name: {**settings[seed.name], NODE_TIMEOUT: GUESS}}
    forming.wait_formed(app, settings, *([guessed] if kill is kill_the_sidecar else []))
    warned = any(plan.get("warning") for plan in forming.events(seed, "plan"))
    assert warned == (oracle.temporary_settings(app.pods) == guessed)


def let_through(sidecar: sidecar.Sidecar) -> list[str]:
    """The commands that a killer has sent, in their order."""
    lines = sidecar.output().splitlines()
    return [line.removeprefix(killer.SAID) for line in lines if line.startswith(killer.SAID)]


def start_killer(seed: pod.Pod, point: str, victim: int) -> sidecar.Sidecar:
    command = [sys.executable, "-m", "tests.formation.killer", point, str(victim)]
    return seed.start_sidecar(["--once"], command=command)


def make_new(app: sets.LocalStatefulSet) -> None:
    """Let healthy nodes forget everything; the seed forgets its sidecar's words too.

    The sidecars stand still meanwhile. On a busy machine that takes seconds, and a node that was
    reset would join those that were not yet.
    """
    for one in app.pods[1:]:
        one.sidecar.pause()
    for one in app.pods:
        one.ask("CLUSTER", "RESET", "HARD")
    forming.until(
        lambda: all(len(one.cluster_nodes().splitlines()) == 1 for one in app.pods),
        lambda: [one.cluster_nodes() for one in app.pods],
    )
    for one in app.pods[1:]:
        one.sidecar.resume()
    with app.pods[0].client() as client:
        client.config_set(NODE_TIMEOUT, OWN)
        for name in ANNOUNCED:
            if client.config_get(name):
                client.config_set(name, "")
