"""A plan in brief, for the log: the facts of its line, and when a plan counts as changed."""

from __future__ import annotations

import re

from bootstrap.model import actions
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.todo import line
from bootstrap.model.topology import Topology
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Plan
from bootstrap.show import progress

_COUNT = re.compile(r"\d+ keys")


def facts(snapshot: Snapshot, plan: Plan, topology: Topology) -> dict[str, object]:
    """Return the facts of the log line of a plan, without empty ones."""
    told: dict[str, object] = {"phase": plan.phase.value}
    if snapshot.scope is Scope.ALL:
        found = sum(pod.view is not None for pod in snapshot.pods)
        told["found"] = f"{found} of {max(topology.size or 0, len(snapshot.pods))}"
    for step in plan.steps[:1]:
        told |= {"doing": _short(step.actions), "until": step.until, "warning": step.warning}
    told["waiting"] = _shorten([wait.text for wait in plan.waiting])
    told["progress"] = progress.line(Facts(snapshot, topology))
    told["blocked"] = _shorten([f"{one.code}: {one.why}" for one in plan.blocked])
    told["trouble"] = _shorten([f"{one.code}: {one.why}" for one in plan.alarms])
    told["fix"] = fix(plan)
    entries = dict.fromkeys(one.runbook for one in plan.faults)
    told["runbook"] = ", ".join(entries)
    told["notes"] = list(plan.notes)
    return {name: fact for name, fact in told.items() if fact}


def fingerprint(plan: Plan) -> tuple[object, ...]:
    """Return a value that differs for plans that differ to a reader of the log."""
    doing = tuple((step.actions, step.until) for step in plan.steps[:1])
    waiting = tuple((wait.pod, wait.fix or wait.what) for wait in plan.waiting)
    return plan.phase, doing, waiting, reasons(plan), _alarms(plan), plan.notes


def reasons(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return codes and reasons of refusals, without the numbers of keys, which change often."""
    return tuple((block.code, _COUNT.sub("keys", block.why)) for block in plan.blocked)


def _alarms(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return pods and codes of the alarms: their texts hold numbers that change often."""
    return tuple(dict.fromkeys((alarm.pod, alarm.code) for alarm in plan.alarms))


def _short(some: tuple[actions.Action, ...]) -> list[str]:
    """Return each kind of action with its pods."""
    pods: dict[str, list[str]] = {}
    for action in some:
        pods.setdefault(action.kind, []).append(action.pod)
    return [f"{kind} {_shorten(sorted(set(names)))}" for kind, names in pods.items()]


def _shorten(texts: list[str], most: int = 4) -> str:
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def fix(plan: Plan | None) -> str:
    """Return what a person can do, from the first fault or wait that says it; else empty."""
    if plan is None:
        return ""
    fixes = [*(one.fix for one in plan.faults), *(one.fix for one in plan.waiting)]
    return next((found for one in fixes if (found := line(one))), "")


def to_do(plan: Plan | None) -> dict[str, str]:
    """Return `fix` as a fact of a log line; empty if there is none."""
    return {"fix": found} if (found := fix(plan)) else {}


def summary(plan: Plan | None) -> str:
    """Return why the goal is not reached; else what is under way."""
    if plan is None:
        return "an unexpected error"
    return _shorten([*(one.why for one in plan.blocked), *(one.text for one in plan.waiting)]) or (
        plan.steps[0].until if plan.steps else plan.phase.value
    )
