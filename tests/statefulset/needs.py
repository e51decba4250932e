"""What a test needs from the machine; where that is not to be had, the test is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.statefulset import network, secured, servers


def server(name: str) -> servers.Server:
    """Return this server of the matrix."""
    found = servers.find_server(secured.server(name))
    if isinstance(found, servers.Missing):
        pytest.skip(f"{name}: {found.reason}")
    return found


def any_server() -> servers.Server:
    """Return the newest server that is here, for tests to which it does not matter which."""
    if secured.WANTED:
        return server(secured.SERVER)
    for found in servers.find_servers().values():
        if isinstance(found, servers.Server):
            return found
    pytest.skip("no server of the matrix is here: run scripts/servers")


def insecurity(reason: str) -> None:
    """Skip, with the reason, what cannot be with TLS and users, or on the one server that has TLS."""
    if secured.WANTED:
        pytest.skip(f"SECURED=yes: {reason}")


def redis_cli() -> Path:
    """Return a client that knows `--cluster`."""
    found = servers.find_redis_cli()
    if found is None:
        pytest.skip("no redis-cli here: run scripts/servers")
    return found


def namespaces() -> None:
    """Skip where pods cannot have networks of their own."""
    if reason := network.missing():
        pytest.skip(reason)
