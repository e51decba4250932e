"""A password is replaced under a cluster that runs: the file changes, and nobody restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import config, oracle, sets, users

OLD, NEW, NEXT = users.PASSWORD, "s3cret-new", "s3cret-next"
GIVEN: Final[config.Settings] = {"cluster-node-timeout": 4000, **users.only()}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The password's file, as a Secret that is mounted."""
    path = tmp_path / "password"
    path.write_text(OLD)
    return path


@pytest.fixture(params=keeping.SERVERS)
def formed(request: pytest.FixtureRequest, file: Path) -> Iterator[sets.LocalStatefulSet]:
    env = {
        "BOOTSTRAP_NODE_TIMEOUT": "4000",
        "BOOTSTRAP_INTERVAL": "300ms",
        "BOOTSTRAP_REDIS_USERNAME": users.SIDECAR,
        "BOOTSTRAP_REDIS_PASSWORD_FILE": str(file),
    }
    with keeping.formed(request.param, server_config=GIVEN, sidecar_env=env) as app:
        yield app


def accept(app: sets.LocalStatefulSet, *words: str) -> None:
    """On every server: `>password` lets it in, `<password` does so no more."""
    for one in app.pods:
        one.ask("ACL", "SETUSER", users.SIDECAR, *words)


def replace(file: Path, password: str) -> None:
    fresh = file.with_name("fresh")
    fresh.write_text(password)
    fresh.replace(file)


def wait_used_by_servers(app: sets.LocalStatefulSet, password: str) -> None:
    def used() -> set[str]:
        return {one.ask("CONFIG", "GET", "masterauth")[1] for one in app.pods}

    forming.until(lambda: used() == {password}, used)


def cut(app: sets.LocalStatefulSet) -> None:
    """Whoever came in by an old password, server or sidecar, has to come in again."""
    for one in app.pods:
        one.ask("CLIENT", "KILL", "USER", users.SIDECAR)


def wait_linked(app: sets.LocalStatefulSet) -> None:
    oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
    forming.wait_ready(app.pods)
    assert not keeping.missing_keys(app)


def test_both_are_accepted_meanwhile(formed: sets.LocalStatefulSet, file: Path) -> None:
    """As the documentation says it: servers take both, the file changes, servers take the new."""
    pids = [one.sidecar.pid for one in formed.pods]
    accept(formed, f">{NEW}")
    replace(file, NEW)
    wait_used_by_servers(formed, NEW)
    accept(formed, f"<{OLD}")
    cut(formed)
    wait_linked(formed)
    assert [one.sidecar.pid for one in formed.pods] == pids
    assert all(one.sidecar.running for one in formed.pods)
    warned = [entry for one in formed.pods for entry in one.sidecar.log()]
    assert [entry for entry in warned if entry["level"] != "info"] == []


@pytest.mark.usually("redis-8.2")
def test_a_file_that_is_ahead_of_the_servers(formed: sets.LocalStatefulSet, file: Path) -> None:
    """The old one goes on to work, also for who has to come in anew; and the new one is tried."""
    replace(file, NEW)
    forming.until(
        lambda: all(
            "is not accepted" in str(forming.events(one, "password")) for one in formed.pods
        ),
        lambda: [forming.events(one, "password") for one in formed.pods],
    )
    cut(formed)
    wait_linked(formed)
    wait_used_by_servers(formed, OLD)
    accept(formed, f">{NEW}", f"<{OLD}")
    wait_used_by_servers(formed, NEW)
    cut(formed)
    wait_linked(formed)


@pytest.mark.usually("redis-7.0")
def test_one_after_another(formed: sets.LocalStatefulSet, file: Path) -> None:
    """Nothing of the first is left behind when the third comes."""
    for before, after in ((OLD, NEW), (NEW, NEXT)):
        accept(formed, f">{after}")
        replace(file, after)
        wait_used_by_servers(formed, after)
        accept(formed, f"<{before}")
    cut(formed)
    wait_linked(formed)


def test_without_users(tmp_path: Path, file: Path) -> None:
    """`requirepass` is the password of the user called default, who may have two as well."""
    env = {
        "BOOTSTRAP_INTERVAL": "300ms",
        "BOOTSTRAP_REDIS_PASSWORD_FILE": str(file),
    }
    with keeping.formed("redis-7.0", server_config={"requirepass": OLD}, sidecar_env=env) as app:
        for one in app.pods:
            one.ask("ACL", "SETUSER", "default", f">{NEW}")
        replace(file, NEW)
        wait_used_by_servers(app, NEW)
        for one in app.pods:
            with one.client(password=NEW) as client:
                client.execute_command("ACL", "SETUSER", "default", f"<{OLD}")
                client.execute_command("CLIENT", "KILL", "TYPE", "replica")
                client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

        def linked() -> list[str]:
            found = []
            for one in app.pods[3:]:
                with one.client(password=NEW) as client:
                    found.append(client.info("replication")["master_link_status"])
            return found

        forming.until(lambda: linked() == ["up"] * 3, linked)
        forming.wait_ready(app.pods)
