"""The same test on one server and another: which of these variants run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest

from tests.statefulset import servers


def grouped(items: Iterable[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Return tests that differ in nothing but their server, by what they have in common."""
    variants: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if (server := server_of(item)) is not None:
            variants[item.nodeid.replace(server, "")].append(item)
    return variants


def server_of(item: pytest.Item) -> str | None:
    """Return the server of the matrix that a test is parametrized with."""
    values = getattr(item, "callspec", None)
    found = [one for one in values.params.values() if one in servers.MATRIX] if values else []
    return found[0] if found else None


def keep(some: list[pytest.Item], number: int, more: str) -> None:
    """Skip all but one, with the reason, and what to do for them to run."""
    for other, item in enumerate(some):
        if other != number:
            reason = f"runs on {server_of(some[number])} here; {more}"
            item.add_marker(pytest.mark.skip(reason=reason))
