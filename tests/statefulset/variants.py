"""The same test on one server and another: which of these variants run.

What keeps a cluster waits for time-outs of real servers, so all tests on all servers take longer
than anybody wants to wait for each change. Every test of FEW runs on one server of those that it is
written for, another one for each test; KEEPING=all runs it on each of them. Formation runs on all.

With SECURED=yes one server takes the place of all, and once is enough.
"""

from __future__ import annotations

import os
import zlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import pytest

from tests.statefulset import secured, servers

FEW: Final = ("tests/keeping/", "tests/acl/")


def choose(items: Iterable[pytest.Item]) -> None:
    """Skip, with the reason, what runs on another server."""
    if secured.WANTED:
        for some in _grouped(items).values():
            names = [_server_of(item) for item in some]
            kept = names.index(secured.SERVER) if secured.SERVER in names else 0
            _keep(some, kept, f"with SECURED=yes that is {secured.SERVER} in any case")
    elif os.environ.get("KEEPING") != "all":
        here = (item for item in items if item.nodeid.startswith(FEW))
        for nodeid, some in _grouped(here).items():
            kept = zlib.crc32(nodeid.encode()) % len(some)
            _keep(some, kept, "KEEPING=all runs it on every server")


def _grouped(items: Iterable[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Return tests that differ in nothing but their server, by what they have in common."""
    variants: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if (server := _server_of(item)) is not None:
            variants[item.nodeid.replace(server, "")].append(item)
    return variants


def _server_of(item: pytest.Item) -> str | None:
    """Return the server of the matrix that a test is parametrized with."""
    values = getattr(item, "callspec", None)
    found = [one for one in values.params.values() if one in servers.MATRIX] if values else []
    return found[0] if found else None


def _keep(some: list[pytest.Item], number: int, more: str) -> None:
    """Skip all but one, with the reason, and what to do for them to run."""
    for other, item in enumerate(some):
        if other != number:
            reason = f"runs on {_server_of(some[number])} here; {more}"
            item.add_marker(pytest.mark.skip(reason=reason))
