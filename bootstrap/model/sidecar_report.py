"""What a pod's sidecar said of its last look, over HTTP.

`status` and a dry run look only once, so they take durations from the sidecars, which have looked
before. If the sidecar of the own pod says that a person has to act, the command says so too.
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

    pod: str
    """The name of the sidecar's pod."""
    verdict: str
    """The verdict in its headline: HEALTHY, WAIT or ACT."""
    code: str = ""
    """The code of the cause in its headline; empty if there is none."""
    at_fault: str = ""
    """The pod at fault in its headline; empty if no pod is."""
    what: str = ""
    """The cause in its headline, in words."""
    fix: tuple[Todo, ...] = ()
    """What to do about the cause."""
    age: float = 0.0
    """Seconds since its last look."""
    memory: Timers | None = None
    """Its `timers` at that look; None: not known."""

    @property
    def held(self) -> bool:
        """Whether the sidecar holds its server down."""
        return self.memory is not None and self.memory.shut > 0 and not self.memory.opened


def parse(pod: str, text: str) -> SidecarReport | None:
    """Return the JSON of `/statusz` as a report; None if it is none, as before the first look."""
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
    """Return the first list of things to do: of refusals, alarms, the headline, then waits."""
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
    """Return the timers of our own pod's sidecar, with those that only the other sidecars know.

    `mine` are the timers of the single look, in case our own sidecar has not answered. `me` is our
    pod's name, and `pods` are the names of all pods that were looked at.
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
    """Return the lists of JSON as tuples."""
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
