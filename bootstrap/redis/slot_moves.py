"""What is asked of a server only while slots move: which do, and how many keys lie elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bootstrap.model import migration, slots
from bootstrap.redis import parse, questions, views

if TYPE_CHECKING:
    from bootstrap.redis import connection


async def running(one: connection.Connection, way: migration.Way) -> bool:
    """Whether a server still migrates slots, by the list that it has if it migrates this way.

    Raises:
        FailedError: when the server does not answer, or answers something else than a list.

    """
    async with one.turn():
        (reply,) = await one.exchange([questions.LISTS[way]])
        return any(job.running for job in parse.migrations(reply, now=0))


async def strays(one: connection.Connection) -> int | str | Exception:
    """Return how many keys a server has in slots it does not own; or why it does not tell.

    Redis 8.4 hides such keys from COUNTKEYSINSLOT and SCAN, unless the slot is open, but not from
    INFO. A server runs these few commands one after the other, without other clients' between them.
    Keys that come and go meanwhile would show in the second INFO. An exception is the server's
    refusal.

    Raises:
        FailedError: when the server does not answer.

    """
    info: connection.Command = ("INFO", "keyspace")
    stats: connection.Command = ("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 0, slots.SLOTS - 1)
    async with one.turn():
        replies = await one.exchange([info, stats, info])
        refused = [reply for reply in replies if isinstance(reply, Exception)]
        if refused:
            return refused[0]
        before, owned, after = replies
        keys, again = (views.keys(views.info(text)) for text in (before, after))
        inside = parse.keys_in_slots(owned)
    return keys - inside if keys == again else "their number changes just now"
