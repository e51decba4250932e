"""A cause of trouble, and what the rules that find causes know."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bootstrap.model.todo import Fix
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Plan
from bootstrap.show.effect import Effect
from bootstrap.show.shards import Cluster


class Verdict(enum.StrEnum):
    """What a person has to do."""

    HEALTHY = "HEALTHY"
    """Nothing: all is well."""
    WAIT = "WAIT"
    """Wait: the trouble passes by itself."""
    ACT = "ACT"
    """Act: the trouble does not pass by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause."""

    verdict: Verdict
    code: str
    """A code that programs may rely on."""
    pod: str
    """The pod at fault; empty if none is."""
    what: str
    """What is wrong, for people."""
    usual: float = 0.0
    """Seconds within which a wait usually ends; 0 if no figure is known."""
    fix: Fix = ()
    """What a person can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the rules know."""

    facts: Facts
    plan: Plan
    effect: Effect
    cluster: Cluster | None
    """The shards, for `status`, which looks at all pods; else None."""
