"""The rules in their order; the first that has something to say decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan import (
    conflicts,
    forget,
    form,
    heal,
    join,
    new_nodes_conf,
    own_settings,
    safety,
    split,
    start_gate,
    steady,
    unwritable,
)
from bootstrap.plan.alarms import table
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, durations
from bootstrap.plan.verdict import LookFurther, Phase, Plan, Wait


def _nothing(_facts: Facts) -> None:
    """What our own node shows is enough, or the rule waits for a look that goes further anyway."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it has to see before it can decide, and what it decides."""

    name: str
    needs: Callable[[Facts], LookFurther | None]
    """How far a look has to go that did not go so far; None if what was seen is enough."""
    decide: Callable[[Facts], Plan | None]
    """The plan; None if the rule has nothing to say."""


RULES = (
    # Doubts come first: no other rule may act on foreign evidence.
    Rule("doubts", conflicts.needs, conflicts.doubts),
    # A pod with keys whose node is new finds itself named here, and not as a pod in the seed's way.
    Rule("new nodes.conf", _nothing, new_nodes_conf.renewed),
    # Forming comes before splits: a half-done formation looks split until its nodes have met.
    Rule("form", form.needs, form.form),
    Rule("split", _nothing, split.split),
    # Healing comes before joining and forgetting: a node that has moved is not gone.
    Rule("heal", heal.needs, heal.heal),
    # Joining comes after forming: a blank seed first makes sure that there is nothing to form.
    Rule("join", join.needs, join.join),
    Rule("forget", _nothing, forget.forget),
    # It always has something to say.
    Rule("steady", _nothing, steady.steady),
)


def decide(snapshot: Snapshot, topology: Topology) -> Plan | LookFurther:
    """As `bootstrap.plan.decide`."""
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
    """The plan, unless it calls for a look that goes further than the one it was made from."""
    if plan.look <= facts.snapshot.scope:
        return plan
    return LookFurther(scope=plan.look, why="a look at what else there is")


def _own_first(facts: Facts, found: Plan | LookFurther) -> Plan | LookFurther:
    """The plan behind our own node's settings, if these are not as they should be.

    They come first, and are always safe: they only say the node's name and place. What is further
    away can wait for that.
    """
    own = [step for step in (own_settings.settings(facts), own_settings.abandoned(facts)) if step]
    if not own:
        return found
    if isinstance(found, LookFurther):
        wait = Wait(pod=facts.me.name, what=found.why, usual=durations.LOOK)
        return Plan(phase=Phase.WAITING, steps=tuple(own), waiting=(wait,))
    phase = Phase.HEAL if found.phase is Phase.STEADY else found.phase
    look = min(found.look, facts.snapshot.scope)
    return dataclasses.replace(found, phase=phase, steps=(*own, *found.steps), look=look)


def _unseen(facts: Facts) -> Plan:
    """Our own server does not answer: nothing can be said about anything."""
    block = conflicts.own_permanent(facts)
    if block is not None:
        return Plan(phase=Phase.BLOCKED, blocked=(block,))
    verdict = start_gate.gate(facts)
    held = start_gate.plan(facts, verdict)
    if held is not None:
        return dataclasses.replace(held, gate=verdict)
    wait = advice.missing(facts, facts.me)
    # A seed that was forming goes on looking at all pods: its server may come back with nothing
    # to tell of what the others still carry.
    look = facts.snapshot.scope if facts.topology.seed else Scope.LOCAL
    waiting = (wait,) if wait else ()
    return Plan(phase=Phase.WAITING, waiting=waiting, look=look, gate=verdict)
