"""The login at servers, and the error if it fails. Loads nothing that speaks with servers."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootstrap.config import secret
from bootstrap.model.snapshot import Trouble, Unreachable

if TYPE_CHECKING:
    from bootstrap.redis import encryption


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to connect and log in, the same for every node of the cluster."""

    credentials: secret.Credentials
    tls: encryption.Encryption | None = None
    """None: without TLS."""
    migrations: bool = True
    """Whether each look asks servers for their slot migrations, to which a user may have no right,
    and for a setting that only matters for these."""
    timeout: float = 2.0
    """Seconds for one exchange, including the connection."""


def refused() -> Unreachable:
    """Return what is known about a server whose port refuses connections."""
    reason = f"no connection: {os.strerror(errno.ECONNREFUSED)}"
    return Unreachable(trouble=Trouble.REFUSED, reason=reason)


class FailedError(Exception):
    """An exchange failed. Says which kind of trouble it is, and what was seen."""

    def __init__(self, trouble: Trouble, reason: str, *, odd: bool = False) -> None:
        """Keep them. `odd` says whether our own password looks wrong (see `secret_faults`)."""
        self.trouble, self.reason, self.odd = trouble, reason, odd
        super().__init__(reason)
