"""Meets nodes that have moved at their new addresses, and leads our replica to its primary.

The cluster bus dials addresses. So a cluster whose pods all come back with new addresses never
recovers by itself. MEET at the new address helps: the handshake reveals an id that is known
already, and both nodes then use the new address for that id. Each sidecar introduces only its own
node.
"""

from __future__ import annotations

from bootstrap.model import fast_form
from bootstrap.model.actions import Action, Meet
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo
from bootstrap.model.view import View
from bootstrap.plan import introduce, meetings, moved, own_settings, readiness, replication
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, durations, promotion, unread
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Step, Wait

_UNWELL_SECONDS = 1.0
"""How long a node must have failed, or have lacked a link, before all pods are looked at, in
seconds. A server that restarts at its old address is linked again sooner."""
_MEETS_PER_STEP = 30
"""How many MEETs one step sends at most. Each is a handshake of both nodes. The peers send theirs
too, so a few steps are enough for any number of pods."""
_HALVES_FROM = 12
"""From this many peers on, each sidecar first looks only at its half of the pairs that its node is
in. If every pod looks at every other, that is n² reads of n lines: for 60 pods each sidecar
spends 0.1 s of processor time."""
_HALF_SECONDS = 10.0
"""How long a sidecar looks only at its half, in seconds. Then it looks at all pods, whatever the
other sidecars do."""
_OTHERS_SECONDS = 7.0
"""How long a sidecar whose own half is done waits for the others, in seconds: their sidecars may
share its processors. If no node had moved, it does not wait."""
_UNTIL = "our node knows every pod at its present address, and its link to its primary is up"


def needs(facts: Facts) -> LookFurther | None:
    """A look at all pods if a node may have moved; at half of them first, if many may have."""
    if facts.my.alone or facts.snapshot.scope is Scope.ALL or not needed(facts):
        return None
    if not _by_halves(facts) or _half_done(facts):
        return LookFurther(scope=Scope.ALL, why="a look at where its peers are")
    if facts.snapshot.scope < Scope.HALF:
        return LookFurther(scope=Scope.HALF, why="a look at where half of its peers are")
    return None


def heal(facts: Facts) -> Plan | None:
    """What brings our node together with its peers, or why not; None if nothing is missing."""
    if facts.my.alone:
        return None
    if facts.snapshot.scope < Scope.ALL:
        return _half(facts) if needed(facts) else None
    found, blocked = steps(facts), _blocked(facts)
    if blocked:
        return Plan(phase=Phase.BLOCKED, blocked=blocked, steps=found, look=Scope.ALL)
    waits = (*_pending(facts), *_unseen(facts), *_login(facts))
    if not found and not waits:
        return None
    return Plan(phase=Phase.HEAL, steps=found, waiting=waits, look=Scope.ALL)


def needed(facts: Facts) -> bool:
    """Whether our own node's view shows a sign that a node may have moved."""
    my, timers = facts.my, facts.snapshot.timers
    if fast_form.marked(my):
        return False  # a seed is forming the cluster, and introduces all nodes
    if not facts.settled and timers.looked:
        return False  # our node is about to join, which needs a look at all pods anyway
    if not timers.looked or own_settings.locked_out(facts):
        return True
    return timers.unwell >= _UNWELL_SECONDS or replication.misplaced(my)


def steps(facts: Facts) -> tuple[Step, ...]:
    """One step with the MEETs that are proven to be safe, and the REPLICATE of a lost primary.

    No step if there is nothing of that to do.
    """
    actions: list[Action] = []
    actions += [_meet(facts, pod, view) for pod, view in moved.to_meet(facts)[:_MEETS_PER_STEP]]
    actions += introduce.again(facts) or ()
    follow = replication.follow(facts)
    if follow is not None:
        actions.append(follow)
    return (Step(actions=tuple(actions), until=_UNTIL),) if actions else ()


def _by_halves(facts: Facts) -> bool:
    """Whether so many nodes may have moved at once that the sidecars share the work.

    Not before redis 7.0, where nodes announce no hostnames.
    """
    my, timers = facts.my, facts.snapshot.timers
    named = my.setting("cluster-announce-hostname") is not None
    return (
        named
        and len(my.others) >= _HALVES_FROM
        and not timers.looked
        and timers.halved < _HALF_SECONDS
    )


def _half_done(facts: Facts) -> bool:
    """Whether our half is done, and the other sidecars have had their time for theirs."""
    if facts.snapshot.scope < Scope.HALF or steps(facts) or _pending(facts) or _unseen(facts):
        return False
    halved = facts.snapshot.timers.halved
    return not halved or halved >= _OTHERS_SECONDS


def _half(facts: Facts) -> Plan:
    """Our half: first the introductions that our node makes, then a wait for the other half."""
    found, waits = steps(facts), [*_pending(facts), *_unseen(facts)]
    if not found and not waits:
        what = "the other half of its peers to introduce themselves"
        waits = [Wait(pod=facts.me.name, what=what, usual=_OTHERS_SECONDS)]
    return Plan(phase=Phase.HEAL, steps=found, waiting=tuple(waits), look=Scope.HALF)


def _meet(facts: Facts, pod: Pod, view: View) -> Meet:
    why = f"{pod.name} has moved; its node is the one that ours knows"
    return meetings.meet(facts.me, facts.my, pod, view, why=why)


def _blocked(facts: Facts) -> tuple[Block, ...]:
    """Why a MEET, a REPLICATE or an introduction that is missing is not sent."""
    blocked = [
        Block(
            code=Code.FOREIGN_NODE,
            why=f"{pod.name} has moved to {pod.address}, and is not met: it and our node do not"
            " know the same nodes of others",
            fix=_by_hand(facts, pod, view),
        )
        for _, pod, view in moved.displaced(facts)
        if moved.mutual(facts, view) and moved.doubtful(facts, view)
    ]
    more = (replication.blocked(facts), introduce.blocked(facts))
    return (*blocked, *(block for block in more if block))


def _by_hand(facts: Facts, pod: Pod, view: View) -> tuple[Todo, ...]:
    """How a person checks that a moved node is of our cluster, and meets it."""
    return (
        advice.nodes(
            facts.topology,
            pod.name,
            f"which cluster does {pod.name} belong to, is it ours?",
            "expected: nodes of our pods alone",
        ),
        Todo(
            what="only if it is ours: bring the two together",
            command=f"{commands.ask(facts.topology, facts.me.name)} CLUSTER MEET"
            f" {pod.address} {view.myself.port}",
        ),
    )


def _pending(facts: Facts) -> list[Wait]:
    """Handshakes that are under way, and nodes that must first know our node again."""
    handshakes = {member.address for member in facts.my.others if member.handshake}
    waits: list[Wait] = []
    if introduce.again(facts) == ():
        what = "an owner of slots to know our node again"
        waits.append(Wait(pod=facts.me.name, what=what, usual=durations.GOSSIP))
    for _, pod, view in moved.displaced(facts):
        if pod.address in handshakes:
            what = f"the handshake with {pod.name} at {pod.address} to end"
            waits.append(Wait(pod=pod.name, what=what, usual=durations.HANDSHAKE))
        elif not moved.mutual(facts, view):
            what = f"{pod.name}, which is at {pod.address} now, to know our node again"
            waits.append(Wait(pod=pod.name, what=what, fix=_by_hand(facts, pod, view)))
    return waits


def _login(facts: Facts) -> list[Wait]:
    """The wait of a replica that gets no password yet; none if it may log in."""
    if not own_settings.locked_out(facts):
        return []
    what = f"its primary to prove that it is at {facts.my.primary_host}, before it logs in there"
    primary = facts.my.member(facts.my.myself.primary_id)
    gone = primary and primary.failed and primary.node_id not in facts.pod_by_id
    fix = promotion.only_copy(facts, facts.me.name) if gone else ""
    return [Wait(pod=facts.me.name, what=what, fix=fix, usual=0.0 if fix else durations.MARKED)]


def _unseen(facts: Facts) -> list[Wait]:
    """Waits for the pods of nodes that our node takes for living, and that were not found yet.

    They may be on their way. No wait once our server has found out by itself (`readiness`).
    """
    my = facts.my
    if my.uptime >= readiness.patience(my, facts.topology):
        return []
    waits: list[Wait] = []
    for member in my.others:
        pod = facts.pod_named(member)
        if member.handshake or member.failed or member.node_id in facts.pod_by_id:
            continue
        if pod is None and facts.settled and not facts.hostname(member):
            # No name leads to that node, but a later look may find its id in a pod. A node of ours
            # without a role does not wait here: `join` asks whose the node is.
            what = f"the pod of {facts.name(member)} to be found"
            waits.append(Wait(pod=facts.me.name, what=what, usual=durations.GOSSIP))
        if pod is None or facts.pod_of_ghost(member):
            continue
        waits.append(unread.missing(facts, pod) or unread.unproven(facts, pod))
    return waits
