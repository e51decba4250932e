"""A plan as a value: a dry run prints it, tests compare it, the loop applies its first step."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootstrap.model.snapshot import Scope
from bootstrap.model.todo import Fix
from bootstrap.plan.codes import Code

if TYPE_CHECKING:
    from bootstrap.model.actions import Action


class Phase(enum.StrEnum):
    """What the sidecar does now, in one word."""

    FORM = "form"
    """The sidecar forms the cluster."""
    JOIN = "join"
    """The sidecar lets its node join the cluster."""
    HEAL = "heal"
    """The sidecar brings its node and the others together again, or repairs replication."""
    RESHARD = "reshard"
    """The sidecar moves slots, or waits until some can move."""
    STEADY = "steady"
    """Its node has its role."""
    BLOCKED = "blocked"
    """The sidecar refuses to act, and a person has to."""
    WAITING = "waiting"
    """The sidecar can only wait, for another pod or for its own server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Actions that do not depend on each other, and what has to be true before the next step."""

    actions: tuple[Action, ...]
    """Empty: the step only waits."""
    until: str
    """What has to be true before the next step, in words."""
    confirm: bool = False
    """Whether the step is applied only if a second look right before leads to the same step."""
    warning: str = ""
    """What you should know about the step, since you may not want it; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One thing that the plan waits for."""

    pod: str
    """The name of the pod that is waited for."""
    what: str
    """What the pod lacks, in words."""
    fix: Fix = ""
    """What to do about it; empty: nothing."""
    usual: float = 0.0
    """Seconds after which the wait is usually over (`messages.durations`); 0: not known."""
    passes: bool = False
    """Whether the wait passes by itself though `usual` is not known, as the loading of data."""
    shared: tuple[str, str] = ("", "")
    """What may be wrong with several pods at once: a noun, and the fault without pod names."""

    @property
    def text(self) -> str:
        """The pod and what it lacks, as one phrase."""
        named = self.what.startswith((f"{self.pod} ", f"{self.pod},"))
        return self.what if named else f"{self.pod}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A refusal: why nothing is done."""

    code: Code
    """Stable; the name of an entry of the runbook."""
    why: str
    """What was seen, and why nothing is done."""
    fix: Fix
    """What to do."""
    serves: bool = False
    """Whether our own node is in order all the same, and clients may still be sent to it."""

    @property
    def runbook(self) -> str:
        """The entry of the runbook, which says what the code means and what to do."""
        return runbook(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A fault that only a person can mend, and that blocks no rule."""

    pod: str
    """The pod at fault."""
    code: Code
    """Stable; the name of an entry of the runbook, and a label of the metric `bootstrap_alarm`."""
    why: str
    """What was expected, what was seen, and what it means for data and clients."""
    fix: Fix
    """What to do; the next command."""
    serves: bool = True
    """Whether clients may still be sent to the pod."""

    @property
    def runbook(self) -> str:
        """The entry of the runbook, which says what the code means and what to do."""
        return runbook(self.code)


def runbook(code: Code) -> str:
    """Return the address of a code's entry in the runbook."""
    return f"docs/runbook.md#{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Whether our own server may start."""

    open: bool = True
    why: str = ""
    """Why the gate is open or shut; empty if there is nothing to say."""
    until: str = "a replica to be promoted"
    """What a shut gate waits for."""
    code: Code | None = None
    """The entry of the runbook, if a person has to act; else None."""
    fix: Fix = ""
    """What to do; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done so that what is becomes what should be."""

    phase: Phase
    steps: tuple[Step, ...] = ()
    """What to do, in this order. The loop applies only the first, and then looks again."""
    waiting: tuple[Wait, ...] = ()
    blocked: tuple[Block, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    """Faults that change no step; sorted by pod, then by code."""
    look: Scope = Scope.LOCAL
    """How far the next look goes. What was seen is enough for this plan."""
    notes: tuple[str, ...] = ()
    """What you may want to know; there is nothing to do about it."""
    seat: bool = False
    """Whether our node is an empty primary on purpose. It is ready without slots."""
    mover: bool = False
    """Whether our sidecar commands slots to move, now or soon. The other pods wait for it."""
    gate: Gate = Gate()
    """The start gate. Open, unless our own server is down and should not start yet."""

    @property
    def faults(self) -> tuple[Block | Alarm, ...]:
        """All that a person has to act on, refusals first."""
        return (*self.blocked, *self.alarms)

    @property
    def reached(self) -> bool:
        """Whether the goal is reached: a formed cluster, nothing to do, nothing to wait for."""
        return self.phase is Phase.STEADY and not (self.steps or self.waiting or self.blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookFurther:
    """No plan yet: a rule has to see more before it can decide."""

    scope: Scope
    """How far to look, at once."""
    why: str
    """What the look is for, as what a wait is for: `a look at every expected pod`."""
    counting: str = ""
    """A pod whose keys in slots it does not own have to be counted; then no new look is needed."""
