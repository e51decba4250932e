"""Keys in slots that a server does not own: how many there are, whatever the server hides."""

from __future__ import annotations

import asyncio

import pytest

from bootstrap.config import secret
from bootstrap.redis import connection
from tests.formation import forming
from tests.shell import listeners
from tests.shell.test_node_read import access, connected
from tests.statefulset import needs, pod, sets


def strays(where: pod.Pod | int, how: connection.Access | None = None) -> int | str:
    async def ask() -> int | str:
        async with connected(where, how or access()) as one:
            return await one.strays()

    return asyncio.run(ask())


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.10"])
def test_keys_that_a_move_left_are_counted(name: str) -> None:
    """A slot is closed half way: redis 8.10 shows none of its keys then."""
    with sets.LocalStatefulSet(2, needs.server(name)) as app:
        app.start_servers()
        source, target = app.pods
        source.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16382)
        target.ask("CLUSTER", "ADDSLOTSRANGE", 16383, 16383)
        target.ask("CLUSTER", "MEET", source.address, source.port)
        forming.until(
            lambda: all("cluster_state:ok" in str(one.ask("CLUSTER", "INFO")) for one in app.pods),
            lambda: [one.cluster_nodes() for one in app.pods],
        )
        slot = int(source.ask("CLUSTER", "KEYSLOT", "{moved}"))
        for number in range(5):
            source.ask("SET", f"{{moved}}{number}", "x")
        assert (strays(source), strays(target)) == (0, 0)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.node_id())
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.node_id())
        keys = [f"{{moved}}{number}" for number in range(3)]
        source.ask("MIGRATE", target.address, target.port, "", 0, 5000, "KEYS", *keys)
        for one in app.pods:
            one.ask("CLUSTER", "SETSLOT", slot, "STABLE")
        assert (strays(source), strays(target)) == (0, 3)


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.10"])
def test_a_user_without_the_right(name: str) -> None:
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        app[0].ask("ACL", "SETUSER", "bootstrap", "on", ">secret", "+info")
        how = connection.Access(
            credentials=secret.Credentials("bootstrap", secret.Secret("secret")), timeout=10.0
        )
        assert "ACL SETUSER bootstrap '+cluster|slot-stats'" in str(strays(app[0], how))


def test_a_server_that_does_not_answer() -> None:
    async def free() -> int:
        async with listeners.hanging_up() as port:
            return port

    assert "no connection" in str(strays(asyncio.run(free())))
