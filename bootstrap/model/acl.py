"""The rights that the sidecar's user needs, in the words of the servers' access control lists.

No right to a key is among them, but for moving slots with valkey: the sidecar never reads or writes
what clients store. It sends no command that is not listed here, so a server that grants no more
also prevents all others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LOOK: Final = (
    "+info",
    "+cluster|info",
    "+cluster|nodes",
    "+cluster|shards",
    "+cluster|links",
    "+config|get",
)
"""To look: needed for formation, keeping, hand-over, `status` and a dry run."""
ACT: Final = (
    "+config|set",
    "+cluster|set-config-epoch",
    "+cluster|addslots",
    "+cluster|meet",
    "+cluster|replicate",
    "+cluster|forget",
    "+cluster|failover",
)
"""To form a cluster and keep it whole. `cluster|failover` hands a primary's role over."""
FOLLOW: Final = ("+replconf", "+psync")
"""For the servers themselves: a replica logs in to its primary as this user (`masteruser`)."""
PUSH: Final = (
    "+cluster|migrateslots",
    "+cluster|getslotmigrations",
    "+cluster|cancelslotmigrations",
    "+cluster|slot-stats",
    "+function|dump",
)
"""To move slots with valkey, if a number of shards is wished."""
PUSHED: Final = ("+cluster|syncslots", "+select", "+@write", "~*")
"""For valkey itself then: the source logs in to the target as this user (`masteruser`). FUNCTION
RESTORE is in `@write` too."""
PULL: Final = ("+cluster|migration", "+cluster|slot-stats")
"""To move slots with redis. Its servers need no rights at each other."""
_CONTAINERS: Final = frozenset({"CLUSTER", "CONFIG", "FUNCTION"})
"""Commands whose second word belongs to the command's name."""

PURPOSES: Final = {
    "AUTH": "to be let in with the password",
    "CLUSTER": "to see the cluster, to form it and to keep it whole",
    "CONFIG": "to tell the node its name and address, and to read its settings",
    "INFO": "to see the version, the role, the link and the number of keys",
    "PSYNC": "for replicas to copy from their primary",
    "REPLCONF": "for replicas to copy from their primary",
}
"""What each command is for, for messages. A server may not know one, as after `rename-command`."""


def rule() -> str:
    """Return all rights in the form that ACL SETUSER takes."""
    return " ".join((*LOOK, *ACT, *FOLLOW))


def typed(some: Iterable[str] = (*LOOK, *ACT, *FOLLOW)) -> str:
    """Return rights as a person types them.

    A shell takes the `|` of `+cluster|meet` for a pipe, and the `*` of `~*` for names of files.
    """
    return " ".join(f"'{one}'" if {*one} & {*"|*"} else one for one in some)


def needed_for(first: str, second: str = "") -> str:
    """Return the right that a command needs, from the command's first two words."""
    name = f"{first}|{second}" if first in _CONTAINERS else first
    return f"+{name.lower()}"
