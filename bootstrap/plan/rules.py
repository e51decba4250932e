"""The rules in their order; the first that has something to say decides."""

from __future__ import annotations

import dataclasses

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
    start_gate,
    steady,
    unwritable,
)
from bootstrap.plan.alarms import table
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice
from bootstrap.plan.verdict import Phase, Plan

#: The order matters. Doubts come first: no rule behind them may act on foreign evidence. A pod with
#: keys whose node is new is told before forming finds the keys of all others in its way. Forming
#: comes before the search for splits, since a half-done formation is split until its nodes meet.
#: Joining comes after forming: a blank seed must first be sure that there is nothing to form.
#: Healing comes before joining and forgetting: a node that only moved is neither gone nor failed.
RULES = (
    conflicts.doubts,
    new_nodes_conf.renewed,
    form.form,
    conflicts.split,
    heal.heal,
    join.join,
    forget.forget,
    steady.steady,
)


def decide(snapshot: Snapshot, topology: Topology) -> Plan:
    """As `plan`."""
    ordered = tuple(sorted(snapshot.pods, key=lambda pod: pod.ordinal))
    facts = Facts(dataclasses.replace(snapshot, pods=ordered), topology)
    if facts.me.view is None:
        return _unseen(facts)
    decided = next(found for found in (rule(facts) for rule in RULES) if found is not None)
    decided = dataclasses.replace(decided, alarms=table.alarms(facts))
    guarded = unwritable.guarded(facts, _own_first(facts, decided))
    return safety.checked(facts, guarded)


def _own_first(facts: Facts, decided: Plan) -> Plan:
    """The plan behind our own node's settings, where these are not as they should be."""
    own = [step for step in (own_settings.settings(facts), own_settings.abandoned(facts)) if step]
    if not own:
        return decided
    # Our own node's settings come first, and are always safe: they only give its name and place.
    phase = Phase.HEAL if decided.phase is Phase.STEADY else decided.phase
    look = min(decided.look, facts.snapshot.scope)  # what is further away can wait for that
    return dataclasses.replace(decided, phase=phase, steps=(*own, *decided.steps), look=look)


def _unseen(facts: Facts) -> Plan:
    """Our own Redis does not answer: nothing can be said about anything."""
    block = conflicts.own_permanent(facts)
    if block is not None:
        return Plan(phase=Phase.BLOCKED, blocked=(block,))
    verdict = start_gate.gate(facts)
    held = start_gate.plan(facts, verdict)
    if held is not None:
        return dataclasses.replace(held, gate=verdict)
    wait = advice.missing(facts, facts.me)
    # A seed that was forming goes on looking at all pods: its Redis may come back with nothing
    # to tell of what the others still carry.
    look = facts.snapshot.scope if facts.topology.seed else Scope.LOCAL
    waiting = (wait,) if wait else ()
    return Plan(phase=Phase.WAITING, waiting=waiting, look=look, gate=verdict)
