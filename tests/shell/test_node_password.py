"""Being let in: wrong and missing passwords, users, and passwords that change while we run."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.config import secret
from bootstrap.model import actions
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import View
from bootstrap.redis import connection, node
from tests.shell.test_node_do import do
from tests.shell.test_node_read import access, connected, read
from tests.statefulset import needs, pod, process, servers, sets

OLD, NEW = "s3cret-old", "s3cret-new"
PEERS = actions.SetPeersPassword(pod="x", why="a test")


@pytest.fixture
def locked() -> Iterator[pod.Pod]:
    """A node with the old password."""
    with sets.LocalStatefulSet(1, needs.any_server(), server_config={"requirepass": OLD}) as app:
        app.start_servers()
        yield app[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The password's file, with the old one in it."""
    path = tmp_path / "password"
    path.write_text(f"{OLD}\n")
    return path


def by_file(file: Path) -> connection.Access:
    return connection.Access(credentials=secret.Credentials(password_file=file), timeout=10.0)


def write(file: Path, text: str) -> None:
    file.write_text(text)


def remove(file: Path) -> None:
    file.unlink()


def trouble(found: View | Unreachable) -> Trouble | None:
    return found.trouble if isinstance(found, Unreachable) else None


def change_password(where: pod.Pod) -> None:
    """Set the new password, and end the connections that the old one had opened."""
    with where.client() as client:
        client.config_set("requirepass", NEW)
        client.execute_command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")


@pytest.mark.parametrize("name", servers.MATRIX)
def test_only_the_right_password_lets_in(name: str) -> None:
    with sets.LocalStatefulSet(2, needs.server(name), server_config={"requirepass": OLD}) as app:
        app.start_servers()
        assert isinstance(read(app[0], access(OLD)), View)
        missing, wrong = read(app[0]), read(app[0], access("wrong"))
        assert trouble(missing) is trouble(wrong) is Trouble.PASSWORD
        assert "the sidecar sends none" in str(missing)
        assert "wrong" not in str(wrong).lower().replace("wrongpass", "")


@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_password_that_nobody_asked_for(name: str) -> None:
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        found = read(app[0], access(OLD))
        assert trouble(found) is Trouble.PASSWORD
        assert OLD not in str(found)


@pytest.mark.parametrize("name", servers.MATRIX)
def test_a_user_may_do_what_the_acl_says(name: str) -> None:
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        rules = ("on", f">{OLD}", "+info", "+config|get", "+config|set", "+cluster", "+replconf")
        app[0].ask("ACL", "SETUSER", "sidecar", *rules)
        user = access(OLD, user="sidecar")
        assert isinstance(read(app[0], user), View)
        assert do(app[0], PEERS, how=user) == (None,)
        app[0].ask("ACL", "SETUSER", "sidecar", "-cluster")
        found = read(app[0], user)
        assert trouble(found) is Trouble.PERMISSION
        assert "cluster" in str(found)
        assert trouble(read(app[0], access(OLD, user="nobody"))) is Trouble.PASSWORD


@pytest.mark.parametrize("name", servers.MATRIX)
def test_the_password_towards_peers_is_compared_and_written(name: str) -> None:
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        app[0].ask("ACL", "SETUSER", "sidecar", "on", f">{OLD}", "+@all")
        user = access(OLD, user="sidecar")

        def same() -> bool:
            found = read(app[0], user)
            assert isinstance(found, View)
            assert OLD not in repr(found)
            return found.peers_password_ok

        assert not same()
        assert do(app[0], PEERS, how=user) == (None,)
        assert same()
        for setting in ("masterauth", "masteruser"):
            app[0].ask("CONFIG", "SET", setting, "another")
            assert not same()
            assert do(app[0], PEERS, how=user) == (None,)
            assert same()


def test_without_a_password_of_ours_one_towards_peers_differs(locked: pod.Pod) -> None:
    found = read(locked, access(OLD))
    assert isinstance(found, View)
    assert not found.peers_password_ok  # masterauth is empty


def test_a_password_that_changed_is_read_again_from_its_file(locked: pod.Pod, file: Path) -> None:
    async def looks() -> list[View | Unreachable]:
        async with connected(locked, by_file(file)) as one:
            before = await one.read()
            await asyncio.to_thread(change_password, locked)
            broken, refused = await one.read(), await one.read()
            write(file, NEW)
            let_in = await one.read()
            assert await one.do((PEERS,)) == (None,)
            return [before, broken, refused, let_in, await one.read()]

    before, broken, refused, let_in, after = asyncio.run(looks())
    assert isinstance(before, View)
    assert trouble(broken) is Trouble.REFUSED
    assert trouble(refused) is Trouble.PASSWORD
    assert isinstance(let_in, View)
    assert isinstance(after, View)
    assert (let_in.peers_password_ok, after.peers_password_ok) == (False, True)
    with locked.client(password=NEW) as client:
        assert client.config_get("masterauth") == {"masterauth": NEW}


def test_a_file_that_is_gone_is_a_trouble_and_not_an_error(locked: pod.Pod, file: Path) -> None:
    async def looks() -> tuple[View | Unreachable, object]:
        async with connected(locked, by_file(file)) as one:
            remove(file)
            return await one.read(), await one.do((PEERS,))

    found, done = asyncio.run(looks())
    assert isinstance(found, Unreachable)
    assert (found.trouble, str(file) in found.reason) == (Trouble.PASSWORD, True)
    assert done == (node.Refused(reason=found.reason),)


def test_a_file_that_empties_while_we_run_changes_nothing_until_it_is_needed(
    locked: pod.Pod, file: Path
) -> None:
    async def looks() -> list[View | Unreachable]:
        async with connected(locked, by_file(file)) as one:
            before = await one.read()
            write(file, "")
            again = await one.read()
            await asyncio.to_thread(change_password, locked)
            return [before, again, await one.read(), await one.read()]

    before, again, broken, refused = asyncio.run(looks())
    assert isinstance(before, View)
    assert isinstance(again, View)
    assert trouble(broken) is Trouble.REFUSED
    assert isinstance(refused, Unreachable)
    assert (refused.trouble, "is empty" in refused.reason) == (Trouble.PASSWORD, True)


def test_a_server_that_repeats_our_words_does_not_bring_the_password_into_the_log() -> None:
    """Where CONFIG was renamed, the refusal holds the arguments of the unknown command."""
    with sets.LocalStatefulSet(1, needs.any_server(), server_config={"requirepass": OLD}) as app:
        app.start_servers()
        echo = actions.Replicate(pod="x", primary="y", primary_id=OLD, why="a test")
        (refused,) = do(app[0], echo, how=access(OLD))
        assert refused is not None
        assert "unknown" in refused.reason or "Unknown" in refused.reason
        assert OLD not in refused.reason


def test_a_password_that_is_too_long_to_be_repeated_whole_is_not_repeated_at_all() -> None:
    long = "s3cret" * 30
    renamed = {"rename-command AUTH": "SECRET", "requirepass": long}
    with sets.LocalStatefulSet(1, needs.server("redis-8.2"), server_config=renamed) as app:
        process.wait_for(lambda: start(app[0]), 20.0, "a server")
        found = read(app[0], access(long))
        assert isinstance(found, Unreachable)
        assert "s3cret" not in found.reason


def start(one: pod.Pod) -> bool:
    """Start a server that lets nobody in, and see whether it listens."""
    if not one.running:
        one.start_server()
    with contextlib.suppress(OSError):
        socket.create_connection((one.address, one.port), timeout=1).close()
        return True
    return False


def test_while_servers_differ_each_is_let_in_by_what_it_accepted(file: Path) -> None:
    """The file changes twice, by somebody's slip, before any server knows of it."""
    settings = {"requirepass": OLD}

    async def looks(one: pod.Pod) -> list[View | Unreachable]:
        async with connected(one, by_file(file)) as where:
            found = [await where.read()]
            for text in ("half", NEW):
                write(file, text)
                found.append(await where.read())
                await where.close()
                found.append(await where.read())
            return found

    with sets.LocalStatefulSet(1, needs.any_server(), server_config=settings) as app:
        app.start_servers()
        found = asyncio.run(looks(app[0]))
        assert [one for one in found if not isinstance(one, View)] == []
