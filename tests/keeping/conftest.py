"""Which of the servers each test of keeping runs on.

What keeps a cluster waits for time-outs of real servers, so all tests on all servers take longer
than anybody wants to wait for each change. Every test runs on one server of those that it is
written for, another one for each test; KEEPING=all runs it on each of them.
"""

from __future__ import annotations

import os
import zlib
from collections import defaultdict

import pytest

from tests.statefulset import servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what runs on another server."""
    if os.environ.get("KEEPING") == "all":
        return
    variants: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if "tests/keeping/" in item.nodeid and _server(item) is not None:
            others = item.nodeid.replace(str(_server(item)), "")
            variants[others].append(item)
    for nodeid, some in variants.items():
        kept = zlib.crc32(nodeid.encode()) % len(some)
        for number, item in enumerate(some):
            if number != kept:
                reason = f"runs on {_server(some[kept])} here; KEEPING=all runs it on every server"
                item.add_marker(pytest.mark.skip(reason=reason))


def _server(item: pytest.Item) -> str | None:
    """The server of the matrix that a test is parametrized with."""
    values = getattr(item, "callspec", None)
    found = [one for one in values.params.values() if one in servers.MATRIX] if values else []
    return found[0] if found else None
