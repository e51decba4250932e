"""What you may want to know of a node, though there is nothing to do about it.

That is what its server cannot do, or does not do for a while, and what follows.
"""

from __future__ import annotations

from bootstrap.model import leaving_mark
from bootstrap.plan import migrations
from bootstrap.plan.alarms import open_slots
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard import going


def notes(facts: Facts) -> tuple[str, ...]:
    """Return what there is to know, one text for each."""
    found = [*open_slots.notes(facts), *migrations.notes(facts)]
    leaving = going.may_go(facts)
    if leaving is not None:
        found.append(leaving.text)
    if leaving_mark.marked(facts.my):
        found.append("it was asked to hand over: no primary hands its role over to it for a while")
    if facts.my.setting("cluster-announce-hostname") is None:
        found.append(
            "servers before 7.0 carry no hostname: whose a node is can only be told by its address"
        )
    if facts.my.setting("cluster-announce-human-nodename") is None:
        found.append("servers before 7.2 carry no placement: hosts and zones are not considered")
    if facts.my.old_port:
        found.append(
            f"its server sends clients to port {facts.my.old_port} of this pod: take"
            " cluster-announce-port out of redis.conf, and restart the server"
        )
    if facts.my.bus_hidden:
        found.append(
            "whether other nodes have links to ours can't be told, so a node that all forgot seems"
            f" well: {facts.my.bus_hidden}"
        )
    return tuple(found)
