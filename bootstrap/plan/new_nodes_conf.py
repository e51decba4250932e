"""Refuses if our pod holds keys, but its `nodes.conf` is new.

That happens if `nodes.conf` was emptied, or is kept outside the volume. Such a server starts with a
new node id, and claims the slots of its keys, which no other node knows of. The peers still know
the pod as its former node. The sidecar touches no keys, and a person decides.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, forced_failover
from bootstrap.plan.verdict import Block, Phase, Plan


def keys(pod: Pod) -> int:
    """The keys in a pod whose node is new and knows no other; 0 if the node knows others."""
    return pod.view.keys if pod.view is not None and pod.view.alone else 0


def fate(pod: Pod) -> str:
    """Why a pod's former node is gone, in words, as far as the pod shows it."""
    held = keys(pod)
    if held:
        return f"the nodes.conf of {pod.name} is new, and its volume holds {slots.keys(held)}"
    return f"the volume of {pod.name} is gone"


def renewed(facts: Facts) -> Plan | None:
    """Refuse if our node holds keys and knows no other, and peers know another node in its pod."""
    me, my = facts.me, facts.my
    former = _former(facts)
    if former is None or not keys(me):
        return None
    owned = f"the owner of slots {slots.brief(former.slots)}, which are not served now"
    block = Block(
        code=Code.POD_HAS_KEYS,
        why=f"{fate(me)}: it is node {my.node_id[:8]} now, which knows no other, and its peers"
        f" know it as {former.node_id[:8]}, {owned if former.slots else 'which owns no slot'};"
        " its keys are untouched",
        fix=(_where(facts), *(_serve(facts, former) if former.slots else (_last(facts),))),
    )
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=Scope.ALL)


def _former(facts: Facts) -> Member | None:
    """Our pod's former node, by what peers in a cluster say; None if they know none.

    If they know several, it is one that owns slots.
    """
    told = [
        member
        for pod, view in facts.viewed
        if pod is not facts.me and not view.alone
        for member in view.members
        if member.node_id not in facts.pod_by_id and facts.pod_named(member) is facts.me
    ]
    return min(told, key=lambda one: (not one.slots, one.node_id), default=None)


def _where(facts: Facts) -> Todo:
    """Looks at where the server keeps `nodes.conf`."""
    return Todo(
        what="does its server keep nodes.conf on the volume?",
        command=f"{commands.ask(facts.topology, facts.me.name)} CONFIG GET cluster-config-file",
        expect="a name without a path, which lies in the server's dir; where it lies beside the"
        " volume, correct redis.conf, or the next restart does the same",
    )


def _serve(facts: Facts, former: Member) -> tuple[Todo, ...]:
    """How a replica of the former node takes over its slots, if one has its keys."""
    following = [
        (pod, view) for pod, view in facts.viewed if view.myself.primary_id == former.node_id
    ]
    if not following:
        return (
            Todo(
                what="no replica of it answers, so this pod may have the only copy: bring one back,"
                " or put back a copy of its nodes.conf; empty nothing before"
            ),
        )
    pod, view = max(following, key=lambda one: (one[1].keys, -one[0].ordinal))
    return (
        Todo(
            what=f"does {pod.name}, its replica, have all keys?",
            command=f"{commands.ask(facts.topology, pod.name)} DBSIZE",
            expect=f"as many as {facts.me.name}, {facts.my.keys}; it had {view.keys} when asked",
        ),
        forced_failover.once_found(
            facts,
            Todo(
                what=f"if so, let {pod.name} serve them",
                command=f"{commands.ask(facts.topology, pod.name)} CLUSTER FAILOVER FORCE",
                expect="`status` shows it as the primary; if half of the primaries or more are"
                " down, TAKEOVER in place of FORCE",
            ),
        ),
        _last(facts),
    )


def _last(facts: Facts) -> Todo:
    """Empties our pod, once its keys are served elsewhere."""
    return Todo(
        what="once `status` shows all slots served, and no key is missed, give this pod an empty"
        " volume: it joins again as a replica",
        command=advice.empty(facts.topology, facts.me.name),
        expect="writes that only this pod has are gone then",
        destructive=True,
    )
