"""What a primary answers its replica's sidecar, while the replica has no link to the primary."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

LASTING_SECONDS: Final = 5.0
"""Seconds for which a link has to be down before the sidecar tries the primary, and between tries.
A copy begins after `repl-diskless-sync-delay`, 5 s by default, and the link is down until then."""


class Refusal(enum.StrEnum):
    """Why a primary refuses a replica."""

    PROTECTED = "protected"
    """The primary's protected-mode is on, and its default user has no password."""
    CROWDED = "crowded"
    """The primary has as many clients as its maxclients allows."""
    LOGIN_WANTED = "login-wanted"
    """The primary wants a password, and the replica has none."""
    LOGIN_WRONG = "login-wrong"
    """The primary does not accept the replica's user and password."""
    LOGIN_UNASKED = "login-unasked"
    """The primary has no password, and the replica sends one."""
    RIGHTS = "rights"
    """The replica's user lacks the rights of a replica."""
    COMMAND = "command"
    """The primary does not know a command that a replica sends."""
    CLOSED = "closed"
    """The primary's port accepts no connection."""
    SILENT = "silent"
    """The primary's port does not answer."""
    PLAIN = "plain"
    """The replica speaks TLS, and the primary does not."""
    ENCRYPTED = "encrypted"
    """The primary speaks TLS, and the replica does not."""
    CERTIFICATE = "certificate"
    """One of the two does not accept the certificate of the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryAnswer:
    """The result of a try of the primary's port, made as the replica would connect."""

    address: str
    """The address to which the replica connects."""
    port: int
    """The port to which the replica connects."""
    refusal: Refusal | None = None
    """The refusal that was seen; None if there was none, or it could not be found out."""
    said: str = ""
    """What the primary said, or what was seen; empty if there is nothing to report."""
    count: int = 0
    """How often the primary has refused PSYNC since its start, as its INFO says."""
    copies_refused: int = 0
    """By how much `count` has grown since the last try."""

    @property
    def refused(self) -> Refusal | None:
        """The refusal, a refused copy included; None if there is none.

        A replica asks for a copy once a second, while a sidecar's look adds one at most. So a
        growth of more than one means that the replica is refused.
        """
        return self.refusal or (Refusal.RIGHTS if self.copies_refused > 1 else None)


_WORDS: Final = (
    ("DENIED", Refusal.PROTECTED),
    ("max number of clients", Refusal.CROWDED),
    ("without any password configured", Refusal.LOGIN_UNASKED),
    ("NOAUTH", Refusal.LOGIN_WANTED),
    ("WRONGPASS", Refusal.LOGIN_WRONG),
    ("NOPERM", Refusal.RIGHTS),
    ("unknown command", Refusal.COMMAND),
)
"""Words of an error reply, and what they mean; the first match counts (server.c, networking.c,
acl.c)."""


def refusal(line: str) -> Refusal | None:
    """Return the refusal that a reply means; None for no error, and for errors that pass."""
    if not line.startswith("-"):
        return None
    return next((found for words, found in _WORDS if words in line), None)


def copies_refused(stats: str) -> int:
    """Return how often a server has rejected PSYNC, from `INFO commandstats`."""
    for line in stats.splitlines():
        if line.startswith("cmdstat_psync:"):
            facts = dict(pair.partition("=")[::2] for pair in line.partition(":")[2].split(","))
            return int(facts.get("rejected_calls", "0"))
    return 0
