"""Nodes whose pods were scaled away are forgotten, where a wish says that they are not needed.

Nothing tells a sidecar that a pod will not come back: from inside, a pod that was scaled away looks
as one that restarts. So our node forgets such a node only if all of this is so:

- All nodes show the same number of shards, and it does not need the pod.
- The node has failed for most nodes, or has no address.
- No node says that it owns slots, and no other node follows it, but those that go with it. If it
  is a replica of an owner of slots, that one answers.
- DNS has said for a minute, without a break, that the pod's name does not exist. Each look asks in
  another form, whose answer no cache can hold. Silence, a failure, and a list without the pod do
  not count. The Service's own name exists meanwhile.

The minute is longer than any cache holds an answer. If a node is forgotten all the same, and comes
back, its own sidecar introduces it again (`introduce`).

FORGET bans an id for 60 s on one node. All sidecars see the same, so all forget within that time.
"""

from __future__ import annotations

from bootstrap.model.actions import Forget
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.view import Member
from bootstrap.plan import safety_forget, timed
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.agreement import agreement
from bootstrap.plan.reshard.standing import first_beyond
from bootstrap.plan.verdict import Phase, Plan, Step, Wait


def gone(facts: Facts) -> Plan | None:
    """Forget the nodes that are proven to be gone, or wait for the proof; None if there is none."""
    some = leaving(facts)
    if not some:
        return None
    actions = tuple(
        Forget(
            pod=facts.me.name,
            ghost=facts.name(member),
            node_id=member.node_id,
            why=f"{pod.name} was scaled away, and the wished shards do not need it",
        )
        for member, pod in some
        if safety_forget.left(facts, member)
    )
    if actions:
        step = Step(actions=actions, until="no node of a pod that is gone is left in our view")
        return Plan(phase=Phase.HEAL, steps=(step,), look=Scope.ALL)
    names = list(dict.fromkeys(pod.name for _, pod in some))
    those = "its node is" if len(names) == 1 else "their nodes are"
    what = (
        f"{', '.join(names)} to be denied by DNS for {safety_forget.SECONDS:.0f} s, as after"
        f" scaling down: then {those} forgotten"
    )
    waits = (Wait(pod=names[0], what=what, usual=safety_forget.SECONDS),)
    return Plan(phase=Phase.WAITING, waiting=waits, look=Scope.ALL)


def leaving(facts: Facts) -> list[tuple[Member, Pod]]:
    """Return the nodes that only lack the minute, with their pods, by ordinal.

    It takes a look at all pods.
    """
    wish = facts.snapshot.wished.wish
    if facts.snapshot.scope < Scope.ALL or wish is None or wish.shards is None:
        return []
    away = [
        (member, pod)
        for member in facts.my.others
        if member.gone and (pod := _pod(facts, member, wish.shards)) is not None
    ]
    ids = {member.node_id for member, _ in away}
    found = [one for one in away if not _needed(facts, one[0], ids)]
    agreed = agreement(facts) if found else None
    if agreed is None or agreed.wish is None:
        return []
    return sorted(found, key=lambda one: (one[1].ordinal, one[0].node_id))


def _pod(facts: Facts, member: Member, wish: int) -> Pod | None:
    """Return the pod of a node if the wish does not need it, and DNS denies its name now."""
    ordinal = facts.topology.ordinal_of(facts.hostname(member))
    if ordinal is None or ordinal < first_beyond(facts.topology, wish):
        return None
    pod = facts.snapshot.pod(facts.topology.name_of(ordinal))
    return pod if pod is not None and timed.denied(pod) else None


def _needed(facts: Facts, ghost: Member, away: set[str]) -> bool:
    """Whether a node says that the ghost owns slots, or that a node follows it that does not go.

    Or the ghost is a copy of an owner of slots that does not answer: its copy may be the last one.
    """
    return safety_forget.may_be_last(facts, ghost) or any(
        (one.node_id == ghost.node_id and one.slots)
        or (one.primary_id == ghost.node_id and one.node_id not in away)
        for _, view in facts.viewed
        for one in view.members
    )
