"""Rule 4: a node that has moved is met where it is now, before anything is forgotten.

The bus dials addresses, and a cluster whose pods all come back with new ones never recovers by
itself. A MEET at the new address does it: the handshake reveals a known id, and the address is
bound anew on both sides. Each sidecar introduces its own node alone.
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
from bootstrap.plan.messages import advice, commands, durations
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Step, Wait

#: How long a node has to be failing, or without a link, before we look after it, in seconds: a
#: server that only restarts, where it was, is linked again sooner.
_UNWELL_SECONDS = 1.0
#: MEETs of one step. Each is a handshake of both sides; the peers send theirs too, so that a few
#: steps do for any number of pods.
_AT_ONCE = 30
#: From this many nodes on each sidecar looks at first after half of the pairs that its node is in.
#: Every pod at every other is n² reads of n lines: 0.1 s of processor time each for 60 pods.
_MANY = 12
#: For how long, in seconds; then it looks at all pods, whatever the others' sidecars are doing.
_HALF_SECONDS = 10.0
#: The same for one whose own half is done: the others' sidecars may share its processors. Where
#: no node had moved there is nothing to wait for.
_OTHERS_SECONDS = 7.0
_UNTIL = "our node knows every pod at its present address, and its link to its primary is up"


def needs(facts: Facts) -> LookFurther | None:
    """All pods, if our node shows a sign that one has moved; half of them at first, if many may."""
    if facts.my.alone or facts.snapshot.scope is Scope.ALL or not needed(facts):
        return None
    if not _by_halves(facts) or _half_done(facts):
        return LookFurther(scope=Scope.ALL, why="a look at where its peers are")
    if facts.snapshot.scope < Scope.HALF:
        return LookFurther(scope=Scope.HALF, why="a look at where half of its peers are")
    return None


def heal(facts: Facts) -> Plan | None:
    """What brings our node together with its peers; None when nothing of it is missing."""
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
    """Whether our own node shows a sign that a node may have moved."""
    my, timers = facts.my, facts.snapshot.timers
    if fast_form.marked(my):
        return False  # a seed is at work, and introduces all nodes
    if not facts.settled and timers.looked:
        return False  # it is about to join, and will look around for that
    if not timers.looked or _locked_out(facts):
        return True
    return timers.unwell >= _UNWELL_SECONDS or replication.misplaced(my)


def _locked_out(facts: Facts) -> bool:
    """Whether our replica may not log in where it dials: its primary has not proven to be there."""
    my = facts.my
    return (
        facts.topology.with_password and not my.peers_password_ok and own_settings.unproven(facts)
    )


def steps(facts: Facts) -> tuple[Step, ...]:
    """The MEETs that are proven to be safe, and the way to a primary that has moved."""
    actions: list[Action] = []
    actions += [_meet(facts, pod, view) for pod, view in moved.to_meet(facts)[:_AT_ONCE]]
    actions += introduce.again(facts) or ()
    follow = replication.follow(facts)
    if follow is not None:
        actions.append(follow)
    return (Step(actions=tuple(actions), until=_UNTIL),) if actions else ()


def _by_halves(facts: Facts) -> bool:
    """Whether so many may have moved at once that the work is shared."""
    my, timers = facts.my, facts.snapshot.timers
    named = my.setting("cluster-announce-hostname") is not None
    return named and len(my.others) >= _MANY and not timers.looked and timers.halved < _HALF_SECONDS


def _half_done(facts: Facts) -> bool:
    """Whether our own half is done, and the others have had their time."""
    if facts.snapshot.scope < Scope.HALF or steps(facts) or _pending(facts) or _unseen(facts):
        return False
    halved = facts.snapshot.timers.halved
    return not halved or halved >= _OTHERS_SECONDS


def _half(facts: Facts) -> Plan:
    """The introductions that are ours to make; then those that others make to us."""
    found, waits = steps(facts), [*_pending(facts), *_unseen(facts)]
    if not found and not waits:
        what = "the other half of its peers to introduce themselves"
        waits = [Wait(pod=facts.me.name, what=what, usual=_OTHERS_SECONDS)]
    return Plan(phase=Phase.HEAL, steps=found, waiting=tuple(waits), look=Scope.HALF)


def _meet(facts: Facts, pod: Pod, view: View) -> Meet:
    why = f"{pod.name} has moved; its node is the one that ours knows"
    return meetings.meet(facts.me, facts.my, pod, view, why=why)


def _blocked(facts: Facts) -> tuple[Block, ...]:
    """Why some of it is not done though it could be."""
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
    """Introductions that are under way, and those that have to wait for others' first."""
    shaking = {member.address for member in facts.my.others if member.handshake}
    waits: list[Wait] = []
    if introduce.again(facts) == ():
        what = "an owner of slots to know our node again"
        waits.append(Wait(pod=facts.me.name, what=what, usual=durations.GOSSIP))
    for _, pod, view in moved.displaced(facts):
        if pod.address in shaking:
            what = f"the handshake with {pod.name} at {pod.address} to end"
            waits.append(Wait(pod=pod.name, what=what, usual=durations.HANDSHAKE))
        elif not moved.mutual(facts, view):
            what = f"{pod.name}, which is at {pod.address} now, to know our node again"
            waits.append(Wait(pod=pod.name, what=what, fix=_by_hand(facts, pod, view)))
    return waits


def _login(facts: Facts) -> list[Wait]:
    if not _locked_out(facts):
        return []
    what = f"its primary to prove that it is at {facts.my.primary_host}, before it logs in there"
    primary = facts.my.member(facts.my.myself.primary_id)
    gone = primary and primary.failed and primary.node_id not in facts.pod_by_id
    fix = advice.only_copy(facts, facts.me.name) if gone else ""
    return [Wait(pod=facts.me.name, what=what, fix=fix, usual=0.0 if fix else durations.MARKED)]


def _unseen(facts: Facts) -> list[Wait]:
    """Siblings that may be on their way. No pod waits for them longer than our server does."""
    my = facts.my
    if my.uptime >= readiness.patience(my, facts.topology):
        return []
    waits: list[Wait] = []
    for member in my.others:
        pod = facts.pod_named(member)
        if member.handshake or member.failed or member.node_id in facts.pod_by_id:
            continue
        if pod is None and facts.settled and not facts.hostname(member):
            # No name leads to it: a look will come across its id. Who has no role asks whose it is.
            what = f"the pod of {facts.name(member)} to be found"
            waits.append(Wait(pod=facts.me.name, what=what, usual=durations.GOSSIP))
        if pod is None or facts.ghost(member):
            continue
        waits.append(advice.missing(facts, pod) or advice.unproven(facts, pod))
    return waits
