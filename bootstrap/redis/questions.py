"""What a look asks a server, and how its replies are told apart again.

Questions have labels, so that one pipeline can carry them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bootstrap.model import migration
from bootstrap.model.view import Version
from bootstrap.redis import commands, views

if TYPE_CHECKING:
    from bootstrap.redis import connection

Questions = dict[str, "list[connection.Command]"]
"""Commands by label."""

_SECTIONS: Final = (
    "server",
    "clients",
    "memory",
    "persistence",
    "stats",
    "replication",
    "keyspace",
)
"""The sections of INFO that a view needs. Servers before 7.0 take one section at most, and are
asked for all of them."""
_MANY: Final = (7, 0, 0)
"""Since this version CONFIG GET and CONFIG SET take several settings at once (redis, config.c), and
there is CLUSTER LINKS."""
LISTS: Final[Mapping[migration.Way, connection.Command]] = {
    migration.Way.PUSH: ("CLUSTER", "GETSLOTMIGRATIONS"),
    migration.Way.PULL: ("CLUSTER", "MIGRATION", "STATUS", "ALL"),
}
"""How a server lists its slot migrations."""


def many(version: Version) -> bool:
    """Whether a server of this version takes several settings in one command."""
    return version >= _MANY


def needed(version: Version, *, tls: bool, moving: bool) -> Questions:
    """Return what a view cannot do without; `version` may be older than the server's.

    `moving` asks also for what only moves of slots need.
    """
    names = (
        *views.SETTINGS,
        *(views.MOVING if moving else ()),
        *views.LIMITS,
        *commands.PEERS_PASSWORD,
        *([views.CERTIFICATE] if tls else []),
    )
    together: list[connection.Command] = [("CONFIG", "GET", *names)]
    return {
        "info": [("INFO", *(_SECTIONS if many(version) else ()))],
        "cluster": [("CLUSTER", "INFO")],
        "nodes": [("CLUSTER", "NODES")],
        "settings": together if many(version) else [("CONFIG", "GET", name) for name in names],
    }


def wanted(version: Version, way: migration.Way | None, *, links: bool) -> Questions:
    """Return what a server of this version can tell besides; its refusal does no harm."""
    found: Questions = {}
    if links and many(version):
        found["links"] = [("CLUSTER", "LINKS")]
    if way is not None:
        found["migrations"] = [LISTS[way]]
    return found


def by_label(questions: Questions, replies: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the replies to all questions, which were sent in this order, by their labels."""
    rest = iter(replies)
    return {label: [next(rest) for _ in some] for label, some in questions.items()}
