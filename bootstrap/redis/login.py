"""How to be let in to a server, and that it came to nothing. Loads nothing that speaks with one."""

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
    """How to be let in, the same for every node of the cluster."""

    credentials: secret.Credentials
    tls: encryption.Encryption | None = None
    timeout: float = 2.0
    """Seconds for one exchange, connecting included."""


def refused() -> Unreachable:
    """What is seen of a server whose port refuses connections."""
    reason = f"no connection: {os.strerror(errno.ECONNREFUSED)}"
    return Unreachable(trouble=Trouble.REFUSED, reason=reason)


class FailedError(Exception):
    """Nothing of use was heard. Says what kind of trouble it is, and what was seen."""

    def __init__(self, trouble: Trouble, reason: str, *, odd: bool = False) -> None:
        """Keep them; `odd` where our own password has what spoils one."""
        self.trouble, self.reason, self.odd = trouble, reason, odd
        super().__init__(reason)
