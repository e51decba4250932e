"""A primary on a volume that is full: it is told, no command ends it, and it hands over unhurt."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import redis.exceptions

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import config, needs, oracle, pod, process, sets, writer

SERVERS: Final = ("redis-7.0", "redis-8.2", "valkey-8.1", "valkey-9.1")
KIB: Final = 1024
STORING: Final[config.Settings] = {
    # With `always` a server ends itself at the first write that fails.
    "appendonly": "yes",
    "appendfsync": "everysec",
    "auto-aof-rewrite-percentage": 0,
}


@pytest.fixture(autouse=True)
def _may_mount() -> None:
    if os.geteuid():
        pytest.skip("only root may mount a small volume")


@contextlib.contextmanager
def small(folder: Path) -> Iterator[None]:
    """A volume of 400 KiB in a pod's place for data."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def formed(name: str, *, seen: bool) -> Iterator[sets.LocalStatefulSet]:
    """A set whose pod 0, a primary, has a small volume, which its sidecar sees or not."""
    server = needs.server(name)
    with (
        sets.LocalStatefulSet(6, server, server_config=STORING, sidecar_env=roles.SHORT) as app,
        forming.told(app),
        small(app[0].data),
    ):
        try:
            app.start_servers()
            for one in app.pods:
                one.start_sidecar(env={"BOOTSTRAP_DATA_DIR": str(one.data)} if seen else {})
            roles.wait_formed(app)
            keeping.write(app)
            yield app
        finally:
            process.stop_all([one.process for one in app.pods if one.process], grace=0.0)


def fill(one: pod.Pod) -> None:
    """Leave no byte of the volume, and wait until the server has noticed."""
    with contextlib.suppress(OSError), (one.data / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)
    number = 0

    def noticed() -> bool:
        nonlocal number
        number += 1
        with contextlib.suppress(redis.exceptions.ResponseError):
            one.ask("SET", f"{{{TAG}}}-{number}", "x" * 4096)
        return str(one.ask("INFO", "persistence")["aof_last_write_status"]) == "err"

    forming.until(noticed, one.server_tail)


TAG: Final = "t2"
"""A tag of the first shard's (slot 4748), for keys that fill its volume."""


@pytest.mark.parametrize("seen", [True, False], ids=["volume-seen", "volume-unseen"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_full_primary_is_told_and_hands_over(name: str, *, seen: bool) -> None:
    """The mark would have been the first thing to be saved, and the end of the server."""
    with formed(name, seen=seen) as app:
        primary, (replica,) = app[0], roles.replicas(app, app[0])
        where = [(one.address, one.port) for one in app.pods if one is not primary]
        with writer.Writer(lambda: where, access=app[1].access) as client:
            client.wait_for(100)
            fill(primary)
            told = {"writes-refused", "volume-full"} if seen else {"writes-refused"}
            forming.until(
                lambda: alarms(primary) == told,
                lambda: (alarms(primary), primary.http("/statusz")[1]),
            )
            status, text = roles.beside(app[5], "status")
            assert status == 2, text
            assert f"writes-refused: {primary.name}: its append-only file" in text
            assert forming.answers(primary)[0] == 200
            assert "writes-refused: " in forming.answers(primary)[1]
            assert primary.running
            status, text = roles.hand_over(primary)
            assert (status, text.split(" over slots ")[0]) == (
                200,
                f"done: {replica.name} has taken",
            ), text
            primary.kill_server()
            client.wait_for(100)
            client.stop()
            assert client.lost() == set()
        assert roles.primary_id(replica) is None
        assert not keeping.missing_keys(app)
        # With room it comes back, as a replica.
        (primary.data / "ballast").unlink()
        primary.start_server()
        primary.wait_server_up()
        roles.wait_healthy(app)


def alarms(one: pod.Pod) -> set[str]:
    """Codes of the faults that the pod's sidecar tells by its metrics."""
    lines = one.http("/metrics")[1].splitlines()
    return {line.split('"')[1] for line in lines if line.startswith("bootstrap_alarm{")}


@pytest.mark.parametrize("name", SERVERS[1::2])
def test_no_setting_and_no_meeting_ends_a_full_server(name: str) -> None:
    """Its sidecar is restarted, its name is taken away, a peer moves: it goes on serving."""
    with formed(name, seen=True) as app:
        full = app[0]
        full.stop_sidecar()
        full.ask("CONFIG", "SET", "cluster-announce-hostname", "")
        fill(full)
        full.start_sidecar(env={"BOOTSTRAP_DATA_DIR": str(full.data)})
        forming.until(
            lambda: "a nodes.conf that can be written" in forming.answers(full, "/statusz")[1],
            lambda: forming.answers(full, "/statusz"),
        )
        time.sleep(3.0)  # Time in which something wrong could be done.
        assert full.running, full.server_tail()
        (full.data / "ballast").unlink()
        forming.until(
            lambda: full.fqdn in full.cluster_nodes(), lambda: forming.answers(full, "/statusz")
        )
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
