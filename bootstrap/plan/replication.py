"""Which node our replica copies from, once it has a role: its primary, where that is now.

Replication dials an address, and goes on dialling it. What a replica holds may be the last of the
data, so it is led only to a node that has that too.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.actions import Replicate
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan import own_settings
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, forced_failover
from bootstrap.plan.verdict import Block


def wrong_primary(my: View) -> Member | None:
    """Our primary, if replication still dials an address that it no longer has.

    Redis does not re-point replication when gossip brings the new address; valkey does. The link
    may even be up, with a sibling that has the old address now.
    """
    primary = my.member(my.myself.primary_id)
    if primary is None or primary.failed or not primary.address or my.following:
        return None
    return primary if my.primary_host not in ("", primary.address) else None


def follows_replica(my: View) -> bool:
    """Whether our primary is a replica itself. No primary elects a follower of a replica."""
    primary = my.member(my.myself.primary_id)
    return primary is not None and primary.is_replica


def misplaced(my: View) -> bool:
    """Whether our node shows by itself that its replica's place is not where it should be."""
    return wrong_primary(my) is not None or follows_replica(my)


def follow(facts: Facts) -> Replicate | None:
    """REPLICATE where our replica copies from somewhere else than it should."""
    return _anew(facts) or _upwards(facts)


def _anew(facts: Facts) -> Replicate | None:
    """REPLICATE of the primary that we have, which makes replication dial its present address."""
    primary = wrong_primary(facts.my)
    pod = facts.pod_by_id.get(primary.node_id) if primary else None
    if primary is None or pod is None or pod.view is None or _emptied(facts, pod.view):
        return None
    here = (pod.address, own_settings.announced(pod))
    if facts.my.primary_host in here or pod.view.myself.is_replica:
        return None
    return Replicate(
        pod=facts.me.name,
        primary=pod.name,
        primary_id=primary.node_id,
        why=f"replication still dials {facts.my.primary_host}, and {pod.name} is at {pod.address}",
    )


def _upwards(facts: Facts) -> Replicate | None:
    """REPLICATE of the primary of our primary, whose data we have all the same."""
    below = facts.pod_by_id.get(facts.my.myself.primary_id or "")
    if (
        below is None
        or below.view is None
        or not follows_replica(facts.my)
        or not facts.my.following
    ):
        return None
    above = facts.pod_by_id.get(below.view.myself.primary_id or "")
    if above is None or above.view is None or not below.view.following:
        return None
    if not above.view.myself.slots or above.view.node_id not in facts.my.known_ids:
        return None
    return Replicate(
        pod=facts.me.name,
        primary=above.name,
        primary_id=above.view.node_id,
        why=f"{below.name}, which it follows, is a replica of {above.name}",
    )


def blocked(facts: Facts) -> Block | None:
    """Why our replica is not led to its primary though that is known to be elsewhere."""
    primary = wrong_primary(facts.my)
    pod = facts.pod_by_id.get(primary.node_id) if primary else None
    if pod is None or pod.view is None or not _emptied(facts, pod.view):
        return None
    me, ask = facts.me.name, commands.ask(facts.topology, facts.me.name)
    held = slots.keys(facts.my.keys)
    return Block(
        code=Code.PRIMARY_EMPTY,
        why=f"{me} holds {held}, and {pod.name}, its primary, came"
        " back with none: following it would copy the emptiness",
        fix=(
            forced_failover.once_found(
                facts,
                Todo(
                    what=f"to keep the keys make {me} the primary",
                    command=f"{ask} CLUSTER FAILOVER TAKEOVER",
                ),
            ),
            Todo(
                what="only if they may go: follow the empty primary",
                command=f"{ask} CLUSTER REPLICATE {pod.view.node_id}",
                destructive=True,
            ),
        ),
    )


def _emptied(facts: Facts, primary: View) -> bool:
    """Whether following the primary would copy its emptiness over the last of the data.

    Where our link is up, what we hold is a copy of what another node has, and no last of it.
    """
    return bool(facts.my.keys) and not facts.my.link_up and not primary.keys
