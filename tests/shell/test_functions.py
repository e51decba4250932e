"""Functions go from one server to another; no plan and no log sees them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from bootstrap.config import secret
from bootstrap.model.actions import RestoreFunctions
from bootstrap.model.view import View
from bootstrap.redis import connection
from bootstrap.run import apply
from tests.shell import listeners
from tests.shell.test_node_read import access, connected
from tests.statefulset import needs, pod, sets

CODE = """#!lua name={name}
redis.register_function('{name}', function() return '\xff\xfe' end)
"""
RESTORES = RestoreFunctions(pod="new", source="old", why="a test")
LESS = connection.Access(
    credentials=secret.Credentials("bootstrap", secret.Secret("secret")), timeout=10.0
)


@contextlib.contextmanager
def two(name: str) -> Iterator[tuple[pod.Pod, pod.Pod]]:
    with sets.LocalStatefulSet(2, needs.server(name)) as app:
        app.start_servers()
        yield app[0], app[1]


def load(one: pod.Pod, name: str = "mylib") -> None:
    one.ask("FUNCTION", "LOAD", CODE.format(name=name))


def restored(
    old: pod.Pod | int, new: pod.Pod, how: connection.Access | None = None
) -> tuple[apply.Outcome, View]:
    """What comes of it, and what the new node says then."""

    async def ask() -> tuple[apply.Outcome, View]:
        async with connected(old, how) as giver, connected(new, how) as taker:
            await taker.read()
            (outcome,) = await apply.apply((RESTORES,), {"old": giver, "new": taker}.get)
            seen = await taker.read()
            assert isinstance(seen, View)
            return outcome, seen

    return asyncio.run(ask())


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.2"])
def test_a_node_gets_the_functions_of_another(name: str) -> None:
    with two(name) as (old, new):
        load(old)
        load(old, "other")
        outcome, seen = restored(old, new)
        assert (outcome.refused, seen.libraries) == (None, 2)
        assert new.ask("FCALL", "mylib", 0) == old.ask("FCALL", "mylib", 0)


def test_nothing_is_replaced() -> None:
    """Not even the libraries that are not there come then."""
    with two("valkey-9.1") as (old, new):
        for name in ("mylib", "other"):
            load(old, name)
        load(new)
        outcome, seen = restored(old, new)
        assert "already exists" in str(outcome.refused)
        assert (outcome.pod, seen.libraries) == ("new", 1)


@pytest.mark.parametrize(("right", "where"), [("dump", "old"), ("restore", "new")])
@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.2"])
def test_a_right_less(name: str, right: str, where: str) -> None:
    """The server that refuses is named, and the right."""
    both = {"+function|dump", "+function|restore"}
    with two(name) as (old, new):
        load(old)
        for one in (old, new):
            rights = ["+info", "+cluster", "+config|get", "+replconf", "+psync"]
            rights += sorted(both - {f"+function|{right}"})
            one.ask("ACL", "SETUSER", "bootstrap", "on", ">secret", *rights)
        outcome, seen = restored(old, new, LESS)
        assert (outcome.pod, outcome.forbidden, outcome.answered) == (where, True, True)
        assert f"ACL SETUSER bootstrap '+function|{right}'" in str(outcome.refused)
        assert seen.libraries == 0


def test_the_other_server_does_not_answer() -> None:
    with two("valkey-9.1") as (_, new):

        async def gone() -> apply.Outcome:
            async with connected(new) as taker:
                (outcome,) = await apply.apply((RESTORES,), {"new": taker}.get)
                return outcome

        assert asyncio.run(gone()).refused == "its node is gone"

        async def deaf() -> apply.Outcome:
            async with listeners.hanging_up() as port:
                pass
            async with connected(port, access()) as giver, connected(new) as taker:
                nodes = {"old": giver, "new": taker}
                (outcome,) = await apply.apply((RESTORES,), nodes.get)
                return outcome

        assert "no connection" in str(asyncio.run(deaf()).refused)
