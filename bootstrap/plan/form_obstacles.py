"""What keeps the seed from forming, pod by pod, as refusals and waits for a person to read.

`form` decides which of these counts.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import Formation
from bootstrap.plan.messages import advice, commands, dns_names, durations, unread
from bootstrap.plan.verdict import Block, Wait


def used(facts: Facts, found: Formation) -> list[Block]:
    """Refuse, one block for each reason, to form with pods that are in use already."""
    return [block for pod, view in facts.viewed for block in _used(facts, found, pod, view)]


def _used(facts: Facts, found: Formation, pod: Pod, view: View) -> list[Block]:
    """Return why one pod is in use: it has keys, or slots outside its place, or foreign nodes."""
    blocked: list[Block] = []
    keep = advice.used(facts.topology, pod.name)
    if view.keys:
        why = f"{pod.name} holds {slots.keys(view.keys)}; expected an empty node"
        blocked.append(Block(code=Code.POD_HAS_KEYS, why=why, fix=keep))
    if view.myself.slots and not found.prepared(pod, view):
        wanted = found.layout.slots_of(pod.ordinal)
        expected = f"{slots.render(wanted)} or none" if wanted else "none"
        why = f"{pod.name} owns {slots.named(view.myself.slots)}; expected {expected}"
        blocked.append(Block(code=Code.POD_HAS_SLOTS, why=why, fix=keep))
    foreign = [m for m in view.others if not m.handshake and not facts.is_ours(m)]
    if foreign or (view.myself.is_replica and view.alone):
        known = ", ".join(facts.name(member) for member in foreign) or "a primary it has lost"
        why = f"{pod.name} is already in a cluster, with {known}; expected one that knows no node"
        which = "which cluster is it in? Meeting it would merge two clusters"
        lines = "expected: its own line alone; the others are that cluster's nodes"
        fix = (
            advice.nodes(facts.topology, pod.name, which, lines),
            advice.emptying(facts.topology, pod.name),
        )
        blocked.append(Block(code=Code.OTHER_CLUSTER, why=why, fix=fix))
    return blocked


def missing(facts: Facts) -> list[Wait]:
    """Wait for every pod that is not found, not reachable, or not proven to be ours.

    Pods beyond `BOOTSTRAP_SIZE` are waited for too, if DNS names them. If all expected pods have
    lost their volumes, such a pod may be all that is left of an earlier cluster, and own slots.
    """
    waits: list[Wait] = []
    later = [pod.ordinal for pod in facts.snapshot.pods if pod.resolved.state == "found"]
    for ordinal in sorted({*facts.topology.ordinals, *later}):
        pod = facts.snapshot.pod(facts.topology.name_of(ordinal))
        if pod is None:
            waits.append(
                Wait(
                    pod=facts.topology.name_of(ordinal),
                    what="a first look at it",
                    usual=durations.LOOK,
                )
            )
            continue
        wait = unread.missing(facts, pod)
        if wait is None and facts.proof(pod) is not Proof.OURS:
            wait = unread.unproven(facts, pod)
        if wait is not None:
            waits.append(wait)
    return waits


def met_without_slots(topology: Topology, met: list[Pod]) -> Block:
    """Refuse to form with nodes that know each other while no slot has an owner.

    The sidecar introduces no node before it owns its slots, so this is no half-done formation.
    """
    return Block(
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


def handshakes(facts: Facts) -> list[Wait]:
    """Wait for handshakes that the sidecar did not begin. Without an answer they expire."""
    return [
        Wait(
            pod=pod.name,
            what=f"the handshake of {pod.name} with {member.address} to end",
            usual=durations.HANDSHAKE,
        )
        for pod, view in facts.viewed
        for member in view.others
        if member.handshake
    ]


def apart(facts: Facts, found: Formation) -> list[Wait]:
    """Wait for nodes that own slots and know no other node, while others have met already."""
    return [
        Wait(
            pod=pod.name,
            what=f"{pod.name} to know the others, some of which know more nodes than are expected",
            fix=(
                advice.nodes(
                    facts.topology,
                    facts.me.name,
                    "are all nodes that it knows of one cluster?",
                    "expected: nodes of our pods alone",
                ),
                Todo(
                    what="if they are: bring them together",
                    command=f"{commands.ask(facts.topology, pod.name)} CLUSTER MEET"
                    f" {facts.me.address} {facts.topology.port}",
                ),
            ),
        )
        for pod, view in found.pods
        if view.alone
    ]


def unlisted(facts: Facts) -> Wait:
    """Wait for DNS to list the Service's pods: without the list a pod may have been missed."""
    return Wait(
        pod=facts.me.name,
        what=f"{facts.topology.subdomain} to say which pods it has: one beyond"
        " BOOTSTRAP_SIZE may own slots already",
        fix=dns_names.dns_fix(facts.topology),
        usual=durations.CACHED,
    )
