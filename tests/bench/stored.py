"""A million keys, written and read back over plain connections: cluster clients take minutes.

Each four keys share a slot, so that clients can ask for them with one command.
"""

from __future__ import annotations

import binascii
import collections
import itertools
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import BinaryIO, Final, TypeAlias, TypeVar

from tests.statefulset import pod as pods
from tests.statefulset import views

TOGETHER: Final = 4
"""Keys that share a slot."""
BYTES: Final = 100
"""The length of a value."""
_AT_ONCE: Final = 500
"""Commands that are sent before their replies are read."""
_TIMEOUT: Final = 120.0

Group: TypeAlias = Sequence[bytes]
"""Names of keys that share a slot, by a hash tag."""
Result = TypeVar("Result")


def group(number: int) -> Group:
    """Return the names of one group of loaded keys."""
    return [b"{%d}:%d" % (number, index) for index in range(TOGETHER)]


def value(name: bytes) -> bytes:
    """Return what is stored under a loaded key."""
    return name.ljust(BYTES, b".")


def load(some: Sequence[pods.Pod], keys: int, *, replicas: int = 1) -> None:
    """Write so many keys, and wait until so many replicas have each; AssertionError if refused."""

    def fill(pod: pods.Pod, mine: list[Group]) -> None:
        for _, reply in _replies(pod, b"MSET", mine, value):
            assert reply == b"OK", reply
        with pod.client(socket_timeout=_TIMEOUT) as client:
            assert client.wait(replicas, 1000 * int(_TIMEOUT)) >= replicas, pod

    _at_owners(some, _loaded(keys), fill)


def missing(some: Sequence[pods.Pod], keys: int) -> int:
    """Return how many of the loaded keys their owners do not have as they were written."""

    def count(pod: pods.Pod, mine: list[Group]) -> int:
        return sum(
            reply[place] != value(name) if isinstance(reply, list) else True
            for names, reply in _replies(pod, b"MGET", mine)
            for place, name in enumerate(names)
        )

    return sum(_at_owners(some, _loaded(keys), count))


def numbers(some: Sequence[pods.Pod], names: Iterable[str]) -> dict[str, int]:
    """Return the numbers that are stored under these names, without those that are not there."""

    def read(pod: pods.Pod, mine: list[Group]) -> dict[str, int]:
        return {
            names[0].decode(): int(reply[0])
            for names, reply in _replies(pod, b"MGET", mine)
            if isinstance(reply, list) and reply[0] is not None
        }

    found = _at_owners(some, ([name.encode()] for name in names), read)
    return {name: number for part in found for name, number in part.items()}


def owners(nodes: str) -> list[str]:
    """Return the id of each slot's owner, as the text of CLUSTER NODES has it; empty if none."""
    found = [""] * views.SLOTS
    for line in map(views.parse_line, nodes.splitlines()):
        for first, last in line.slots:
            found[first : last + 1] = [line.node_id] * (last + 1 - first)
    return found


def _loaded(keys: int) -> Iterator[Group]:
    return map(group, range(keys // TOGETHER))


def _at_owners(
    some: Sequence[pods.Pod],
    groups: Iterable[Group],
    do: Callable[[pods.Pod, list[Group]], Result],
) -> list[Result]:
    """Do something at all owners at the same time, each with the groups in its slots."""
    named = {pod.node_id(): pod for pod in some}
    owner = owners(some[0].cluster_nodes())
    shares: dict[str, list[Group]] = collections.defaultdict(list)
    for one in groups:
        shares[owner[_slot(one[0])]].append(one)
    with futures.ThreadPoolExecutor(len(named)) as pool:
        return list(pool.map(do, [named[node] for node in shares], shares.values()))


def _slot(name: bytes) -> int:
    """Return the slot of a name with a hash tag: of its CRC16, as XMODEM has it."""
    tag = name[name.index(b"{") + 1 : name.index(b"}")]
    return binascii.crc_hqx(tag, 0) % views.SLOTS


def _replies(
    pod: pods.Pod,
    verb: bytes,
    groups: list[Group],
    valued: Callable[[bytes], bytes] | None = None,
) -> Iterator[tuple[Group, bytes | list[bytes | None]]]:
    """Send a command for each group, many at once; return each group with its reply.

    The arguments are the group's names, each followed by its value if values are given.
    """
    with (
        socket.create_connection((pod.address, pod.port), timeout=_TIMEOUT) as made,
        made.makefile("rb") as stream,
    ):
        for start in range(0, len(groups), _AT_ONCE):
            some = groups[start : start + _AT_ONCE]
            made.sendall(b"".join(_command(verb, names, valued) for names in some))
            yield from ((names, _reply(stream)) for names in some)


def _command(verb: bytes, names: Group, valued: Callable[[bytes], bytes] | None) -> bytes:
    pairs = ((name, valued(name)) if valued else (name,) for name in names)
    words = [verb, *itertools.chain.from_iterable(pairs)]
    return b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)])


def _reply(stream: BinaryIO) -> bytes | list[bytes | None]:
    """Read one reply: a status, an error with its sign, or a list of values."""
    head = stream.readline().rstrip()
    if not head.startswith(b"*"):
        return head.removeprefix(b"+")
    return [_bulk(stream) for _ in range(int(head[1:]))]


def _bulk(stream: BinaryIO) -> bytes | None:
    length = int(stream.readline()[1:])
    return None if length < 0 else stream.read(length + 2)[:-2]
