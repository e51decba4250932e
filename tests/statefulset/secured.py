"""SECURED=yes: every set of every test speaks TLS only, to sidecars with the least rights.

    SECURED=yes scripts/test -m secured tests/formation tests/keeping tests/reshard
    scripts/thorough secured

The first are those few that scripts/test passes each time.

Sets that ask for certificates or passwords of their own get those. One server of the matrix takes
the place of all that have no TLS; a test that would run more than once is skipped. Where a number
of shards is wished, users have the rights for moving slots too, of the only server with TLS that
moves some.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bootstrap.model import acl, migration
from tests.statefulset import authority, config, servers, users

WANTED: Final = os.environ.get("SECURED") == "yes"
SERVER: Final = "redis-7.0"


def server(name: str) -> str:
    """Return which server runs where this one was asked for."""
    return SERVER if WANTED and not servers.MATRIX[name].tls else name


def certificates(given: config.TlsOf | None) -> config.TlsOf | None:
    """Return those that were asked for, or those of everybody."""
    return given or (_issuer().per_pod if WANTED else None)


def people(
    server: servers.Server, server_config: config.Settings, env: Mapping[str, str | None]
) -> tuple[config.Settings, Mapping[str, str | None]]:
    """Return the servers' settings and the sidecars' environment, with the users in both."""
    own = any(key == "requirepass" or key.startswith("user ") for key in server_config)
    if not WANTED or own or any(key.startswith("BOOTSTRAP_REDIS_") for key in env):
        return server_config, env
    pulls = not server.valkey and server.version >= migration.REDIS
    wished = pulls and any(key.startswith("BOOTSTRAP_SHARDS") for key in env)
    rights = (*users.RIGHTS, *acl.PULL) if wished else users.RIGHTS
    return {**server_config, **users.only(rights)}, {**env, **users.environment()}


@functools.cache
def _issuer() -> authority.Authority:
    folder = tempfile.mkdtemp(prefix="secured-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return authority.Authority(Path(folder))
