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

from tests.configuration import image
from tests.statefulset import addresses, clients, folders, needs, servers

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
        image.prepare(found)
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
    wanted = _lines(image.MANIFESTS / "base" / "redis.conf")
    if example:
        (added,) = (image.EXAMPLES / example).glob("also-*.conf")
        image.add(added, folder)
        wanted |= _lines(added)
    child = image.start(needs.server(name), folder, address)
    try:
        asked = image.wait_up(child, lambda: _client(address))
        for key, value in wanted.items():
            if key not in OURS:
                assert asked.config_get(key) == {key: value}, f"{key} {value}"
    finally:
        child.stop()


@pytest.mark.parametrize("name", TAKEN)
def test_a_password_from_the_secret_holds(name: str, folder: Path, address: str) -> None:
    (folder / "secret" / "password.conf").write_text("requirepass secret\n")
    child = image.start(needs.server(name), folder, address)
    try:
        asked = image.wait_up(child, lambda: _client(address, password="secret"))
        # The sidecar's business: nobody lets a replica in before its primary is proven.
        assert asked.config_get("masterauth") == {"masterauth": ""}
        with pytest.raises(redis.AuthenticationError):
            _client(address).ping()
    finally:
        child.stop()


@pytest.mark.parametrize("name", TAKEN)
def test_users_have_the_rights_of_the_file(name: str, folder: Path, address: str) -> None:
    _write_users(folder, hashlib.sha256(b"secret").hexdigest())
    child = image.start(needs.server(name), folder, address)
    try:
        image.wait_up(child, lambda: _client(address, username="app", password="secret"))
        asked = _client(address, username="bootstrap", password="secret")
        assert asked.info("server")
        with pytest.raises(redis.exceptions.NoPermissionError):
            asked.acl_users()
        with pytest.raises(redis.exceptions.NoPermissionError):
            asked.get("key")
        with pytest.raises(redis.AuthenticationError):
            _client(address).ping()
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
        text = (image.EXAMPLES / "password" / "password.conf").read_text()
        (folder / "secret" / "password.conf").write_text(text)
    child = image.start(needs.server(name), folder, address)
    assert child.wait(20.0) != 0
    said = {"password": ">>> 'put yours here", "acl": f"{folder}/secret/users.acl:2"}
    assert said[example] in child.out.read_text()


def _client(address: str, **access: Any) -> redis.Redis:
    return clients.connect(address, image.PORT, **access)


def _write_users(folder: Path, digest: str | None) -> None:
    text = (image.EXAMPLES / "acl" / "users.acl").read_text()
    if digest:
        text = text.replace("SHA256-OF-ITS-PASSWORD", digest)
    (folder / "secret" / "users.acl").write_text(text)
    image.add(image.EXAMPLES / "acl" / "also-acl.conf", folder)


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
