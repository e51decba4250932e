"""The rules in their order. The first rule that has an answer decides.

A rule may first ask for a look that goes further. Then there is no plan yet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan import (
    conflicts,
    forget,
    form,
    gone,
    heal,
    join,
    new_nodes_conf,
    own_settings,
    safety,
    split,
    start_gate,
    steady,
    stranded,
    unwritable,
)
from bootstrap.plan.alarms import table
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import durations, unread
from bootstrap.plan.reshard import drain, moves
from bootstrap.plan.verdict import LookFurther, Phase, Plan, Wait


def _no_look(_facts: Facts) -> None:
    """Ask for no further look: the rule needs none, or has no answer before another rule asks."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What a rule has to see before it can decide, and what it decides."""

    name: str
    needs: Callable[[Facts], LookFurther | None]
    """How far the rule has to look; None if what was seen is enough."""
    decide: Callable[[Facts], Plan | None]
    """The plan; None if the rule has no answer."""


RULES = (
    # First: no other rule may act on foreign evidence.
    Rule("doubts", conflicts.needs, conflicts.doubts),
    # Before forming: forming would name the keys of all other pods instead of this pod's.
    Rule("new nodes.conf", _no_look, new_nodes_conf.renewed),
    # Before splits: a half-done formation looks split until its nodes have met.
    Rule("form", form.needs, form.form),
    Rule("split", _no_look, split.split),
    # Before joining and forgetting: a node that only moved is neither gone nor failed.
    Rule("heal", heal.needs, heal.heal),
    # After forming: a blank seed must first be sure that there is nothing to form.
    Rule("join", join.needs, join.join),
    # Before forgetting: a node that has a replica is not forgotten.
    Rule("stranded", stranded.needs, stranded.leave),
    Rule("forget", _no_look, forget.forget),
    # After all that mends the cluster: slots move only in one that is whole.
    Rule("move slots", moves.needs, moves.move),
    # After moving slots: a pod that went too early may be needed for these.
    Rule("gone", _no_look, gone.gone),
    # Last: it always has an answer.
    Rule("steady", _no_look, steady.steady),
)


def decide(snapshot: Snapshot, topology: Topology) -> Plan | LookFurther:
    """Do what `bootstrap.plan.decide` says."""
    ordered = tuple(sorted(snapshot.pods, key=lambda pod: pod.ordinal))
    facts = Facts(dataclasses.replace(snapshot, pods=ordered), topology)
    if facts.me.view is None:
        return _far_enough(facts, _unseen(facts))
    found = _own_first(facts, _first(facts))
    if isinstance(found, LookFurther):
        return found
    with_alarms = dataclasses.replace(found, alarms=table.alarms(facts))
    return _far_enough(facts, safety.checked(facts, unwritable.guarded(facts, with_alarms)))


def _first(facts: Facts) -> Plan | LookFurther:
    """What the first rule says that has something to say."""
    said = (rule.needs(facts) or rule.decide(facts) for rule in RULES)
    return next(found for found in said if found is not None)


def _far_enough(facts: Facts, plan: Plan) -> Plan | LookFurther:
    """Return the plan, unless its next look goes further than the look it was made from.

    Then the further look comes at once, and the plan is made from that.
    """
    if plan.look <= facts.snapshot.scope:
        return plan
    return LookFurther(scope=plan.look, why="a look at what else there is")


def _own_first(facts: Facts, found: Plan | LookFurther) -> Plan | LookFurther:
    """Put the settings of our own node before all steps, if any of them has to be written.

    Writing them is always safe: they say which pod the node is and where it runs, give the node its
    password and certificates, let it stand empty, and put temporary settings back. A further look
    waits until they are written.
    """
    asked = (own_settings.settings(facts), own_settings.abandoned(facts), drain.setting(facts))
    own = [step for step in asked if step]
    if not own:
        return found
    if isinstance(found, LookFurther):
        wait = Wait(pod=facts.me.name, what=found.why, usual=durations.LOOK)
        return Plan(phase=Phase.WAITING, steps=tuple(own), waiting=(wait,))
    phase = Phase.HEAL if found.phase is Phase.STEADY else found.phase
    look = min(found.look, facts.snapshot.scope)
    return dataclasses.replace(found, phase=phase, steps=(*own, *found.steps), look=look)


def _unseen(facts: Facts) -> Plan:
    """Return the plan while our own server does not answer. No rule is asked.

    The plan names a fault that does not pass by itself, or does what the start gate says, or waits
    for the server.
    """
    block = conflicts.own_permanent(facts)
    if block is not None:
        return Plan(phase=Phase.BLOCKED, blocked=(block,))
    verdict = start_gate.gate(facts)
    held = start_gate.plan(facts, verdict)
    if held is not None:
        return dataclasses.replace(held, gate=verdict)
    wait = unread.missing(facts, facts.me)
    # A seed that was forming goes on looking at all pods: its server may come back blank, and then
    # shows nothing of the temporary settings that the other nodes still have.
    look = facts.snapshot.scope if facts.topology.seed else Scope.LOCAL
    waiting = (wait,) if wait else ()
    return Plan(phase=Phase.WAITING, waiting=waiting, look=look, gate=verdict)
