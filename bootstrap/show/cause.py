"""What a cause of trouble is, and what the rules that find it go by."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bootstrap.model.todo import Fix
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Plan
from bootstrap.show.effect import Effect
from bootstrap.show.shards import Cluster


class Verdict(enum.StrEnum):
    """What all of it comes to for a person."""

    HEALTHY = "HEALTHY"
    WAIT = "WAIT"
    """It passes by itself."""
    ACT = "ACT"
    """A person has to do something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause. `code` is stable; `pod` is the pod at fault, empty where it is none."""

    verdict: Verdict
    code: str
    pod: str
    what: str
    usual: float = 0.0
    """Seconds after which a wait is usually over; 0 where no figure is known."""
    fix: Fix = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the rules go by."""

    facts: Facts
    plan: Plan
    effect: Effect
    cluster: Cluster | None
    """The shards, from a look at all pods for a person; None in the sidecar's own loop."""
