"""A snapshot and its plan for a person at 3 a.m., and the same for a program."""

from __future__ import annotations

from typing import Any

from bootstrap.core import actions, slots
from bootstrap.core.model import Pod, Snapshot, Unreachable, View
from bootstrap.core.plan.outcome import Plan
from bootstrap.core.topology import Topology


def as_json(snapshot: Snapshot, plan: Plan, topology: Topology) -> dict[str, Any]:
    """The documented shape: pod, phase, observed, steps, waiting, blocked (and notes)."""
    return {
        "pod": topology.name,
        "phase": plan.phase.value,
        "observed": [_observed(pod) for pod in snapshot.pods],
        "steps": [
            {"actions": [_action(action) for action in step.actions], "until": step.until}
            for step in plan.steps
        ],
        "waiting": [{"pod": wait.pod, "for": wait.what, "fix": wait.fix} for wait in plan.waiting],
        "blocked": [
            {"code": block.code, "why": block.why, "fix": block.fix} for block in plan.blocked
        ],
        "alarms": [
            {"pod": alarm.pod, "code": alarm.code, "why": alarm.why, "fix": alarm.fix}
            for alarm in plan.alarms
        ],
        "notes": list(plan.notes),
    }


def _action(action: actions.Action) -> dict[str, Any]:
    return {
        "kind": actions.kind(action),
        "pod": action.pod,
        "args": list(actions.arguments(action)),
        "why": action.why,
    }


def _observed(pod: Pod) -> dict[str, Any]:
    view = pod.view
    return {
        "pod": pod.name,
        "ordinal": pod.ordinal,
        "address": pod.address,
        "reachable": view is not None,
        "reason": _reason(pod),
        "node_id": view.node_id if view else None,
        "role": _role(view) if view else None,
        "slots": slots.render(view.myself.slots) if view else None,
        "blank": view.blank if view else None,
        "state": ("ok" if view.state_ok else "fail") if view else None,
    }


def _reason(pod: Pod) -> str | None:
    if isinstance(pod.node, Unreachable):
        return pod.node.reason
    return None if pod.view else pod.resolved.reason


def _role(view: View) -> str:
    return "replica" if view.myself.is_replica else "primary"


def as_text(snapshot: Snapshot, plan: Plan, topology: Topology) -> str:
    """The same in lines that fit a terminal."""
    seed = ", the seed" if topology.seed else ""
    where = (
        f"{topology.hostname_of(topology.ordinal)} at {topology.address or 'an unknown address'}"
    )
    entries = dict.fromkeys(one.runbook for one in plan.faults)
    lines = [
        f"I am {topology.name}{seed}: {where}",
        _expected(topology),
        "",
        *_table(snapshot),
        "",
        f"phase: {plan.phase.value}",
    ]
    lines += [f"BLOCKED {block.code}: {block.why}" for block in plan.blocked]
    lines += [f"TROUBLE {alarm.code}: {alarm.why}" for alarm in plan.alarms]
    lines += [f"waiting for {wait.text}" for wait in plan.waiting]
    lines += [f"    to do: {fix}" for fix in _fixes(plan)]
    lines += [f"    runbook: {entry}" for entry in entries]
    for number, step in enumerate(plan.steps, 1):
        lines.append(f"step {number}, until {step.until}:")
        lines += [f"    {actions.describe(action)}" for action in step.actions]
        lines += [f"    warning: {step.warning}"] if step.warning else []
    lines += [f"note: {note}" for note in plan.notes]
    if plan.reached and not plan.alarms:
        lines.append(f"nothing to do for {topology.name}")
    return "\n".join(lines)


def _expected(topology: Topology) -> str:
    if topology.size is None:
        seen = topology.size_refused
        is_so = (
            "is not set: it" if seen is None else f"is {seen}, which is too small: a fitting one"
        )
        return f"BOOTSTRAP_SIZE {is_so} is needed to form a cluster, not to run or join one"
    each = f"{topology.shards} shards, {topology.replicas_per_shard} replicas each"
    return f"expected at first formation: {topology.size} pods, {each}"


def _fixes(plan: Plan) -> tuple[str, ...]:
    """What a person can do, said once however many pods it would help."""
    parts = [part for wait in plan.waiting for part in wait.fix.split("; ") if part]
    whole = [one.fix for one in plan.faults]
    return tuple(dict.fromkeys([*whole, *parts]))


def _table(snapshot: Snapshot) -> list[str]:
    rows = [("POD", "ADDRESS", "NODE", "ROLE", "SLOTS", "STATE", "")]
    for pod in snapshot.pods:
        seen = _observed(pod)
        known = pod.view is not None
        notes = [(seen["reason"] or "") if not known else "blank" if seen["blank"] else ""]
        if len(pod.resolved.addresses) > 1:
            # One pod has one address: an old one is still told, or two families are.
            notes.append(f"its name resolves to {', '.join(pod.resolved.addresses)}")
        rows.append(
            (
                pod.name,
                pod.address or "-",
                pod.view.node_id[:8] if pod.view else "-",
                seen["role"] or "-",
                slots.brief(pod.view.myself.slots) if pod.view else "-",
                seen["state"] or "-",
                "; ".join(note for note in notes if note),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[6]]
        ).rstrip()
        for row in rows
    ]
