"""Look as far as the plan needs, and decide which step to take."""

from __future__ import annotations

import asyncio
import dataclasses

from bootstrap import plan as planning
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.observe.observer import Observer
from bootstrap.plan.verdict import LookFurther, Plan, Step


async def decide(observer: Observer, scope: Scope) -> tuple[Snapshot, Plan, Step | None]:
    """Return the last look, its plan, and the step to take now.

    Usually a look at our own node is enough, and a plan's first step is taken. If a step has to be
    confirmed, it is taken only if a second look leads to the same one.
    """
    snapshot, plan, before = await _look(observer, scope)
    step = plan.steps[0] if plan.steps else None
    if step is not None and step.confirm:
        if before is None:
            before = plan
            snapshot, plan, _ = await _look(observer, snapshot.scope)
        step = step if before.steps[:1] == plan.steps[:1] == (step,) else None
    return snapshot, plan, step


async def _look(observer: Observer, scope: Scope) -> tuple[Snapshot, Plan, Plan | None]:
    """Look until there is a plan; return that of the look before too, if both are worth the same.

    That is so if keys are counted: it takes longest of all, and meanwhile all is looked at again.
    """
    while True:
        snapshot = await observer.look(scope)
        found, before = _plan(observer, snapshot), None
        if isinstance(found, LookFurther) and found.counting:
            pod, first = found.counting, snapshot
            count, snapshot = await asyncio.gather(observer.strays(pod), observer.look(scope))
            first = dataclasses.replace(first, counted=(pod, count))
            snapshot = dataclasses.replace(snapshot, counted=(pod, count))
            before, found = _plan(observer, first), _plan(observer, snapshot)
        if isinstance(found, Plan):
            return snapshot, found, before if isinstance(before, Plan) else None
        scope = found.scope


def _plan(observer: Observer, snapshot: Snapshot) -> Plan | LookFurther:
    found = planning.decide(snapshot, observer.topology)
    if not isinstance(found, Plan):
        return found
    # A peer's own sidecar reports what is wrong with the peer.
    mine = observer.topology.name
    alarms = tuple(one for one in found.alarms if one.pod == mine)
    return dataclasses.replace(found, alarms=alarms)
