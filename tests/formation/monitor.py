"""Everything that reaches a Redis, by its own MONITOR; and whom a process is connected to."""

from __future__ import annotations

import re
import select
import socket
import ssl
from pathlib import Path
from typing import Final, NamedTuple, Self

from tests.statefulset import pod as pods

_LINE: Final = re.compile(r'\+[\d.]+ \[\d+ (?P<source>\S+)\] (?P<words>".*")')
_WORD: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESTABLISHED: Final = "01"


class Command(NamedTuple):
    """One command, and who sent it."""

    source: str
    words: tuple[str, ...]


class Monitor:
    """Notes what one node is asked, from entering it to `commands`."""

    def __init__(self, pod: pods.Pod) -> None:
        """Monitor nothing yet."""
        self._pod = pod

    def __enter__(self) -> Self:
        self._socket = socket.create_connection((self._pod.address, self._pod.port), timeout=20)
        if files := self._pod.tls:
            context = ssl.create_default_context(cafile=files.ca)
            context.check_hostname = False  # certificates are for names
            context.load_cert_chain(files.cert, files.key)
            self._socket = context.wrap_socket(self._socket)
        if login := self._pod.spec.login:
            self._ask("AUTH", login.get("username", "default"), login["password"])
        self._ask("MONITOR")
        return self

    def _ask(self, *words: str) -> None:
        self._socket.sendall(f"{' '.join(words)}\r\n".encode())
        assert self._socket.recv(5) == b"+OK\r\n"

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def commands(self) -> list[Command]:
        """All that came since the last call; a line that is half there is waited for."""
        data = b""
        while self._more() or (data and not data.endswith(b"\n")):
            data += self._socket.recv(65536)
        return [_command(line) for line in data.decode().splitlines()]

    def _more(self) -> bool:
        held = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        return bool(held or select.select([self._socket], [], [], 0.0)[0])


def _command(line: str) -> Command:
    found = _LINE.fullmatch(line)
    assert found, line
    return Command(found["source"], tuple(word.lower() for word in _WORD.findall(found["words"])))


def connections(pid: int) -> set[str]:
    """Addresses that a process has TCP connections to, those that came in not counted."""
    inodes = {
        link.removeprefix("socket:[").removesuffix("]")
        for link in (str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir())
        if link.startswith("socket:[")
    }
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    mine = [(row[1], row[2]) for row in rows if row[3] == _ESTABLISHED and row[9] in inodes]
    return {_address(remote) for local, remote in mine if not local.endswith(":1F90")}  # 8080


def _address(text: str) -> str:
    """`0A00007F:18EB` is 127.0.0.10:6379: the address is in the machine's byte order."""
    address, port = text.split(":")
    return f"{socket.inet_ntoa(bytes.fromhex(address)[::-1])}:{int(port, 16)}"
