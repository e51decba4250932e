"""The seed forms the cluster, once, and only on proof that no node owns a slot or holds a key.

The seed is the pod with the lowest ordinal. It gives out the first slots only if all of this is so:

1. No pod that answers is in use: none holds keys, owns slots other than exactly those of its place
   in the layout, or knows foreign nodes.
2. Every expected pod was found, answers, and is proven to be ours. So is any later pod that DNS
   names.
3. No pod's node knows another node, and no handshake is under way.
4. DNS has listed the Service's pods, so a pod beyond `BOOTSTRAP_SIZE` cannot be missed.

`_obstacle` checks the four. Before this rule `rules` has asked the doubts (`conflicts`,
`new_nodes_conf`). After it nothing is sent if a server cannot write its nodes.conf (`unwritable`),
if the last door objects (`safety`), or if a second look, taken right before, leads to another step.

What is missing is waited for, or refused, by name. A formation that
was cut off is continued from the stage it has reached (`Stage`). The steps are in `form_steps`, the
words for the obstacles in `form_obstacles`.
"""

from __future__ import annotations

import enum

from bootstrap.model import fast_form
from bootstrap.model.snapshot import Scope
from bootstrap.plan import form_obstacles, form_steps, moved, size
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import Formation, formation, ours, under_way
from bootstrap.plan.reshard import unfit
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Wait


class Stage(enum.Enum):
    """How far the first formation has come, as the seed sees it in a look at all pods."""

    ESTABLISHED = enum.auto()
    """There is a cluster, and it is no half-done formation. Other rules decide."""
    UNSIZED = enum.auto()
    """There is no cluster, and no valid number of pods to form one with."""
    UNPREPARED = enum.auto()
    """It is not proven yet that every primary has its slots."""
    PREPARED = enum.auto()
    """Every primary has its slots, no node knows another, and some node has no epoch yet."""
    MEETING = enum.auto()
    """Every primary has its slots. Nodes meet, and replicas follow their primaries."""


def needs(facts: Facts) -> LookFurther | None:
    """Ask for a look at all pods while the seed's own node shows that forming may not be over."""
    narrow = facts.snapshot.scope < Scope.ALL
    if facts.topology.seed and narrow and _unfinished(facts, None):
        return LookFurther(scope=Scope.ALL, why="a look at every expected pod")
    return None


def form(facts: Facts) -> Plan | None:
    """Return the seed's plan until the cluster is formed; None afterwards, and for other pods."""
    if not facts.topology.seed or facts.snapshot.scope < Scope.ALL:
        return None
    found = formation(facts)
    if not _unfinished(facts, found):
        return None
    stage = _stage(facts, found)
    if stage is Stage.ESTABLISHED:
        return None
    if found is None or stage is Stage.UNSIZED:
        return _unlisted(facts) or size.refusal(facts)
    if stage is Stage.MEETING:
        return form_steps.finish(facts, found)
    return _obstacle(facts, found, stage) or form_steps.begin(facts, found)


def _stage(facts: Facts, found: Formation | None) -> Stage:
    """Return the stage that the formation has reached."""
    if facts.my.blank and _cluster_elsewhere(facts):
        # The seed has slots before any MEET, so this cluster is no half-done formation.
        return Stage.ESTABLISHED
    if moved.displaced(facts) or (found is None and not facts.my.alone):
        return Stage.ESTABLISHED  # while forming no node moves
    if found is None:
        return Stage.UNSIZED
    if ours(found):
        without = not all(view.myself.epoch for _, view in found.pods)
        # A server takes an epoch only while it knows no other node, so epochs come before MEET.
        return Stage.PREPARED if found.alone and without else Stage.MEETING
    if not facts.my.alone and not under_way(facts):
        return Stage.ESTABLISHED  # its slots are no longer those of the layout
    return Stage.UNPREPARED


def _obstacle(facts: Facts, found: Formation, stage: Stage) -> Plan | None:
    """Return what keeps the seed from giving out slots, the worst first; None if nothing does.

    The order is that of the module's text. The first three count in the stage UNPREPARED only: in
    later stages the formation is proven to be ours (`formation.ours`).
    """
    if stage is Stage.UNPREPARED:
        wish = _wish(facts, found)
        if wish is not None:
            return wish
        used = form_obstacles.used(facts, found)
        if used:
            return _refused(*used)
        missing = form_obstacles.missing(facts)
        if missing:
            return _waiting(*missing)
        if not all(view.alone for _, view in facts.viewed):
            return _met(facts, found)
    return _unlisted(facts)


def _wish(facts: Facts, found: Formation) -> Plan | None:
    """Return why the wished number of shards cannot be formed; None if it can, or is begun."""
    if any(view.myself.slots for _, view in found.pods):
        return None
    wished = facts.snapshot.wished
    if wished.fault:
        wait = Wait(pod=facts.me.name, what=f"the wished number of shards: {wished.fault}")
        return _waiting(wait)
    refused = wished.wish and (unfit.too_few(facts, wished.wish) or size.short(facts, wished.wish))
    return _refused(refused) if refused else None


def _unlisted(facts: Facts) -> Plan | None:
    """Wait for the list of the Service's pods; None if DNS has given it."""
    return None if facts.snapshot.listed else _waiting(form_obstacles.unlisted(facts))


def _met(facts: Facts, found: Formation) -> Plan:
    """Return the plan when all pods are there, and some know each other or are about to.

    With slots, a formation has half met: the rest is waited for. Without slots, the sidecar did not
    introduce the nodes, since it gives out slots first: it refuses. A handshake that the sidecar
    did not begin ends by itself, and is waited for.
    """
    handshakes = form_obstacles.handshakes(facts)
    if any(view.myself.slots for _, view in found.pods):
        return _waiting(*(handshakes or form_obstacles.apart(facts, found)))
    met = [pod for pod, view in facts.viewed if view.known_ids != {view.node_id}]
    if met:
        return _refused(form_obstacles.met_without_slots(facts.topology, met))
    return _waiting(*handshakes)


def _unfinished(facts: Facts, found: Formation | None) -> bool:
    """Whether the seed's own node shows that forming is not over.

    `found` is what a look at all pods shows of it, if there was one. Keys on the seed mean that a
    cluster is in use already.
    """
    my = facts.my
    if my.alone or fast_form.marked(my):
        return True
    if found is not None and ours(found):
        return True  # other rules asked for this look, so the seed forms on until all have settled
    roleless = any(
        not member.is_replica and not member.slots and not member.failed for member in my.members
    )
    return not my.keys and (roleless or len(my.known_ids) < (facts.topology.size or 0))


def _cluster_elsewhere(facts: Facts) -> bool:
    """Whether other pods know nodes that own slots."""
    return any(
        not view.alone and any(member.slots for member in view.members)
        for pod, view in facts.viewed
        if pod is not facts.me
    )


def _waiting(*waits: Wait) -> Plan:
    return Plan(phase=Phase.WAITING, waiting=waits, look=Scope.ALL)


def _refused(*blocked: Block) -> Plan:
    return Plan(phase=Phase.BLOCKED, blocked=blocked, look=Scope.ALL)
