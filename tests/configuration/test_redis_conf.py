"""Every server takes manifests/base/redis.conf, and what examples add, and runs with what it says.

The files are taken as they are but for the paths of the image, which are moved into a folder here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from tests.statefulset import addresses, clients, folders, needs, process, servers

MANIFESTS: Final = servers.REPOSITORY / "manifests"
EXAMPLES: Final = MANIFESTS / "examples"
PORT: Final = 6379
OURS: Final = ("include", "bind", "dir")
"""What is another one here than in an image."""
TAKEN: Final = [
    name
    for name in servers.MATRIX
    # It says so itself: redis 7.0 and later.
    if name != "redis-6.2"
]
MULTIPLES: Final = {"kb": 2**10, "mb": 2**20, "gb": 2**30}


@pytest.fixture
def folder() -> Iterator[Path]:
    with folders.temporary() as found:
        for name in ("data", "etc", "secret"):
            (found / name).mkdir()
        yield found


@pytest.fixture
def address() -> Iterator[str]:
    some = addresses.Addresses()
    yield some.of(0)
    some.release()


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("example", [None, "ephemeral", "nfs"])
def test_a_server_runs_with_what_it_is_told(
    name: str, example: str | None, folder: Path, address: str
) -> None:
    wanted = _lines(MANIFESTS / "base" / "redis.conf")
    if example:
        (added,) = (EXAMPLES / example).glob("also-*.conf")
        (folder / "etc" / added.name).write_text(added.read_text())
        wanted |= _lines(added)
    child = _start(name, folder, address)
    try:
        asked = _connected(child, address)
        for key, value in wanted.items():
            if key not in OURS:
                assert asked.config_get(key) == {key: value}, f"{key} {value}"
    finally:
        child.stop()


@pytest.mark.parametrize("name", TAKEN)
def test_a_password_from_the_secret_holds(name: str, folder: Path, address: str) -> None:
    (folder / "secret" / "password.conf").write_text("requirepass secret\nmasterauth secret\n")
    child = _start(name, folder, address)
    try:
        asked = _connected(child, address, password="secret")
        assert asked.config_get("masterauth") == {"masterauth": "secret"}
        with pytest.raises(redis.AuthenticationError):
            clients.connect(address, PORT).ping()
    finally:
        child.stop()


@pytest.mark.parametrize("name", TAKEN)
def test_users_have_the_rights_of_the_file(name: str, folder: Path, address: str) -> None:
    _write_users(folder, hashlib.sha256(b"secret").hexdigest())
    child = _start(name, folder, address)
    try:
        asked = _connected(child, address, username="bootstrap", password="secret")
        assert asked.info("server")
        with pytest.raises(redis.exceptions.NoPermissionError):
            asked.acl_users()
        with pytest.raises(redis.exceptions.NoPermissionError):
            asked.get("key")
        with pytest.raises(redis.AuthenticationError):
            clients.connect(address, PORT).ping()
    finally:
        child.stop()


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("example", ["password", "acl"])
def test_no_server_starts_with_a_secret_that_nobody_wrote(
    name: str, example: str, folder: Path, address: str
) -> None:
    if example == "acl":
        _write_users(folder, None)
    else:
        text = (EXAMPLES / "password" / "password.conf").read_text()
        (folder / "secret" / "password.conf").write_text(text)
    child = _start(name, folder, address)
    assert child.wait(20.0) != 0
    said = {"password": ">>> 'put yours here", "acl": f"{folder}/secret/users.acl:2"}
    assert said[example] in child.out.read_text()


def _write_users(folder: Path, digest: str | None) -> None:
    text = (EXAMPLES / "acl" / "users.acl").read_text()
    if digest:
        text = text.replace("SHA256-OF-ITS-PASSWORD", digest)
    (folder / "secret" / "users.acl").write_text(text)
    also = (EXAMPLES / "acl" / "also-acl.conf").read_text()
    (folder / "etc" / "also-acl.conf").write_text(_moved(also, folder))


def _start(name: str, folder: Path, address: str) -> process.Child:
    text = (MANIFESTS / "base" / "redis.conf").read_text()
    file = folder / "etc" / "redis.conf"
    file.write_text(_moved(text, folder).replace("bind * -::*", f"bind {address}"))
    out = folder / "out"
    argv = [str(needs.server(name).path), str(file)]
    return process.Child(argv, env={}, cwd=folder, out=out, err=out)


def _moved(text: str, folder: Path) -> str:
    for there, here in (("/etc/redis", "etc"), ("/run/secrets/redis", "secret")):
        text = text.replace(there, str(folder / here))
    return text.replace("dir /data", f"dir {folder / 'data'}")


def _connected(child: process.Child, address: str, **access: Any) -> redis.Redis:
    """Return a client once the server answers; AssertionError with its last words if it died."""
    asked = clients.connect(address, PORT, **access)

    def answers() -> bool:
        assert child.running, process.tail(child.out)
        try:
            return bool(asked.ping())
        except redis.AuthenticationError:
            raise
        except redis.ConnectionError:
            return False

    process.wait_for(answers, 20.0, f"an answer of {child.argv[0]}")
    return asked


def _lines(file: Path) -> dict[str, str]:
    """The settings of a file as a server shows them: amounts in bytes, nothing quoted."""
    found = {}
    for line in file.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition(" ")
            number, unit = value[:-2], value[-2:]
            amount = number.isdigit() and unit in MULTIPLES
            found[name] = str(int(number) * MULTIPLES[unit]) if amount else value.strip('"')
    return found
