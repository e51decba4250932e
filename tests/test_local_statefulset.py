"""The local StatefulSet itself: servers start, pods follow, nothing outlives its owner."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import dns.resolver
import pytest
import redis.exceptions

from tests.statefulset import addresses, config, needs, process, servers, sets
from tests.statefulset import pod as pods

SLEEP = ("sleep", "600")
"""A stand-in for the sidecar."""


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended, but was not reaped yet, does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def pids_of(app: sets.LocalStatefulSet) -> list[int]:
    running = [pod.process.pid for pod in app.pods if pod.process]
    return running + [sidecar.pid for pod in app.pods for sidecar in pod.sidecars]


# Servers


@pytest.mark.parametrize("name", servers.MATRIX)
def test_one_meet_is_seen_by_both(name: str) -> None:
    """The bus dials from the pod's own address: otherwise a MEET stays one-sided."""
    with sets.LocalStatefulSet(2, needs.server(name), server_config=config.FAST) as app:
        app.start_servers()
        first, second = app.pods
        first.ask("CLUSTER", "MEET", second.address, second.port)
        process.wait_for(
            lambda: f"{first.address}:{first.port}@" in second.cluster_nodes(),
            timeout=10,
            what="the second node knows the first",
        )


def test_a_server_that_dies_at_its_start_is_told_with_its_log() -> None:
    unknown = {"no-such-thing": 1}
    with (
        sets.LocalStatefulSet(1, needs.any_server(), server_config=unknown) as app,
        pytest.raises(pods.PodError, match="no-such-thing"),
    ):
        app.start_servers()


# Pods


def test_a_pod_that_moved_keeps_its_data_and_a_wiped_one_does_not() -> None:
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        app.start_servers()
        pod = app[0]
        before, address = pod.node_id(), pod.address
        app.take_down(pod)
        app.start_servers()
        assert (pod.node_id(), pod.address != address) == (before, True)
        app.take_down(pod, wipe=True, moved=False)
        app.start_servers()
        assert pod.node_id() != before


def test_a_paused_server_answers_nothing_until_it_is_resumed() -> None:
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        app.start_servers()
        app[0].pause()
        with (
            app[0].client(socket_timeout=0.2) as client,
            pytest.raises(redis.exceptions.TimeoutError),
        ):
            client.execute_command("PING")
        app[0].resume()
        app[0].wait_server_up()


def test_dns_follows_a_pod() -> None:
    resolver = dns.resolver.Resolver(configure=False)
    with sets.LocalStatefulSet(2, needs.any_server(), ordinal_start=5) as app:
        resolver.nameservers, resolver.port = [app.names.address], app.names.port
        pod, unstarted = app[5], app[6]
        pod.start_sidecar(command=SLEEP)
        assert [str(one) for one in resolver.resolve(f"{pod.fqdn}.")] == [pod.address]
        with pytest.raises(dns.resolver.NXDOMAIN):
            resolver.resolve(f"{unstarted.fqdn}.")
        before = pod.address
        app.take_down(pod)
        assert [str(one) for one in resolver.resolve(f"{pod.fqdn}.")] == [pod.address] != [before]


def test_a_sidecar_gets_its_environment_and_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOOTSTRAP_TIMEOUT", "1")
    command = (sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))")
    with sets.LocalStatefulSet(2, needs.any_server(), zone_of=lambda n: f"zone-{n}") as app:
        sidecar = app[1].start_sidecar(command=command, env={"BOOTSTRAP_SIZE": None, "X": "y"})
        assert sidecar.wait(timeout=20) == 0, sidecar.errors()
        (got,) = sidecar.log()
        assert got["POD_NAME"] == "redis-app-1"
        assert got["POD_IP"] == got["BOOTSTRAP_REDIS_HOST"] == app[1].address
        assert (got["BOOTSTRAP_ZONE"], got["X"]) == ("zone-1", "y")
        assert not {"BOOTSTRAP_TIMEOUT", "BOOTSTRAP_SIZE", "NODE_NAME"} & got.keys()


def test_addresses_are_claimed_once_and_differ_for_hundreds_of_pods() -> None:
    one, two = addresses.Addresses("same"), addresses.Addresses("same")
    given = [
        *(book.of(ordinal) for book in (one, two) for ordinal in range(250)),
        *(book.fresh() for book in (one, two) for _ in range(500)),
        one.nameserver,
        two.nameserver,
    ]
    assert len(set(given)) == len(given)
    one.release()
    assert addresses.Addresses("same").nameserver == one.nameserver


# Cleanup


def test_closing_the_set_leaves_nothing_behind() -> None:
    with sets.LocalStatefulSet(2, needs.any_server()) as app:
        app.start_servers()
        app[0].start_sidecar(command=SLEEP)
        app[1].start_sidecar(command=SLEEP).pause()
        pids = pids_of(app)
        assert all(map(alive, pids))
    assert not any(map(alive, pids))
    assert not app.folder.exists()


OWNER = """
    import json, sys, threading
    from tests import test_local_statefulset as test
    from tests.statefulset import needs, sets
    with sets.LocalStatefulSet(2, needs.any_server()) as app:
        # From a thread that ends: the children must not end with it.
        starter = threading.Thread(target=app.start_servers)
        starter.start()
        starter.join()
        app[0].start_sidecar(command=test.SLEEP)
        print(json.dumps([str(app.folder), test.pids_of(app)]), flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_an_owner_that_is_killed(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER)],
        cwd=servers.REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as owner:
        assert owner.stdout is not None
        folder, pids = json.loads(owner.stdout.readline())
        assert len(pids) == 3
        assert all(map(alive, pids))
        os.kill(owner.pid, number)
        owner.wait(timeout=10)
    process.wait_for(lambda: not any(map(alive, pids)), 10, "the children have ended")
    # After SIGKILL nobody was there to remove it: the next set does, a minute later.
    assert Path(folder).exists() == (number == signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
