"""The seed forms the cluster, once, and only on proof that no node owns anything.

`form` names the stage that the formation has reached, and `_obstacle` all that stands in its way.
The steps themselves are in `form_steps`, the words for the obstacles in `form_obstacles`.
"""

from __future__ import annotations

import enum

from bootstrap.model import fast_form
from bootstrap.model.snapshot import Scope
from bootstrap.plan import form_obstacles, form_steps, moved, size
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import Formation, formation, ours, under_way
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Wait


class Stage(enum.Enum):
    """How far the first formation is, as the seed sees it from all pods."""

    ESTABLISHED = enum.auto()
    """There is a cluster that is no half-done formation: other rules look after it."""
    UNSIZED = enum.auto()
    """There is no cluster, and it is not known how many pods are to form one."""
    BLANK = enum.auto()
    """No primary is sure to have its slots yet."""
    PREPARED = enum.auto()
    """Every primary has its slots, no node knows another, and epochs are still to be given."""
    MEETING = enum.auto()
    """Every primary has its slots and its epoch: nodes meet, and replicas follow."""


def needs(facts: Facts) -> LookFurther | None:
    """All pods, while the seed has reason to think that the forming is not done."""
    if facts.topology.seed and _unfinished(facts) and facts.snapshot.scope < Scope.ALL:
        return LookFurther(scope=Scope.ALL, why="a look at every expected pod")
    return None


def form(facts: Facts) -> Plan | None:
    """The seed's plan while nothing, or only a part, is formed; None when it is not its turn."""
    if not facts.topology.seed or not _unfinished(facts):
        return None
    found = formation(facts)
    stage = _stage(facts, found)
    if stage is Stage.ESTABLISHED:
        return None
    if found is None or stage is Stage.UNSIZED:
        return _unlisted(facts) or size.refusal(facts)
    if stage is Stage.MEETING:
        return form_steps.finish(facts, found)
    return _obstacle(facts, found, stage) or form_steps.begin(facts, found)


def _stage(facts: Facts, found: Formation | None) -> Stage:
    if facts.my.blank and _cluster_elsewhere(facts):
        return Stage.ESTABLISHED  # slots come before meetings, so it is not our half-done work
    if moved.displaced(facts) or (found is None and not facts.my.alone):
        return Stage.ESTABLISHED  # nodes that have only just met are where they met
    if found is None:
        return Stage.UNSIZED
    if ours(found):
        without = not all(view.myself.epoch for _, view in found.pods)
        # Only a node that knows no other can be given an epoch, so they come before any MEET.
        return Stage.PREPARED if found.alone and without else Stage.MEETING
    if not facts.my.alone and not under_way(facts):
        return Stage.ESTABLISHED  # its slots have moved on from the layout
    return Stage.BLANK


def _obstacle(facts: Facts, found: Formation, stage: Stage) -> Plan | None:
    """What stands in the way of the first slot, the worst first; None when nothing does.

    1. A pod is in use: it has keys, slots that are not its own, or knows foreign nodes.
    2. A pod is absent, unreachable, or not proven to be ours.
    3. Nodes know each other already: some with slots, so a formation has half met; some without,
       so it was not ours; or a handshake that is not ours is still under way.
    4. The service has not said whether there are more pods than are expected.
    """
    if stage is Stage.BLANK:
        used = form_obstacles.used(facts, found)
        if used:
            return _refused(*used)
        missing = form_obstacles.missing(facts)
        if missing:
            return _waiting(*missing)
        if not found.alone:
            return _met(facts, found)
    return _unlisted(facts)


def _unlisted(facts: Facts) -> Plan | None:
    return None if facts.snapshot.listed else _waiting(form_obstacles.unlisted(facts))


def _met(facts: Facts, found: Formation) -> Plan:
    """All pods are there, and some know each other, or are about to."""
    handshakes = form_obstacles.handshakes(found)
    if any(view.myself.slots for _, view in found.pods):
        return _waiting(*(handshakes or form_obstacles.apart(facts, found)))
    met = [pod for pod, view in found.pods if view.known_ids != {view.node_id}]
    if met:
        return _refused(form_obstacles.met_without_slots(facts.topology, met))
    return _waiting(*handshakes)


def _unfinished(facts: Facts) -> bool:
    """What the seed sees of it in its own node; keys mean that a cluster is in use already."""
    my = facts.my
    if my.alone or fast_form.marked(my):
        return True
    found = formation(facts) if facts.snapshot.scope is Scope.ALL else None
    if found is not None and ours(found):
        return True  # a seed that looks at all pods anyway sees it through until all have settled
    roleless = any(
        not member.is_replica and not member.slots and not member.failed for member in my.members
    )
    return not my.keys and (roleless or len(my.known_ids) < (facts.topology.size or 0))


def _cluster_elsewhere(facts: Facts) -> bool:
    """Whether other pods are in a cluster that owns slots."""
    return any(
        not view.alone and any(member.slots for member in view.members)
        for pod, view in facts.viewed
        if pod is not facts.me
    )


def _waiting(*waits: Wait) -> Plan:
    return Plan(phase=Phase.WAITING, waiting=waits, look=Scope.ALL)


def _refused(*blocked: Block) -> Plan:
    return Plan(phase=Phase.BLOCKED, blocked=blocked, look=Scope.ALL)
