"""Reading one node: a view, or one trouble with what was seen; never an exception."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from bootstrap.config import secret
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.redis import connection, node, views
from tests.shell import listeners
from tests.statefulset import needs, pod, servers, sets, users

LESS = tuple(one for one in users.RIGHTS if one != "+cluster|shards")
MATRIX = ("redis-7.0", "redis-8.2", "valkey-8.1", "valkey-9.1")
QUICK = 0.3
"""Seconds that are granted where no answer comes."""


def access(
    password: str | None = None, *, user: str | None = None, timeout: float = 10.0
) -> connection.Access:
    hidden = secret.Secret(password) if password else None
    return connection.Access(credentials=secret.Credentials(user, hidden), timeout=timeout)


@contextlib.asynccontextmanager
async def connected(
    where: pod.Pod | int, how: connection.Access | None = None
) -> AsyncIterator[node.Node]:
    """A node behind a pod's address, or behind a local port."""
    address, port = ("127.0.0.1", where) if isinstance(where, int) else (where.address, where.port)
    one = node.Node(address, port, how or access())
    try:
        yield one
    finally:
        await one.close()


def read(where: pod.Pod, how: connection.Access | None = None) -> View | Unreachable:
    async def look() -> View | Unreachable:
        async with connected(where, how) as one:
            return await one.read()

    return asyncio.run(look())


@pytest.fixture(scope="module")
def blank() -> Iterator[pod.Pod]:
    """A new node, which no test here changes."""
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        app.start_servers()
        yield app[0]


# Servers


@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_new_node_is_viewed_the_same_at_the_first_and_at_later_looks(name: str) -> None:
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()

        async def twice() -> list[View | Unreachable]:
            async with connected(app[0]) as one:
                return [await one.read(), await one.read()]

        first, second = asyncio.run(twice())
        assert isinstance(first, View)
        assert isinstance(second, View)
        assert first.blank
        assert first.node_id == second.node_id == app[0].node_id()
        assert first.version == second.version == app[0].server.version
        assert first.product == ("valkey" if app[0].server.valkey else "redis")
        assert first.members == second.members
        assert (first.keys, first.state_ok, first.peers_password_ok) == (0, False, True)
        # Before 7.0 each setting is asked for alone, later all at once: it makes no difference.
        assert first.settings == second.settings
        assert first.setting("cluster-node-timeout") == "15000"


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("valkey-9.1", set()),
        ("valkey-8.1", set()),
        ("redis-8.2", {"availability-zone"}),
        (
            "redis-7.0",
            {"availability-zone", "cluster-announce-human-nodename", "cluster-ping-interval"},
        ),
        (
            "redis-6.2",
            {
                "availability-zone",
                "cluster-announce-hostname",
                "cluster-announce-human-nodename",
                "cluster-ping-interval",
                "cluster-port",
                "repl-diskless-sync-max-replicas",
            },
        ),
    ],
)
def test_settings_that_a_server_does_not_know_are_missing(name: str, unknown: set[str]) -> None:
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        view = read(app[0])
        assert isinstance(view, View)
        assert {known for known, _ in view.settings} == {*views.SETTINGS, *views.MOVING} - unknown


def test_a_server_that_is_not_in_cluster_mode() -> None:
    with sets.LocalStatefulSet(
        1, needs.any_server(), server_config={"cluster-enabled": "no"}
    ) as app:
        app.start_servers()
        found = read(app[0])
        assert isinstance(found, Unreachable)
        assert found.trouble is Trouble.NOT_CLUSTER


def test_a_hung_server_and_the_same_server_when_it_goes_on() -> None:
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        app.start_servers()

        async def looks() -> list[View | Unreachable]:
            async with connected(app[0], access(timeout=QUICK)) as one:
                before = await one.read()
                app[0].pause()
                hung = await one.read()
                app[0].resume()
                app[0].wait_server_up()
                return [before, hung, await one.read()]

        before, hung, after = asyncio.run(looks())
        assert isinstance(hung, Unreachable)
        assert (hung.trouble, hung.reason) == (Trouble.TIMEOUT, "no answer in time")
        # An answer that came late to the question before is not taken for the next one's.
        assert isinstance(before, View)
        assert isinstance(after, View)
        assert before.node_id == after.node_id


@pytest.mark.parametrize("name", MATRIX)
@pytest.mark.parametrize("lacks", ["command", "right"])
def test_a_server_that_comes_back_with_less_is_asked_again(name: str, lacks: str) -> None:
    """What replicas need is asked once in a server's life, and not once in ours."""
    config = {"command": {"rename-command": 'PSYNC ""'}, "right": users.only(LESS)}[lacks]
    trouble = {"command": Trouble.COMMAND, "right": Trouble.PERMISSION}[lacks]
    with sets.LocalStatefulSet(1, needs.server(name), server_config=users.only()) as app:
        app.start_servers()

        async def looks() -> list[View | Unreachable]:
            async with connected(app[0], access(users.PASSWORD, user=users.SIDECAR)) as one:
                before = await one.read()
                app[0].kill_server()
                app[0].start_server(config)
                app[0].wait_server_up()
                # The first one may only find that the old connection has ended.
                return [before, await one.read(), await one.read()]

        before, _, after = asyncio.run(looks())
        assert isinstance(before, View)
        assert isinstance(after, Unreachable)
        assert after.trouble is trouble
        assert {"command": "PSYNC", "right": "+cluster|shards"}[lacks] in after.reason


def test_a_server_that_goes_and_comes_back() -> None:
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        app.start_servers()

        async def looks() -> list[View | Unreachable]:
            async with connected(app[0]) as one:
                before = await one.read()
                app[0].kill_server()
                broken, refused = await one.read(), await one.read()
                app.start_servers()
                return [before, broken, refused, await one.read()]

        before, broken, refused, after = asyncio.run(looks())
        assert isinstance(before, View)
        assert isinstance(broken, Unreachable)
        assert isinstance(refused, Unreachable)
        assert {broken.trouble, refused.trouble} == {Trouble.REFUSED}
        assert refused.reason == "no connection: Connection refused"
        assert isinstance(after, View)
        assert before.node_id == after.node_id


def test_our_address_is_the_one_from_which_a_node_is_reached(blank: pod.Pod) -> None:
    async def source(port: int) -> str | None:
        return await node.Node(blank.address, port, access()).source_address()

    # On loopback, the kernel speaks from 127.0.0.1 to whatever 127.x it speaks.
    assert asyncio.run(source(blank.port)) == "127.0.0.1"
    assert asyncio.run(source(1)) is None


# What is no server

Case = Callable[[], contextlib.AbstractAsyncContextManager[int]]


@pytest.mark.parametrize(
    ("listener", "trouble", "said"),
    [
        (lambda: listeners.listening(listeners.HANGS), Trouble.TIMEOUT, "no answer in time"),
        (listeners.hanging_up, Trouble.REFUSED, "no connection: "),
        (lambda: listeners.listening(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b"\x00\xff\x80\x1b\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b"+OK\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b":1\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b"*0\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b"*1\r\n$1\r\na\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b"$-1\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b"$4\r\n\xff\xfe\xfd\xfc\r\n"), Trouble.NOT_REDIS, ""),
        (lambda: listeners.listening(b"-ERR no\r\n"), Trouble.NOT_REDIS, "it answered no"),
        (lambda: listeners.listening(b"-LOADING Redis is loading\r\n"), Trouble.LOADING, ""),
        (
            lambda: listeners.listening(b"-NOAUTH Authentication required.\r\n"),
            Trouble.PASSWORD,
            "",
        ),
        (lambda: listeners.listening(b"-NOPERM no permission\r\n"), Trouble.PERMISSION, ""),
        (
            lambda: listeners.listening(b"-DENIED Redis is running in protected mode\r\n"),
            Trouble.PROTECTED,
            "protected-mode is on",
        ),
    ],
)
def test_whatever_listens_there_is_named(listener: Case, trouble: Trouble, said: str) -> None:
    async def look() -> View | Unreachable:
        async with listener() as port, connected(port, access(timeout=QUICK)) as one:
            return await one.read()

    found = asyncio.run(look())
    assert isinstance(found, Unreachable)
    assert found.trouble is trouble, found.reason
    assert said in found.reason


def test_nobody_listens() -> None:
    async def look() -> View | Unreachable:
        async with listeners.hanging_up() as port:
            pass
        async with connected(port) as one:
            return await one.read()

    found = asyncio.run(look())
    assert found == Unreachable(trouble=Trouble.REFUSED, reason="no connection: Connection refused")


def test_several_looks_at_once_do_not_mix_their_answers(blank: pod.Pod) -> None:
    async def looks() -> list[View | Unreachable]:
        async with connected(blank) as one:
            together: list[Awaitable[View | Unreachable]] = [one.read() for _ in range(5)]
            return list(await asyncio.gather(*together))

    found = asyncio.run(looks())
    assert {view.node_id for view in found if isinstance(view, View)} == {blank.node_id()}
    assert len(found) == 5
