"""What our user has to be allowed, in the words of the servers' access control lists.

No right to a key: nothing that a client has stored is ever read or written. What is not listed here
is never sent, so a server that allows no more keeps us from it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: To see what there is: formation, keeping, hand-over, status and dry run alike.
LOOK: Final = (
    "+info",
    "+cluster|info",
    "+cluster|nodes",
    "+cluster|shards",
    "+cluster|links",
    "+config|get",
)
#: To form a cluster and keep it whole; the last is for handing a primary's role over.
ACT: Final = (
    "+config|set",
    "+cluster|set-config-epoch",
    "+cluster|addslots",
    "+cluster|meet",
    "+cluster|replicate",
    "+cluster|forget",
    "+cluster|failover",
)
#: For the servers themselves: a replica logs in to its primary as this user (`masteruser`).
FOLLOW: Final = ("+replconf", "+psync")
#: Words of a command that say what it is: of these two, since others have no second that does.
_CONTAINERS: Final = frozenset({"CLUSTER", "CONFIG"})


#: What each command is for that a server may have been made not to know, as by `rename-command`.
PURPOSES: Final = {
    "AUTH": "to be let in with the password",
    "CLUSTER": "to see the cluster, to form it and to keep it whole",
    "CONFIG": "to tell the node its name and address, and to read its settings",
    "INFO": "to see the version, the role, the link and the number of keys",
    "PSYNC": "for replicas to copy from their primary",
    "REPLCONF": "for replicas to copy from their primary",
}


def rule() -> str:
    """Return all of it, as ACL SETUSER takes it."""
    return " ".join((*LOOK, *ACT, *FOLLOW))


def typed(some: Iterable[str] = (*LOOK, *ACT, *FOLLOW)) -> str:
    """The same as a person types it: a shell takes the bar in `+cluster|meet` for a pipe."""
    return " ".join(f"'{one}'" if "|" in one else one for one in some)


def needed_for(first: str, second: str = "") -> str:
    """Return the right to send the command that begins with these words."""
    name = f"{first}|{second}" if first in _CONTAINERS else first
    return f"+{name.lower()}"
