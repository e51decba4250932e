"""What a replica's primary answers the replica's own pod, while the replica has no link to it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

#: For how long a link has to be down before the sidecar asks why, and asks again, in seconds. A
#: copy begins after `repl-diskless-sync-delay`, 5 s by default, and no link is up before.
LASTING_SECONDS: Final = 5.0


class Refusal(enum.StrEnum):
    """How a primary turns a replica away."""

    #: Its protected-mode is on, and its default user has no password.
    PROTECTED = "protected"
    #: It has as many clients as its maxclients allows.
    CROWDED = "crowded"
    #: It wants a password, and the replica has none to send.
    LOGIN_WANTED = "login-wanted"
    #: It does not take the replica's user and password.
    LOGIN_WRONG = "login-wrong"
    #: It has no password, and the replica sends one.
    LOGIN_UNASKED = "login-unasked"
    #: The replica's user may not do what a replica does.
    RIGHTS = "rights"
    #: It does not know a command that a replica sends.
    COMMAND = "command"
    #: Its port takes no connection.
    CLOSED = "closed"
    #: Its port does not answer.
    SILENT = "silent"
    #: It speaks no TLS, and the replica does.
    PLAIN = "plain"
    #: It speaks TLS, and the replica does not.
    ENCRYPTED = "encrypted"
    #: One of the two does not accept the certificate of the other.
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryAnswer:
    """What came of trying the primary's port as the replica does."""

    #: Where the replica dials.
    address: str
    port: int
    #: None where it answers as it should, and where that could not be found out.
    refusal: Refusal | None = None
    #: What it said, or what was seen.
    said: str = ""
    #: How often it has refused PSYNC since its start, by its own count.
    count: int = 0
    #: By how many that has grown since the try before: a replica asks once a second.
    copies_refused: int = 0

    @property
    def refused(self) -> Refusal | None:
        """How it turns the replica away, refusing to be copied included; None where it does not.

        A replica asks for a copy once a second, and a sidecar's look counts once at most.
        """
        return self.refusal or (Refusal.RIGHTS if self.copies_refused > 1 else None)


#: Words of a refusal, in the order in which they are looked for (server.c, networking.c, acl.c).
_WORDS: Final = (
    ("DENIED", Refusal.PROTECTED),
    ("max number of clients", Refusal.CROWDED),
    ("without any password configured", Refusal.LOGIN_UNASKED),
    ("NOAUTH", Refusal.LOGIN_WANTED),
    ("WRONGPASS", Refusal.LOGIN_WRONG),
    ("NOPERM", Refusal.RIGHTS),
    ("unknown command", Refusal.COMMAND),
)


def refusal(line: str) -> Refusal | None:
    """What an error reply says of the replica; None for all that passes by itself."""
    if not line.startswith("-"):
        return None
    return next((found for words, found in _WORDS if words in line), None)


def copies_refused(stats: str) -> int:
    """How often a server has refused PSYNC before it began with it, by `INFO commandstats`."""
    for line in stats.splitlines():
        if line.startswith("cmdstat_psync:"):
            facts = dict(pair.partition("=")[::2] for pair in line.partition(":")[2].split(","))
            return int(facts.get("rejected_calls", "0"))
    return 0
