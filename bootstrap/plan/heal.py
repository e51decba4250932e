"""Rule 4: a node that has moved is met where it is now, before anything is forgotten.

The bus dials addresses, and a cluster whose pods all come back with new ones never recovers by
itself. A MEET at the new address does it: the handshake reveals a known id, and the address is
bound anew on both sides. Each sidecar introduces its own node alone.
"""

from __future__ import annotations

from bootstrap.model import fast_form
from bootstrap.model.actions import Action, Meet
from bootstrap.model.snapshot import Pod, Scope, View
from bootstrap.model.todo import Todo
from bootstrap.plan import introduce, meetings, moved, own_settings, readiness, replication
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Scene
from bootstrap.plan.messages import advice, commands, durations
from bootstrap.plan.verdict import Block, Phase, Plan, Step, Wait

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


def heal(scene: Scene) -> Plan | None:
    """What brings our node together with its siblings; None when nothing of it is missing."""
    if scene.my.alone:
        return None
    if scene.snapshot.scope < Scope.ALL:
        if not needed(scene):
            return None
        if _by_halves(scene):
            return _half(scene)
        return _around(scene)
    found, blocked = steps(scene), _blocked(scene)
    if blocked:
        return Plan(phase=Phase.BLOCKED, blocked=blocked, steps=found, look=Scope.ALL)
    waits = (*_pending(scene), *_unseen(scene), *_login(scene))
    if not found and not waits:
        return None
    return Plan(phase=Phase.HEAL, steps=found, waiting=waits, look=Scope.ALL)


def needed(scene: Scene) -> bool:
    """Whether our own node shows a sign that a node may have moved."""
    my, memory = scene.my, scene.snapshot.memory
    if fast_form.marked(my):
        return False  # a seed is at work, and introduces all nodes
    if not scene.settled and memory.looked:
        return False  # it is about to join, and will look around for that
    if not memory.looked or _locked_out(scene):
        return True
    return memory.unwell >= _UNWELL_SECONDS or replication.amiss(my)


def _locked_out(scene: Scene) -> bool:
    """Whether our replica may not log in where it dials: its primary has not proven to be there."""
    my = scene.my
    return (
        scene.topology.with_password and not my.peers_password_ok and own_settings.unproven(scene)
    )


def steps(scene: Scene) -> tuple[Step, ...]:
    """The MEETs that are proven to be safe, and the way to a primary that has moved."""
    actions: list[Action] = []
    actions += [_meet(scene, pod, view) for pod, view in moved.to_meet(scene)[:_AT_ONCE]]
    actions += introduce.again(scene) or ()
    follow = replication.follow(scene)
    if follow is not None:
        actions.append(follow)
    return (Step(actions=tuple(actions), until=_UNTIL),) if actions else ()


def _around(scene: Scene) -> Plan:
    wait = Wait(pod=scene.me.name, what="a look at where its siblings are", usual=durations.LOOK)
    return Plan(phase=Phase.HEAL, waiting=(wait,), look=Scope.ALL)


def _by_halves(scene: Scene) -> bool:
    """Whether so many may have moved at once that the work is shared."""
    my, memory = scene.my, scene.snapshot.memory
    named = my.setting("cluster-announce-hostname") is not None
    return named and len(my.others) >= _MANY and not memory.looked and memory.halved < _HALF_SECONDS


def _half(scene: Scene) -> Plan:
    """The introductions that are ours to make; then those that others make to us."""
    me = scene.me.name
    if scene.snapshot.scope < Scope.HALF:
        what = "a look at where half of its siblings are"
        waits = [Wait(pod=me, what=what, usual=durations.LOOK)]
        return Plan(phase=Phase.HEAL, waiting=tuple(waits), look=Scope.HALF)
    found, waits = steps(scene), [*_pending(scene), *_unseen(scene)]
    if not found and not waits:
        halved = scene.snapshot.memory.halved
        if not halved or halved >= _OTHERS_SECONDS:
            return _around(scene)
        what = "the other half of its siblings to introduce themselves"
        waits = [Wait(pod=me, what=what, usual=_OTHERS_SECONDS)]
    return Plan(phase=Phase.HEAL, steps=found, waiting=tuple(waits), look=Scope.HALF)


def _meet(scene: Scene, pod: Pod, view: View) -> Meet:
    why = f"{pod.name} has moved; its node is the one that ours knows"
    return meetings.meet(scene.me, scene.my, pod, view, why=why)


def _blocked(scene: Scene) -> tuple[Block, ...]:
    """Why some of it is not done though it could be."""
    blocked = [
        Block(
            code=Code.FOREIGN_NODE,
            why=f"{pod.name} has moved to {pod.address}, and is not met: it and our node do not"
            " know the same nodes of others",
            fix=_by_hand(scene, pod, view),
        )
        for _, pod, view in moved.displaced(scene)
        if moved.mutual(scene, view) and moved.doubtful(scene, view)
    ]
    more = (replication.blocked(scene), introduce.blocked(scene))
    return (*blocked, *(block for block in more if block))


def _by_hand(scene: Scene, pod: Pod, view: View) -> tuple[Todo, ...]:
    return (
        advice.nodes(
            scene.topology,
            pod.name,
            f"which cluster does {pod.name} belong to, is it ours?",
            "expected: nodes of our pods alone",
        ),
        Todo(
            what="only if it is ours: bring the two together",
            command=f"{commands.ask(scene.topology, scene.me.name)} CLUSTER MEET"
            f" {pod.address} {view.myself.port}",
        ),
    )


def _pending(scene: Scene) -> list[Wait]:
    """Introductions that are under way, and those that have to wait for others' first."""
    shaking = {member.address for member in scene.my.others if member.handshake}
    waits: list[Wait] = []
    if introduce.again(scene) == ():
        what = "an owner of slots to know our node again"
        waits.append(Wait(pod=scene.me.name, what=what, usual=durations.GOSSIP))
    for _, pod, view in moved.displaced(scene):
        if pod.address in shaking:
            what = f"the handshake with {pod.name} at {pod.address} to end"
            waits.append(Wait(pod=pod.name, what=what, usual=durations.HANDSHAKE))
        elif not moved.mutual(scene, view):
            what = f"{pod.name}, which is at {pod.address} now, to know our node again"
            waits.append(Wait(pod=pod.name, what=what, fix=_by_hand(scene, pod, view)))
    return waits


def _login(scene: Scene) -> list[Wait]:
    if not _locked_out(scene):
        return []
    what = f"its primary to prove that it is at {scene.my.primary_host}, before it logs in there"
    primary = scene.my.member(scene.my.myself.primary_id)
    gone = primary and primary.failed and primary.node_id not in scene.pod_by_id
    fix = advice.only_copy(scene, scene.me.name) if gone else ""
    return [Wait(pod=scene.me.name, what=what, fix=fix, usual=0.0 if fix else durations.MARKED)]


def _unseen(scene: Scene) -> list[Wait]:
    """Siblings that may be on their way. No pod waits for them longer than our server does."""
    my = scene.my
    if my.uptime >= readiness.patience(my, scene.topology):
        return []
    waits: list[Wait] = []
    for member in my.others:
        pod = scene.pod_named(member)
        if member.handshake or member.failed or member.node_id in scene.pod_by_id:
            continue
        if pod is None and scene.settled and not scene.hostname(member):
            # No name leads to it: a look will come across its id. Who has no role asks whose it is.
            what = f"the pod of {scene.name(member)} to be found"
            waits.append(Wait(pod=scene.me.name, what=what, usual=durations.GOSSIP))
        if pod is None or scene.ghost(member):
            continue
        waits.append(advice.missing(scene, pod) or advice.unproven(scene, pod))
    return waits
