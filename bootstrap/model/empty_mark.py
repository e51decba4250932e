"""The setting with which a node stands empty, and the mark that says that its sidecar made it.

When a shard loses its last slot, each of its nodes turns into a replica of the node that took the
slot, with a whole copy. A node does not if its own `cluster-allow-replica-migration` is `no` at
that moment (redis 7.0, clusterUpdateSlotsConfigWith). A primary reads its own setting, and so does
each replica. Seen on valkey 9.1 and redis 8.10, which migrate slots by themselves.

`no` is a temporary setting. Its sidecar writes a mark into the human node name in the same command.
So a `no` without the mark is a person's own, and stays. A server forgets both when it ends.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import human_name
from bootstrap.model.view import View

SETTING: Final = "cluster-allow-replica-migration"
KEEPS: Final = "no"
"""The value with which a node stays what it is when its shard has lost its last slot."""
DEFAULT: Final = "yes"
_PLAIN: Final = 3
"""Parts of the name that always come before the mark: pod, host, zone."""


def stays(view: View) -> bool:
    """Whether a node stays what it is when its shard has lost its last slot."""
    return view.setting(SETTING) == KEEPS


def marked(view: View) -> bool:
    """Whether the node's own sidecar has made it stay."""
    return stays(view) and is_mark(view.setting(human_name.SETTING) or "")


def is_mark(name: str) -> bool:
    """Whether a human node name contains the mark."""
    return human_name.EMPTY in name.split("/")[_PLAIN:]


def mark(plain: str) -> str:
    """Return the human node name with the mark."""
    return f"{plain}/{human_name.EMPTY}"
