"""A plan is a value: dry-run prints it, tests compare it, the loop applies its first step."""

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
    """What the pod is about."""

    FORM = "form"
    JOIN = "join"
    HEAL = "heal"
    STEADY = "steady"
    BLOCKED = "blocked"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Actions that do not depend on each other, and the barrier before the next step.

    Without actions a step is the barrier alone. A step to `confirm` is applied only if a second
    look, taken right before, leads to the same step.
    """

    actions: tuple[Action, ...]
    until: str
    confirm: bool = False
    #: What a person should know of it, since it may not be what they want.
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The pod that is waited for, for what, and what a person can do about it."""

    pod: str
    what: str
    fix: Fix = ""
    #: Seconds after which it is usually over; 0 where no figure is known. See `usual`.
    usual: float = 0.0
    #: Whether it passes by itself though no figure is known, as the loading of data does.
    passes: bool = False
    #: What several pods may have in common: a noun, and what is wrong with it, without their names.
    shared: tuple[str, str] = ("", "")

    @property
    def text(self) -> str:
        """For which pod and for what, as one phrase: every wait names its pod."""
        named = self.what.startswith((f"{self.pod} ", f"{self.pod},"))
        return self.what if named else f"{self.pod}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Why nothing is done. `code` is stable and names an entry of the runbook."""

    code: Code
    why: str
    fix: Fix
    #: Whether our own node has its part in order all the same, and may go on serving.
    serves: bool = False

    @property
    def runbook(self) -> str:
        """Where it is told what the code means, and what to do step by step."""
        return runbook(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A fault that a person must mend, which the sidecar cannot mend and which blocks no rule.

    `pod` is the pod at fault. `code` is stable, names an entry of the runbook, and is a label of
    the metric `bootstrap_alarm`. `why` says what was expected, what was seen and what it means for
    data and clients; `fix` is the next command.
    """

    pod: str
    code: Code
    why: str
    fix: Fix
    #: Whether clients may still be sent to the pod.
    serves: bool = True

    @property
    def runbook(self) -> str:
        """Where it is told what the code means, and what to do step by step."""
        return runbook(self.code)


def runbook(code: Code) -> str:
    """The entry of a code in the runbook."""
    return f"docs/runbook.md#{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Whether our own server may start, and why. With a `code` it is for a person to act."""

    open: bool = True
    why: str = ""
    #: What a gate that is shut waits for.
    until: str = "a replica to be promoted"
    code: Code | None = None
    fix: Fix = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is missing between what is and what should be."""

    phase: Phase
    steps: tuple[Step, ...] = ()
    waiting: tuple[Wait, ...] = ()
    blocked: tuple[Block, ...] = ()
    #: Faults beside what is planned; they change no step. Sorted by pod, then by code.
    alarms: tuple[Alarm, ...] = ()
    #: How far the next look goes. What was seen is enough for this plan.
    look: Scope = Scope.LOCAL
    #: What is true, and asks for no act.
    notes: tuple[str, ...] = ()
    #: Open unless something speaks against a start of our own server, which is down.
    gate: Gate = Gate()

    @property
    def faults(self) -> tuple[Block | Alarm, ...]:
        """All that a person must act on, refusals first."""
        return (*self.blocked, *self.alarms)

    @property
    def reached(self) -> bool:
        """The goal: a node of a formed cluster, with nothing to do and nothing to wait for."""
        return self.phase is Phase.STEADY and not (self.steps or self.waiting or self.blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookFurther:
    """No plan yet: a rule has to see more before it can decide."""

    scope: Scope
    """How far to look, at once."""
    why: str
    """What the look is for, as what a wait is for: `a look at every expected pod`."""
