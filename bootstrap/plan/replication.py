"""Leads our replica to its primary at its present address.

Replication dials an address, and goes on dialling it after the primary has moved. What the replica
holds may be the last copy of the data. So it is led only to a node that has the data too.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.actions import Replicate
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan import last_copy, own_settings
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, forced_failover
from bootstrap.plan.verdict import Block


def wrong_primary(my: View) -> Member | None:
    """Our primary, if replication still dials an address that is no longer the primary's.

    Redis does not re-point replication when gossip brings the new address; valkey does. The link
    may even be up, with a peer that has the old address now.
    """
    primary = my.member(my.myself.primary_id)
    if primary is None or primary.failed or not primary.address or my.following:
        return None
    return primary if my.primary_host not in ("", primary.address) else None


def follows_replica(my: View) -> bool:
    """Whether our primary is a replica itself. No primary elects a replica of a replica."""
    primary = my.member(my.myself.primary_id)
    return primary is not None and primary.is_replica


def misplaced(my: View) -> bool:
    """Whether our node's own view shows that it copies from the wrong place."""
    return wrong_primary(my) is not None or follows_replica(my)


def follow(facts: Facts) -> Replicate | None:
    """The REPLICATE that makes our replica copy from where it should; None if it does."""
    return _readdress(facts) or _primary_of_primary(facts)


def _readdress(facts: Facts) -> Replicate | None:
    """REPLICATE of our present primary, which makes replication dial its present address."""
    primary = wrong_primary(facts.my)
    pod = facts.pod_by_id.get(primary.node_id) if primary else None
    if primary is None or pod is None or pod.view is None or last_copy.at_stake(facts, pod.view):
        return None
    if sum(view.node_id == primary.node_id for _, view in facts.viewed) > 1:
        return None  # two pods have a node of this id, and one of them is a copy
    here = (pod.address, own_settings.announced(pod))
    if facts.my.primary_host in here or pod.view.myself.is_replica:
        return None
    return Replicate(
        pod=facts.me.name,
        primary=pod.name,
        primary_id=primary.node_id,
        why=f"replication still dials {facts.my.primary_host}, and {pod.name} is at {pod.address}",
    )


def _primary_of_primary(facts: Facts) -> Replicate | None:
    """REPLICATE of our primary's own primary, whose data we have already."""
    our_primary = facts.pod_by_id.get(facts.my.myself.primary_id or "")
    if (
        our_primary is None
        or our_primary.view is None
        or not follows_replica(facts.my)
        or not facts.my.following
    ):
        return None
    its_primary = facts.pod_by_id.get(our_primary.view.myself.primary_id or "")
    if its_primary is None or its_primary.view is None or not our_primary.view.following:
        return None
    if not its_primary.view.myself.slots or its_primary.view.node_id not in facts.my.known_ids:
        return None
    return Replicate(
        pod=facts.me.name,
        primary=its_primary.name,
        primary_id=its_primary.view.node_id,
        why=f"{our_primary.name}, which it follows, is a replica of {its_primary.name}",
    )


def blocked(facts: Facts) -> Block | None:
    """Refuse if our replica's primary was found, and has lost keys that our replica still holds.

    The refusal keeps our node from what its sidecar does for a replica: it is not led to the
    primary's new address, and gets no password for the primary.
    """
    my, locked_out = facts.my, own_settings.locked_out(facts)
    primary = my.member(my.myself.primary_id) if locked_out else wrong_primary(my)
    pod = facts.pod_by_id.get(primary.node_id) if primary else None
    if pod is None or pod.view is None or not last_copy.at_stake(facts, pod.view):
        return None
    came = "came back with none: following it would copy the emptiness"
    if pod.view.keys:
        came = (
            f"came back without them, and has {slots.keys(pod.view.keys)} now: following it would"
            f" lose what {facts.me.name} holds"
        )
    go = Todo(
        what="only if they may go: follow the primary all the same",
        command=f"{commands.ask(facts.topology, facts.me.name)} CLUSTER REPLICATE"
        f" {pod.view.node_id}",
        destructive=True,
    )
    if locked_out:  # it would follow, and not be let in
        go = advice.emptying(facts.topology, facts.me.name, "only if they may go")
    return Block(
        code=Code.PRIMARY_EMPTY,
        why=f"{facts.me.name} holds {slots.keys(my.keys)}, and {pod.name}, its primary, {came}",
        fix=(*_keep(facts, pod.name, pod.view), go),
    )


def _keep(facts: Facts, name: str, primary: View) -> tuple[Todo, ...]:
    """How to keep our replica's keys. What clients have written to its primary is lost by that."""
    me = facts.me.name
    what = f"to keep the keys make {me} the primary"
    command = f"{commands.ask(facts.topology, me)} CLUSTER FAILOVER TAKEOVER"
    if not primary.keys:
        return (forced_failover.once_found(facts, Todo(what=what, command=command)),)
    act = Todo(what=f"{what}; what {name} has now is gone then", command=command, destructive=True)
    look = Todo(
        what=f"which keys has {name} now, and are they worth more than those of {me}?",
        command=f"{commands.ask(facts.topology, name)} --scan | head",
        expect="keys that are needed: save them first, see the runbook",
    )
    return (look, forced_failover.once_found(facts, act))
