"""I6: where all is well nothing is written, nobody else is spoken to, and DNS is left alone.

MONITOR hears commands on keys, but none that are for administrators (on 6.2 not even CLUSTER), and
those are what a sidecar writes with. So every node forbids all but the reads as well: its ACL LOG
would hold each attempt.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
import redis.exceptions

from tests.formation import forming, monitor
from tests.statefulset import needs, oracle, pod, servers, sets

READS = {
    ("info",),
    ("cluster", "info"),
    ("cluster", "links"),
    ("cluster", "nodes"),
    ("config", "get"),
}
"""All that an idle sidecar may ask, without arguments. Whatever else comes is a write."""
ALLOWED = (
    *("+" + "|".join(words) for words in READS),
    *("+ping", "+psync", "+replconf"),  # What replicas send to their primaries.
)
TESTER = {"username": "tester", "password": "tester"}
OFTEN = {"BOOTSTRAP_INTERVAL": "1", "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"}
TICKS = 6
"""Looks of a healthy sidecar in a minute, by default."""


@contextlib.contextmanager
def healthy(
    name: str, size: int, replicas: int, env: dict[str, str]
) -> Iterator[sets.LocalStatefulSet]:
    """Pods that have formed, and whose sidecars all know it."""
    server = needs.server(name)
    with (
        sets.LocalStatefulSet(size, server, replicas_per_shard=replicas, sidecar_env=env) as app,
        forming.told(app),
    ):
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        forming.wait_formed(app, settings, replicas_per_shard=replicas)
        forming.wait_ready(app.pods)
        forming.until(
            lambda: all(forming.phase(one) == "steady" for one in app.pods),
            lambda: {one.name: forming.phase(one) for one in app.pods},
        )
        yield app


def looks(app: sets.LocalStatefulSet) -> list[float]:
    """How often each sidecar has looked."""
    return [forming.metric(one, "bootstrap_ticks_total") for one in app.pods]


def forbid_writes(one: pod.Pod) -> None:
    """Leave nothing but reads to who logs in as the sidecar does."""
    everything = ("on", f">{TESTER['password']}", "+@all", "~*")
    # Without driver_info the client would say which library it is, and MONITOR would hear that.
    with one.client(driver_info=None) as client:
        client.execute_command("ACL", "SETUSER", TESTER["username"], *everything)
        client.execute_command("ACL", "SETUSER", one.spec.follower, "-@all", *ALLOWED)


def attempts(one: pod.Pod) -> list[str]:
    """What was tried all the same."""
    with one.client(**TESTER) as client:
        return [str(entry["object"]) for entry in client.acl_log()]


def assert_only_read(app: sets.LocalStatefulSet, heard: list[list[monitor.Command]]) -> None:
    """Whoever asked. Only a primary's own signs of life to its replicas are none of ours."""
    addresses = {one.address for one in app.pods}
    for one, commands in zip(app.pods, heard, strict=True):
        assert attempts(one) == []
        for command in commands:
            alive = command.words in {("ping",), ("replconf", "getack", "*")}
            if alive and command.source.partition(":")[0] in addresses:
                continue
            if command.words[0] == "auth":
                continue  # the test's own questions, where servers have users
            first = command.words[:1] if command.words[0] == "info" else command.words[:2]
            assert first in READS, f"{one.name} was asked {command}"


@pytest.mark.parametrize(
    ("name", "size", "replicas"),
    [
        ("valkey-9.1", 24, 1),
        ("redis-6.2", 3, 0),
        ("valkey-8.1", 6, 1),
        ("redis-8.2", 6, 1),
        ("redis-7.0", 6, 1),
    ],
)
def test_a_minute_of_looks_leaves_no_trace(name: str, size: int, replicas: int) -> None:
    with healthy(name, size, replicas, OFTEN) as app, contextlib.ExitStack() as stack:
        before = looks(app)
        # A look that was under way may still have asked for what it did not yet know.
        forming.until(lambda: all_beyond(looks(app), before, 1), app.report)
        before, questions = looks(app), len(app.names.questions)
        monitors = [stack.enter_context(monitor.Monitor(one)) for one in app.pods]
        for one in app.pods:
            forbid_writes(one)
        forming.until(lambda: all_beyond(looks(app), before, TICKS), lambda: (looks(app), before))
        assert_only_read(app, [one.commands() for one in monitors])
        assert app.names.questions[questions:] == []
        for one in app.pods:
            assert monitor.connections(one.sidecar.pid) <= {f"{one.address}:{one.port}"}


def all_beyond(now: list[float], before: list[float], ticks: int) -> bool:
    return all(late - early >= ticks for late, early in zip(now, before, strict=True))


@pytest.mark.enumerates
def test_a_real_minute_as_it_is_by_default_leaves_no_trace() -> None:
    with healthy("valkey-9.1", 6, 1, {}) as app, contextlib.ExitStack() as stack:
        begun = looks(app)
        forming.until(lambda: all_beyond(looks(app), begun, 1), app.report)
        monitors = [stack.enter_context(monitor.Monitor(one)) for one in app.pods]
        for one in app.pods:
            forbid_writes(one)
        before, questions = looks(app), len(app.names.questions)
        time.sleep(60.0)  # That is the case.
        assert all_beyond(looks(app), before, 4)  # 10 s each, jittered, on a busy machine.
        assert_only_read(app, [one.commands() for one in monitors])
        assert app.names.questions[questions:] == []
        assert forming.metric(app[0], "bootstrap_errors_total") == 0


@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_write_would_be_noticed(name: str) -> None:
    """What listens for silence must be able to hear."""
    needs.insecurity("it is about the test, which then has a user of its own")
    with sets.LocalStatefulSet(1, needs.server(name), replicas_per_shard=0) as app:
        app.start_servers()
        with monitor.Monitor(app[0]) as listening:
            with app[0].client(driver_info=None) as client:
                client.execute_command("FLUSHALL")
            heard = listening.commands()
        forbid_writes(app[0])
        with pytest.raises(AssertionError, match="'flushall'"):
            assert_only_read(app, [heard])
        with app[0].client(driver_info=None) as client:
            new = {("cluster", "links")} if app[0].server.version < (7, 0, 0) else set()
            for words in READS - new:
                client.execute_command(*words, *(["*"] if words == ("config", "get") else []))
            assert attempts(app[0]) == []
            for words in (("CONFIG", "SET", "timeout", "0"), ("CLUSTER", "MEET", "127.0.0.1", "1")):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    client.execute_command(*words)
                assert attempts(app[0])[0].startswith(words[0].lower())
