"""Whether our replica may hold the last copy of its shard, and would lose it by copying.

A primary may come back with its slots and without its data. It is a primary like any other then,
and the first write of a client ends its emptiness. So it is judged by what outlives that write.
"""

from __future__ import annotations

from bootstrap.model.view import View
from bootstrap.plan.facts import Facts


def at_stake(facts: Facts, primary: View) -> bool:
    """Whether our replica would lose keys by copying from this primary of its own.

    A primary from which that was so once stays one while it runs, whatever clients write to it.
    """
    my = facts.my
    if not my.keys or my.link_up or _same_stream(my, primary):
        return False
    return primary.run_id in facts.snapshot.timers.emptied or loses(my, primary)


def loses(my: View, primary: View) -> bool:
    """Whether a replica would lose keys by copying from its primary, by their two views alone.

    Three things speak for the primary, as a client may have deleted the keys there:

    - The replica's link is up. Then the primary has the same keys.
    - Both have one stream of writes. So the primary has not been started anew since the replica
      copied from it.
    - It has given a copy since its start, and only this replica can have got it. (With several
      replicas, another may have copied the loss.)

    Otherwise the primary counts as started since. If it holds no key, it has lost them. They may
    only have expired if the replica's all have a time to live, and if some have expired. If it
    holds some, it has lost them if these are less than half of those that the replica holds without
    a time to live. Unless it has a stream of old: then it was a replica when it got its keys, or
    has read a dump.
    """
    if not my.keys or my.link_up or _same_stream(my, primary) or _copied(my, primary):
        return False
    if not primary.keys:
        return bool(my.lasting) or not primary.expired
    return not primary.former_replication_id and 2 * primary.keys < my.lasting


def _same_stream(my: View, primary: View) -> bool:
    """Whether the primary still sends the stream of writes that the replica has copied."""
    return bool(my.replication_id) and my.replication_id == primary.replication_id


def _copied(my: View, primary: View) -> bool:
    """Whether the primary has given a copy since its start, and only this replica can have it."""
    if not primary.copies_given:
        return False
    known = (*my.members, *primary.members)
    others = (one for one in known if one.node_id != my.node_id)
    return not any(one.primary_id == primary.node_id for one in others)
