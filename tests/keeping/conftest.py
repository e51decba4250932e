"""Which of the servers each test of keeping runs on.

What keeps a cluster waits for time-outs of real servers, so all tests on all servers take longer
than anybody wants to wait for each change. Every test runs on one server of those that it is
written for, another one for each test; KEEPING=all runs it on each of them.
"""

from __future__ import annotations

import os
import zlib

import pytest

from tests.statefulset import secured, variants


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what runs on another server."""
    if os.environ.get("KEEPING") == "all" or secured.WANTED:
        return
    here = (item for item in items if "tests/keeping/" in item.nodeid)
    for nodeid, some in variants.grouped(here).items():
        kept = zlib.crc32(nodeid.encode()) % len(some)
        variants.keep(some, kept, "KEEPING=all runs it on every server")
