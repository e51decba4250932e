"""The redis.conf of a pod: a plain cluster-mode server that speaks from its pod's address only.

Nothing is announced here: that is the sidecar's work.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self, TypeAlias

from tests.statefulset import servers

Settings: TypeAlias = Mapping[str, str | int]
"""Directives of redis.conf. The values are written as they are, an empty one as ""."""

PERSISTENT: Final[Settings] = {"appendonly": "yes", "appendfsync": "everysec"}
"""Extra settings for a server that keeps its data over a restart."""

FAST: Final[Settings] = {"cluster-node-timeout": 1000, "repl-diskless-sync-delay": 0}
"""Extra settings for a cluster that notices failures, and links its replicas, within seconds."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Certificate files for servers that speak TLS on their client port and on the bus."""

    ca: Path
    cert: Path
    key: Path

    @classmethod
    def in_folder(cls, folder: Path, ca: Path) -> Self:
        """Certificate and key by the names that they have in a Secret."""
        return cls(ca=ca, cert=folder / "tls.crt", key=folder / "tls.key")


TlsOf: TypeAlias = Callable[[str], Tls]
"""The files of the pod that has this DNS name."""


def render(
    server: servers.Server,
    *,
    address: str,
    port: int,
    folder: Path,
    log: Path,
    tls: Tls | None = None,
    extra: Settings | None = None,
) -> str:
    """Return the file's text. `extra` goes over everything else."""
    settings: dict[str, str | int] = {
        "port": port,
        "bind": address,
        "cluster-enabled": "yes",
        "cluster-config-file": "nodes.conf",
        "dir": str(folder),
        "logfile": str(log),
        "loglevel": "notice",
        "save": "",
        "appendonly": "no",
        "protected-mode": "no",
        "daemonize": "no",
    }
    if server.version >= (7, 0, 0):
        # Without it the bus dials from 127.0.0.1, the receiver takes that for the sender's
        # address, and a MEET stays one-sided. Older servers dial from their first bind address,
        # and die of a directive that they do not know.
        settings["bind-source-addr"] = address
    if tls:
        settings |= _tls(tls, port)
    settings |= extra or {}
    empty = '""'
    return "".join(f"{key} {empty if value == '' else value}\n" for key, value in settings.items())


def _tls(tls: Tls, port: int) -> Settings:
    return {
        "port": 0,
        "tls-port": port,
        "tls-cluster": "yes",
        "tls-replication": "yes",
        "tls-ca-cert-file": str(tls.ca),
        "tls-cert-file": str(tls.cert),
        "tls-key-file": str(tls.key),
    }
