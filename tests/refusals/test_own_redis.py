"""The pod's own Redis is not as it should be: nothing else is even looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.refusals import asking, dumps, stubs
from tests.statefulset import needs, process, sets

RIGHT, WRONG = f"{asking.SECRET}-right", f"{asking.SECRET}-wrong"

CREDENTIALS: Mapping[str, tuple[str, Mapping[str, str], tuple[str, ...]]] = {
    "missing": (
        RIGHT,
        {},
        ("it wants a password, and the sidecar sends none", "BOOTSTRAP_REDIS_PASSWORD"),
    ),
    "wrong": (
        RIGHT,
        {"BOOTSTRAP_REDIS_PASSWORD": WRONG},
        (
            "it does not accept the sidecar's user and password",
            "BOOTSTRAP_REDIS_PASSWORD",
            "requirepass",
        ),
    ),
    "newline": (
        RIGHT,
        {"BOOTSTRAP_REDIS_PASSWORD": f"{RIGHT}\n"},
        ("it does not accept", "the value of BOOTSTRAP_REDIS_PASSWORD ends in a newline"),
    ),
    "quotes": (
        RIGHT,
        {"BOOTSTRAP_REDIS_PASSWORD": f'"{RIGHT}"'},
        ("it does not accept", "the value of BOOTSTRAP_REDIS_PASSWORD is enclosed in quotes"),
    ),
    "wrong user": (
        RIGHT,
        {"BOOTSTRAP_REDIS_PASSWORD": RIGHT, "BOOTSTRAP_REDIS_USERNAME": "nobody"},
        ("it does not accept the sidecar's user and password", "ACL of the user nobody"),
    ),
    "not wanted": (
        "",
        {"BOOTSTRAP_REDIS_PASSWORD": RIGHT},
        (
            "it has no password, and the sidecar sends one",
            "BOOTSTRAP_REDIS_PASSWORD",
            "requirepass",
        ),
    ),
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_password(case: str) -> None:
    requirepass, env, says = CREDENTIALS[case]
    config = {"requirepass": requirepass}
    with sets.LocalStatefulSet(1, needs.any_server(), server_config=config) as app:
        app.start_servers()
        env = {**env, "BOOTSTRAP_SIZE": "6"}
        says = ("redis-app-0", f"Redis at {app[0].address}:6379 to let the sidecar in", *says)
        failed = asking.FAILED
        asking.refused(app[0], app.pods, dry=failed, once=failed, says=says, env=env)


def test_an_aclfile_beats_requirepass(tmp_path: Path) -> None:
    """Both places are named: CONFIG GET goes on showing the requirepass that does not count."""
    users = tmp_path / "users.acl"
    users.write_text(f"user default on >{RIGHT} ~* &* +@all\n")
    config = {"requirepass": RIGHT, "aclfile": str(users)}
    with sets.LocalStatefulSet(1, needs.any_server(), server_config=config) as app:
        app.start_servers()
        with app[0].client() as client:
            users.write_text(f"user default on >{WRONG} ~* &* +@all\n")
            client.execute_command("ACL", "LOAD")
        env = {"BOOTSTRAP_SIZE": "6", "BOOTSTRAP_REDIS_PASSWORD": RIGHT}
        shown = asking.ask(app[0], "--dry-run", env=env)
        assert shown.status == asking.FAILED, shown
        says = (
            "it does not accept the sidecar's user and password",
            "requirepass",
            "CONFIG GET aclfile",
        )
        assert all(one in shown.text for one in says), shown


def test_a_file_with_more_than_a_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{RIGHT}\n\n")
    with sets.LocalStatefulSet(1, needs.any_server(), server_config={"requirepass": RIGHT}) as app:
        app.start_servers()
        env = {"BOOTSTRAP_SIZE": "6", "BOOTSTRAP_REDIS_PASSWORD_FILE": str(file)}
        says = (f"the password in {file}, less one newline at its end, ends in a newline",)
        failed = asking.FAILED
        asking.refused(app[0], app.pods, dry=failed, once=failed, says=says, env=env)


def test_a_password_file_is_read_again(tmp_path: Path) -> None:
    """It goes on waiting, and goes on for real when the file is put right."""
    file = tmp_path / "password"
    file.write_text(WRONG)
    config = {"requirepass": RIGHT}
    with sets.LocalStatefulSet(
        1, needs.any_server(), server_config=config, replicas_per_shard=0
    ) as app:
        app.start_servers()
        app[0].start_sidecar(
            ["--once"],
            env={
                "BOOTSTRAP_REDIS_PASSWORD_FILE": str(file),
                "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true",
            },
        )
        asking.wait_said(app[0], ["it does not accept the sidecar's user and password"])
        file.write_text(RIGHT)
        answer = asking.answer(app[0].sidecar)
        assert answer.status == asking.REACHED, answer


def test_a_user_who_may_not(blank: sets.LocalStatefulSet) -> None:
    blank[0].ask("ACL", "SETUSER", "bob", "on", f">{RIGHT}", "+ping", "+config|get")
    env = {"BOOTSTRAP_REDIS_USERNAME": "bob", "BOOTSTRAP_REDIS_PASSWORD": RIGHT}
    says = ("redis-app-0", "no permissions", "'info'", "ACL SETUSER bob ")
    failed = asking.FAILED
    asking.refused(blank[0], blank.pods, dry=failed, once=failed, says=says, env=env)


def test_not_in_cluster_mode(bare: sets.LocalStatefulSet) -> None:
    bare[0].start_server({"cluster-enabled": "no"})
    bare.start_servers()
    says = ("redis-app-0", "not in cluster mode", "expected cluster-enabled yes", "in redis.conf")
    blocked = asking.BLOCKED
    asking.refused(bare[0], bare.pods, dry=blocked, once=blocked, says=says)


def test_version_that_is_not_supported(bare: sets.LocalStatefulSet) -> None:
    """With a stub in the old server's place."""
    says = ("redis-app-0", "expected 6.2 or later", f"saw {stubs.VERSION}", "use redis 6.2")
    blocked = asking.BLOCKED
    with stubs.old(bare[0]):
        asking.refused(bare[0], bare.pods[1:], dry=blocked, once=blocked, says=says)


def test_port_closed(bare: sets.LocalStatefulSet) -> None:
    says = (
        "redis-app-0",
        "6379 to answer",
        "Connection refused",
        "kubectl logs redis-app-0 -n default",
    )
    failed = asking.FAILED
    asking.refused(bare[0], bare.pods, dry=failed, once=failed, says=says)


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.2"])
def test_loading_for_long(name: str) -> None:
    """A node that reads its data is not empty, even where CLUSTER NODES is answered meanwhile.

    (Redis 6.2 cannot be made to read slowly enough: it lacks a setting for that.)
    """
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        dumps.load_slowly(app[0])
        says = ("redis-app-0", "LOADING", "not an empty node", "INFO persistence")
        env, failed = {"BOOTSTRAP_SIZE": "6"}, asking.FAILED
        asking.refused(app[0], app.pods, dry=failed, once=failed, says=says, env=env)
        assert app[0].ask("INFO")["loading"] == 1
        app[0].ask("CONFIG", "SET", "key-load-delay", 0)
        process.wait_for(lambda: app[0].ask("INFO")["loading"] == 0, asking.LONG, "it has loaded")
        assert app[0].ask("DBSIZE") == dumps.KEYS
