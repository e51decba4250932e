"""Rule 3: the seed forms the cluster, once, and only on proof that no node owns anything.

This is the proof, and what is missing to it; the steps themselves are in `forming`.
"""

from __future__ import annotations

from bootstrap.model import fast_form, slots
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Pod, Scope, View
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.plan import form_steps, moved, size
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Scene
from bootstrap.plan.formation import Formation, formation, ours, under_way
from bootstrap.plan.messages import advice, commands, dns_names, durations
from bootstrap.plan.verdict import Block, Phase, Plan, Wait


def form(scene: Scene) -> Plan | None:
    """The seed's plan while nothing, or only a part, is formed; None when it is not its turn."""
    if not scene.topology.seed or not _unfinished(scene):
        return None
    if scene.snapshot.scope < Scope.ALL:
        return _waiting(
            Wait(pod=scene.me.name, what="a look at every expected pod", usual=durations.LOOK)
        )
    if scene.my.blank and _cluster_elsewhere(scene):
        return None  # slots come before meetings, so that cluster is not our half-done work
    found = formation(scene)
    if moved.displaced(scene) or (found is None and not scene.my.alone):
        return None  # whom we have only just met is where we met it: this cluster is an old one
    if found is None:
        listed = scene.snapshot.listed
        return size.refusal(scene) if listed else _waiting(_unlisted(scene))
    if ours(found):
        return _begin(scene, found) if _epochs_missing(found) else form_steps.finish(scene, found)
    if not scene.my.alone and not under_way(scene):
        return None  # an established cluster, whose slots have moved on from the layout
    blocked = tuple(block for pod, view in scene.viewed for block in _used(scene, found, pod, view))
    if blocked:
        return Plan(phase=Phase.BLOCKED, blocked=blocked, look=Scope.ALL)
    missing = _missing(scene)
    if missing or any(view.myself.slots for _, view in found.pods if not found.alone):
        return _waiting(*(missing or _handshakes(found) or _apart(scene, found)))
    return _begin(scene, found)


def _unfinished(scene: Scene) -> bool:
    """What the seed sees of it in its own node; keys mean that a cluster is in use already."""
    my = scene.my
    if my.alone or fast_form.marked(my):
        return True
    found = formation(scene) if scene.snapshot.scope is Scope.ALL else None
    if found is not None and ours(found):
        return True  # a seed that looks at all pods anyway sees it through until all have settled
    roleless = any(
        not member.is_replica and not member.slots and not member.failed for member in my.members
    )
    return not my.keys and (roleless or len(my.known_ids) < (scene.topology.size or 0))


def _cluster_elsewhere(scene: Scene) -> bool:
    return any(
        not view.alone and any(member.slots for member in view.members)
        for pod, view in scene.viewed
        if pod is not scene.me
    )


def _epochs_missing(found: Formation) -> bool:
    """Only a node that knows no other can be given one, so it comes before any MEET."""
    return found.alone and not all(view.myself.epoch for _, view in found.pods)


def _waiting(*waits: Wait) -> Plan:
    return Plan(phase=Phase.WAITING, waiting=waits, look=Scope.ALL)


def _missing(scene: Scene) -> list[Wait]:
    """Every pod that is not found, not reachable, or not proven to be ours.

    Later pods too, where DNS has them: one may be what is left of an earlier cluster, and own
    slots, when all the expected ones have lost their volumes.
    """
    waits: list[Wait] = []
    later = [pod.ordinal for pod in scene.snapshot.pods if pod.resolved.state == "found"]
    for ordinal in sorted({*scene.topology.ordinals, *later}):
        pod = scene.snapshot.pod(scene.topology.name_of(ordinal))
        if pod is None:
            waits.append(
                Wait(
                    pod=scene.topology.name_of(ordinal),
                    what="a first look at it",
                    usual=durations.LOOK,
                )
            )
            continue
        wait = advice.missing(scene, pod)
        if wait is None and scene.proof(pod) is not Proof.OURS:
            wait = advice.unproven(scene, pod)
        if wait is not None:
            waits.append(wait)
    return waits


def _used(scene: Scene, found: Formation, pod: Pod, view: View) -> list[Block]:
    """What makes a pod unfit to be formed from: keys, slots of its own, company of its own."""
    blocked: list[Block] = []
    keep = advice.used(scene.topology, pod.name)
    if view.keys:
        why = f"{pod.name} holds {slots.keys(view.keys)}; expected an empty node"
        blocked.append(Block(code=Code.POD_HAS_KEYS, why=why, fix=keep))
    if view.myself.slots and not found.prepared(pod, view):
        wanted = found.layout.slots_of(pod.ordinal)
        expected = f"{slots.render(wanted)} or none" if wanted else "none"
        why = f"{pod.name} owns {slots.named(view.myself.slots)}; expected {expected}"
        blocked.append(Block(code=Code.POD_HAS_SLOTS, why=why, fix=keep))
    foreign = [m for m in view.others if not m.handshake and not scene.is_ours(m)]
    if foreign or (view.myself.is_replica and view.alone):
        known = ", ".join(scene.name(member) for member in foreign) or "a primary it has lost"
        why = f"{pod.name} is already in a cluster, with {known}; expected one that knows no node"
        which = "which cluster is it in? Meeting it would merge two clusters"
        lines = "expected: its own line alone; the others are that cluster's nodes"
        fix = (
            advice.nodes(scene.topology, pod.name, which, lines),
            advice.emptying(scene.topology, pod.name),
        )
        blocked.append(Block(code=Code.OTHER_CLUSTER, why=why, fix=fix))
    return blocked


def _begin(scene: Scene, found: Formation) -> Plan:
    """All pods are there, alone, and blank or prepared: no node owns what we are about to give."""
    met = [pod for pod, view in found.pods if view.known_ids != {view.node_id}]
    if met:
        return _met_without_slots(scene.topology, met)
    if not found.alone:
        return _waiting(*_handshakes(found))
    if not scene.snapshot.listed:
        return _waiting(_unlisted(scene))
    return form_steps.begin(scene, found)


def _unlisted(scene: Scene) -> Wait:
    """Without the service's own word there may be pods that no look has shown."""
    return Wait(
        pod=scene.me.name,
        what=f"{scene.topology.subdomain} to say which pods it has: one beyond"
        " BOOTSTRAP_SIZE may own slots already",
        fix=dns_names.dns_fix(scene.topology),
        usual=durations.CACHED,
    )


def _handshakes(found: Formation) -> list[Wait]:
    """Introductions that are not ours. They expire by themselves without an answer."""
    return [
        Wait(
            pod=pod.name,
            what=f"the handshake of {pod.name} with {member.address} to end",
            usual=durations.HANDSHAKE,
        )
        for pod, view in found.pods
        for member in view.others
        if member.handshake
    ]


def _apart(scene: Scene, found: Formation) -> list[Wait]:
    """Nodes that own slots in a cluster which they do not know: they fell out of its meeting."""
    return [
        Wait(
            pod=pod.name,
            what=f"{pod.name} to know the others, some of which know more nodes than are expected",
            fix=(
                advice.nodes(
                    scene.topology,
                    scene.me.name,
                    "are all nodes that it knows of one cluster?",
                    "expected: nodes of our pods alone",
                ),
                Todo(
                    what="if they are: bring them together",
                    command=f"{commands.ask(scene.topology, pod.name)} CLUSTER MEET"
                    f" {scene.me.address} {scene.topology.port}",
                ),
            ),
        )
        for pod, view in found.pods
        if view.alone
    ]


def _met_without_slots(topology: Topology, met: list[Pod]) -> Plan:
    """We never introduce nodes before they own their slots, so this is not our half-done work."""
    block = Block(
        code=Code.LOST_SLOTS,
        why=f"{', '.join(pod.name for pod in met)} know other nodes, yet no slot has an owner:"
        " another tool introduced them, or the slots were lost",
        fix=(
            advice.nodes(
                topology,
                met[0].name,
                "which nodes were introduced to each other, and did they own slots?",
                "nodes of our pods alone: a tool such as redis-cli --cluster create was stopped"
                " half way; other nodes: see the runbook",
            ),
            *(
                advice.emptying(topology, pod.name, "only if there never was any data")
                for pod in met
            ),
        ),
    )
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=Scope.ALL)
