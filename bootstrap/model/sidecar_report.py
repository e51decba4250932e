"""What a pod's own sidecar said of its last look: it has seen for how long something has been so.

A command that a person runs looks once. Durations it has from the sidecar that runs beside it, and
where that one says that a person has to act, the command does not say otherwise.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from bootstrap.model.timers import Refusal, Timers
from bootstrap.model.todo import Todo


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarReport:
    """One sidecar's answer at `/statusz`."""

    #: The pod that the sidecar is of.
    pod: str
    #: The verdict of its headline: HEALTHY, WAIT or ACT.
    verdict: str
    #: The cause in that headline: its code, the pod at fault (empty where it is none), the words.
    code: str = ""
    at_fault: str = ""
    what: str = ""
    #: What helps against it.
    fix: tuple[Todo, ...] = ()
    #: How long ago that look was, in seconds.
    age: float = 0.0
    #: What it remembered at that look.
    memory: Timers | None = None

    @property
    def held(self) -> bool:
        """Whether it keeps its server from starting."""
        return self.memory is not None and self.memory.shut > 0 and not self.memory.opened


def parse(pod: str, text: str) -> SidecarReport | None:
    """An answer; None where it is not one, as before the sidecar's first look."""
    import json  # noqa: PLC0415 - for a person: a sidecar that starts does without

    try:
        said = json.loads(text)
        if said["pod"] != pod:
            return None  # at a pod's old address another pod may live by now
        headline = said["headline"]
        return SidecarReport(
            pod=pod,
            verdict=str(headline["verdict"]),
            code=headline["code"] or "",
            at_fault=headline["pod"] or "",
            what=headline["cause"] or "",
            fix=_fix(said),
            age=float(said["age"]),
            memory=_memory(said["memory"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _fix(said: dict[str, Any]) -> tuple[Todo, ...]:
    """What it says is to be done: against what blocks it, its faults, the cause, what it awaits."""
    ones = [*said["blocked"], *said["alarms"], said["headline"], *said["waiting"]]
    return next((tuple(Todo(**todo) for todo in one["todo"]) for one in ones if one["todo"]), ())


def _memory(said: dict[str, Any]) -> Timers:
    known = {field.name for field in dataclasses.fields(Timers)}
    values = {name: _frozen(value) for name, value in said.items() if name in known}
    values["refused"] = tuple(Refusal(*one) for one in values.get("refused", ()))
    return Timers(**values)


def remembered(
    mine: Timers, some: tuple[SidecarReport, ...], me: str, pods: tuple[str, ...]
) -> Timers:
    """What our own pod's sidecar remembers, and of each pod what only its own can tell.

    `mine` is what a single look gives, for want of a sidecar's.
    """
    by_pod = {one.pod: one.memory for one in some if one.memory is not None}
    open_slots = {name: one.open_for(name) for name, one in by_pod.items()}
    unlinked = {name: one.unlinked_for(name) for name, one in by_pod.items()}
    return dataclasses.replace(
        by_pod.get(me, mine),
        glance=True,
        open_slots=tuple((name, open_slots.get(name)) for name in pods),
        unlinked=tuple((name, unlinked.get(name)) for name in pods),
    )


def _frozen(value: Any) -> Any:
    """JSON has lists in place of tuples."""
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
