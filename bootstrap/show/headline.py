"""The headline: HEALTHY, WAIT or ACT, the root cause, and what it means for clients and data.

It is the first line of a dry run, of `status`, and of `/readyz`, and part of the log's line of a
plan.
"""

from __future__ import annotations

from dataclasses import dataclass

from bootstrap.model import slots
from bootstrap.model.todo import Todo, line, todos
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Phase, Plan
from bootstrap.show import causes, effect
from bootstrap.show.cause import Cause, Situation, Verdict
from bootstrap.show.effect import Effect
from bootstrap.show.shards import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The root cause, and what it means for clients and data."""

    cause: Cause | None
    """None if all is well."""
    effect: Effect

    @property
    def verdict(self) -> Verdict:
        """HEALTHY, WAIT or ACT."""
        return self.cause.verdict if self.cause else Verdict.HEALTHY

    @property
    def todo(self) -> tuple[Todo, ...]:
        """What a person can do about the root cause, if the cause says it."""
        return todos(self.cause.fix) if self.cause else ()

    @property
    def text(self) -> str:
        """The headline as a line of text."""
        return f"{self.verdict}{self._why()}. {effect.words(self.effect)}"

    def _why(self) -> str:
        if self.cause is None:
            nodes, shards = self.effect.nodes, self.effect.shards
            return f": {slots.many(nodes, 'node')}, {slots.many(shards, 'shard')}"
        passes = ""
        if self.verdict is Verdict.WAIT:
            within = f", usually within {self.cause.usual:g} s" if self.cause.usual else ""
            passes = f"; it passes by itself{within}"
        code = "" if self.cause.code == "waiting" else f" {self.cause.code}"
        return f"{code}: {self.cause.what.rstrip('.')}{passes}"


def headline(facts: Facts, plan: Plan, cluster: Cluster | None = None) -> Headline:
    """Judge what was seen and what is planned; `cluster` is there in `status` only."""
    found = effect.forming(facts) if plan.phase is Phase.FORM else effect.effect(facts)
    cause = causes.root(Situation(facts=facts, plan=plan, effect=found, cluster=cluster))
    return Headline(cause=cause, effect=found)


def as_json(found: Headline) -> dict[str, object]:
    """Return the same for programs."""
    cause = found.cause
    return {
        "verdict": found.verdict.value,
        "text": found.text,
        "code": cause.code if cause else None,
        "pod": cause.pod or None if cause else None,
        "cause": cause.what if cause else None,
        "usual_seconds": cause.usual or None if cause else None,
        "fix": line(found.todo),
        "todo": [one.as_json() for one in found.todo],
        "effect": effect.as_json(found.effect),
    }
