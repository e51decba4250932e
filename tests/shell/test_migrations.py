"""Slot migrations as servers list them: on both sides, running and ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from bootstrap.config import secret
from bootstrap.model import migration
from bootstrap.model.view import View
from bootstrap.redis import login, node
from tests.formation import forming
from tests.statefulset import needs, pod, sets, users

SLOTS = ((0, 100), (200, 200))
LONG = 30.0


def look(where: pod.Pod, how: login.Access | None = None) -> View:
    """What the sidecar sees of one node, in the second of two looks over one connection."""

    async def twice() -> View:
        access = how or login.Access(credentials=secret.Credentials(), timeout=10.0)
        one = node.Node(where.address, where.port, access)
        try:
            first, second = await one.read(), await one.read()
        finally:
            await one.close()
        assert isinstance(first, View)
        assert isinstance(second, View)
        assert first.migrations_hidden == second.migrations_hidden
        return second

    return asyncio.run(twice())


def migrating(where: pod.Pod) -> bool:
    """Whether slots move, as the sidecar asks between two looks."""

    async def ask() -> bool:
        access = login.Access(credentials=secret.Credentials(), timeout=10.0)
        one = node.Node(where.address, where.port, access)
        try:
            assert await one.migrating(), "not known before a look"
            await one.read()
            return await one.migrating()
        finally:
            await one.close()

    return asyncio.run(ask())


@contextlib.contextmanager
def met(name: str) -> Iterator[tuple[pod.Pod, pod.Pod]]:
    """An owner of all slots with keys in some of them, and an empty primary that it knows."""
    config = {"enable-debug-command": "local"}
    with sets.LocalStatefulSet(2, needs.server(name), server_config=config) as app:
        app.start_servers()
        source, target = app.pods
        source.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        target.ask("CLUSTER", "MEET", source.address, source.port)
        forming.until(
            lambda: all("cluster_state:ok" in _info(one) for one in app.pods),
            lambda: [_info(one) for one in app.pods],
        )
        source.ask("DEBUG", "POPULATE", 30000, "key", 100)
        yield source, target


def _info(one: pod.Pod) -> str:
    return str(one.ask("CLUSTER", "INFO"))


def begin(source: pod.Pod, target: pod.Pod, *, slow: bool = False) -> None:
    """Let servers move the slots; slowly: the snapshot then takes a minute."""
    source.ask("CONFIG", "SET", "rdb-key-save-delay", 200_000 if slow else 0)
    numbers = [number for span in SLOTS for number in span]
    if source.server.valkey:
        source.ask("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *numbers, "NODE", target.node_id())
    else:
        target.ask("CLUSTER", "MIGRATION", "IMPORT", *numbers)


def listed(one: pod.Pod) -> migration.Migration:
    """The newest migration that a node lists."""
    return look(one).migrations[0]


def wait(one: pod.Pod, state: migration.State) -> None:
    forming.until(lambda: listed(one).state is state, lambda: look(one).migrations)


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.10"])
def test_both_sides_tell_of_a_migration_and_of_its_end(name: str) -> None:
    with met(name) as (source, target):
        assert look(source).way is (
            migration.Way.PUSH if source.server.valkey else migration.Way.PULL
        )
        assert look(source).migrations == look(target).migrations == ()
        assert not migrating(source)
        begin(source, target, slow=True)
        forming.until(lambda: bool(look(source).migrations), lambda: look(target).migrations)
        for one in (source, target):
            found = listed(one)
            assert found.running, found
            assert migrating(one)
            assert found.ranges == SLOTS
            assert (found.source_id, found.target_id) == (source.node_id(), target.node_id())
            assert 0.0 <= found.seconds < LONG
        assert listed(source).job == listed(target).job
        if source.server.valkey:
            source.ask("CLUSTER", "CANCELSLOTMIGRATIONS")
            wait(source, migration.State.CANCELLED)
            wait(target, migration.State.FAILED)
            assert "Connection lost to source" in listed(target).message
        else:
            target.ask("CLUSTER", "MIGRATION", "CANCEL", "ALL")
            wait(target, migration.State.CANCELLED)
            wait(source, migration.State.FAILED)
            assert "disconnected" in listed(source).message
        begin(source, target)
        wait(source, migration.State.DONE)
        wait(target, migration.State.DONE)
        assert look(target).myself.slots == SLOTS
        assert listed(source).state is migration.State.DONE
        assert not migrating(source)
        assert not migrating(target)


@pytest.mark.parametrize("name", ["valkey-8.1", "redis-8.2", "redis-7.0", "redis-6.2"])
def test_older_servers_move_no_slots_by_themselves(name: str) -> None:
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        seen = look(app[0])
        assert (seen.way, seen.migrations, seen.migrations_hidden) == (None, (), "")


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.10"])
def test_without_a_wish_redis_is_asked_while_slots_move(name: str) -> None:
    how = login.Access(credentials=secret.Credentials(), migrations=False, timeout=10.0)
    with met(name) as (source, target):
        assert look(source, how).migrations == ()
        begin(source, target, slow=True)
        # A source that is asked to give lists the move once the target has come to it.
        forming.until(
            lambda: any(one.running for one in look(source).migrations),
            lambda: look(source).migrations,
        )
        assert bool(look(source, how).migrations) is not source.server.valkey


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.10"])
@pytest.mark.parametrize("asked", [True, False])
def test_a_user_without_the_right(name: str, asked: bool) -> None:
    """It is told why nothing is seen. Who does not need them does not ask, and leaves no trace."""
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        app[0].ask("ACL", "SETUSER", "bootstrap", "on", ">secret", *users.RIGHTS)
        how = login.Access(
            credentials=secret.Credentials("bootstrap", secret.Secret("secret")),
            migrations=asked,
            timeout=10.0,
        )
        seen = look(app[0], how)
        assert (
            "NOPERM" in seen.migrations_hidden or "permission" in seen.migrations_hidden
        ) is asked
        assert bool(app[0].ask("ACL", "LOG")) is asked
