"""The same test on one server and another: which of these variants run.

What keeps a cluster waits for time-outs of real servers, so all tests on all servers take too long
for each change. Each test of FEW runs on one server of those that it is written for, drawn by its
name; KEEPING=all runs it on each of them. Only `test_matrix` forms on all of them each time. What
enumerates (`pytest.mark.enumerates`) takes minutes, and runs with KEEPING=all alone.

What a server does decides what a test shows, so `usually(server)` takes the place of the draw where
one of them is the one to see it on; and `twin(name)` draws as the other test does, which shows what
happens without the rule: on another server it would show nothing of it. A test of two servers, from
one to the other, is none of these: it runs.

With SECURED=yes a server with TLS takes the place of all, and once is enough.
"""

from __future__ import annotations

import os
import zlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import pytest

from tests.statefulset import secured, servers

FEW: Final = ("tests/keeping/", "tests/acl/", "tests/formation/", "tests/reshard/")
ALL: Final = "tests/formation/test_matrix.py"


def choose(items: Iterable[pytest.Item]) -> None:
    """Skip, with the reason, what runs on another server."""
    if secured.WANTED:
        for some in _grouped(items).values():
            names = [str(_server_of(item)) for item in some]
            encrypted = [secured.SERVER, *(one for one in names if secured.server(one) == one)]
            kept = next((names.index(one) for one in encrypted if one in names), 0)
            there = secured.server(names[kept])
            _keep(some, kept, f"with SECURED=yes that is {there} in any case")
    elif os.environ.get("KEEPING") != "all":
        every = list(items)
        for item in every:
            if item.get_closest_marker("enumerates"):
                item.add_marker(pytest.mark.skip(reason="it enumerates: KEEPING=all runs it"))
        here = (
            item
            for item in every
            if item.nodeid.startswith(FEW) and not item.nodeid.startswith(ALL)
        )
        for some in _grouped(here).values():
            _keep(some, _drawn(some), "KEEPING=all runs it on every server")


def _grouped(items: Iterable[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Return tests that differ in nothing but their server, by what they have in common."""
    variants: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if (server := _server_of(item)) is not None:
            variants[_common(item, server)].append(item)
    return variants


def _common(item: pytest.Item, server: str) -> str:
    return item.nodeid.replace(server, "")


def _drawn(some: list[pytest.Item]) -> int:
    """Which of the variants of a test runs here."""
    first, names = some[0], [str(_server_of(item)) for item in some]
    if usual := first.get_closest_marker("usually"):
        if usual.args[0] not in servers.MATRIX:
            raise pytest.UsageError(f"{first.nodeid}: expected a server of the matrix, saw {usual}")
        # Who asks for another one by its name gets that.
        return names.index(usual.args[0]) if usual.args[0] in names else 0
    common = _common(first, names[0])
    if twin := first.get_closest_marker("twin"):
        file, _, test = common.rpartition("::")
        if not hasattr(getattr(first, "module", None), twin.args[0]):
            raise pytest.UsageError(f"{first.nodeid}: expected its twin in {file}, saw no {twin}")
        common = f"{file}::{twin.args[0]}{test[test.index('[') :]}"
    return zlib.crc32(common.encode()) % len(some)


def _server_of(item: pytest.Item) -> str | None:
    """Return the one server of the matrix that a test is parametrized with."""
    call = getattr(item, "callspec", None)
    values = [one for one in call.params.values() if isinstance(one, str)] if call else []
    found = [one for one in values if one in servers.MATRIX]
    return found[0] if len(found) == 1 else None


def _keep(some: list[pytest.Item], number: int, more: str) -> None:
    """Skip all but one, with the reason, and what to do for them to run."""
    for other, item in enumerate(some):
        if other != number:
            reason = f"runs on {_server_of(some[number])} here; {more}"
            item.add_marker(pytest.mark.skip(reason=reason))
