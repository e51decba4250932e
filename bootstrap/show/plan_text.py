"""A snapshot and its plan for people, and the same for programs."""

from __future__ import annotations

from typing import Any

from bootstrap.model import actions, slots
from bootstrap.model.snapshot import Pod, Snapshot, Unreachable
from bootstrap.model.todo import Fix, line, todos
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Plan
from bootstrap.show import headline as headlines
from bootstrap.show import migrations, progress, sections
from bootstrap.show.cause import Verdict


def as_json(snapshot: Snapshot, plan: Plan, topology: Topology) -> dict[str, Any]:
    """Return the documented shape."""
    return {
        "pod": topology.name,
        "headline": headlines.as_json(headlines.headline(Facts(snapshot, topology), plan)),
        "phase": plan.phase.value,
        "observed": [_observed(pod) for pod in snapshot.pods],
        "steps": [
            {"actions": [_action(action) for action in step.actions], "until": step.until}
            for step in plan.steps
        ],
        "waiting": [{"pod": wait.pod, "for": wait.what, **_fix(wait.fix)} for wait in plan.waiting],
        "blocked": [
            {"code": block.code, "why": block.why, **_fix(block.fix)} for block in plan.blocked
        ],
        "alarms": [
            {"pod": alarm.pod, "code": alarm.code, "why": alarm.why, **_fix(alarm.fix)}
            for alarm in plan.alarms
        ],
        "migrations": migrations.as_json(snapshot, topology),
        "progress": progress.as_json(Facts(snapshot, topology)),
        "notes": list(plan.notes),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {"fix": line(fix), "todo": [one.as_json() for one in todos(fix)]}


def _action(action: actions.Action) -> dict[str, Any]:
    return {
        "kind": action.kind,
        "pod": action.pod,
        "args": list(action.arguments),
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
    """Return the same as lines for a terminal, the headline first."""
    seed = ", the seed" if topology.seed else ""
    where = (
        f"{topology.hostname_of(topology.ordinal)} at {topology.address or 'an unknown address'}"
    )
    headline = headlines.headline(Facts(snapshot, topology), plan)
    lines = [
        headline.text,
        "",
        f"I am {topology.name}{seed}: {where}",
        _expected(topology),
        "",
        *_table(snapshot),
        *migrations.lines(snapshot, topology),
        *progress.lines(snapshot, topology),
        "",
        f"phase: {plan.phase.value}",
        *sections.faults(plan, headline, topology, snapshot.names),
    ]
    for number, step in enumerate(plan.steps, 1):
        nothing = "" if step.actions else ": nothing to send; it waits"
        lines.append(f"step {number}{nothing or ','} until {step.until}{':' * (not nothing)}")
        lines += [f"    {actions.describe(action)}" for action in step.actions]
        lines += [f"    warning: {step.warning}"] if step.warning else []
    lines += [f"note: {note}" for note in plan.notes]
    if plan.reached and headline.verdict is Verdict.HEALTHY:
        lines.append(f"nothing to do for {topology.name}")
    return "\n".join(lines)


def _expected(topology: Topology) -> str:
    if topology.size is None:
        seen = topology.size_refused
        is_so = (
            "is not set: it" if seen is None else f"is {seen}, which is too small: a fitting one"
        )
        return f"BOOTSTRAP_SIZE {is_so} is needed to form a cluster, not to run or join one"
    many = slots.many
    each = f"{many(topology.shards, 'shard')}, {many(topology.replicas_per_shard, 'replica')} each"
    return f"expected at first formation: {many(topology.size, 'pod')}, {each}"


def _table(snapshot: Snapshot) -> list[str]:
    rows: list[tuple[str, ...]] = [
        ("POD", "ADDRESS", "NODE", "ROLE", "SLOTS", "CLUSTER_STATE", "NOTE")
    ]
    for pod in snapshot.pods:
        seen, view = _observed(pod), pod.view
        notes = [(seen["reason"] or "") if not view else "blank" if view.blank else ""]
        if len(pod.resolved.addresses) > 1:
            # A pod has one address. DNS still has an old one, or gives both IP families.
            notes.append(f"its name resolves to {', '.join(pod.resolved.addresses)}")
        rows.append(
            (
                pod.name,
                pod.address or "-",
                view.node_id[:8] if view else "-",
                seen["role"] or "-",
                slots.brief(view.myself.slots) if view else "-",
                _state(view),
                "; ".join(note for note in notes if note),
            )
        )
    return sections.table(rows)


def _state(view: View | None) -> str:
    """Return `new` for a blank node: it says `fail` until it is in a cluster, which is no fault."""
    if view is None:
        return "-"
    return "new" if view.blank else "ok" if view.state_ok else "fail"
