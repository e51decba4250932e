"""What the loop last saw and decided: an immutable value that each tick replaces."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field

from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan import readiness
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Gate, Phase, Plan
from bootstrap.show import headline as headlines
from bootstrap.show.headline import Headline


@dataclass(frozen=True, kw_only=True)
class Status:
    """The outcome of one tick. Without slots, since `headline` is cached when it is first used."""

    tick: int = 0
    """The number of ticks until now; 0 before the first."""
    topology: Topology | None = None
    snapshot: Snapshot | None = None
    plan: Plan | None = None
    failed: str = ""
    """The error that ended the last look; empty if there was none."""
    believed_run: str = ""
    """The run id of our server, once its `cluster_state:ok` may be believed
    (`readiness.believed`)."""

    def then(self, topology: Topology, snapshot: Snapshot, plan: Plan) -> Status:
        """Return the status after this one."""
        return Status(
            tick=self.tick + 1,
            topology=topology,
            snapshot=snapshot,
            plan=plan,
            believed_run=readiness.believed(Facts(snapshot, topology), self.believed_run),
        )

    @functools.cached_property
    def headline(self) -> Headline | None:
        """The verdict on what was seen; None before the first look."""
        if self.plan is None or self.snapshot is None or self.topology is None:
            return None
        return headlines.headline(Facts(self.snapshot, self.topology), self.plan)

    @property
    def first_line(self) -> str:
        """The text of the headline, or why there is none."""
        if self.failed:
            return f"ACT unexpected: {self.failed}. What clients see is not known from here."
        if self.headline is None:
            return "WAIT starting: nothing has been looked at yet; it passes by itself."
        return self.headline.text

    @property
    def alarms(self) -> Counter[Code]:
        """The number of faults of our own pod, by code."""
        return Counter(one.code for one in self.plan.alarms) if self.plan else Counter()

    @property
    def ready(self) -> tuple[bool, str]:
        """Whether clients may be sent to our node; and if not, why."""
        if self.failed:
            return False, self.failed
        if self.plan is None or self.snapshot is None or self.topology is None:
            return False, "nothing has been looked at yet"
        facts = Facts(self.snapshot, self.topology)
        return readiness.ready(facts, self.plan, self.believed_run)


@dataclass(slots=True)
class Board:
    """What the loop publishes, and the HTTP server's threads read. To replace a value is atomic."""

    status: Status = field(default_factory=Status)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The number of actions sent, by (kind, "ok" or "refused")."""
    phases: Counter[Phase] = field(default_factory=Counter)
    """How often each phase was entered."""
    handovers: Counter[str] = field(default_factory=Counter)
    """The number of hand-overs, by result."""
    handover_seconds: float = 0.0
    """Seconds that the last hand-over took."""
    errors: int = 0
    """The number of ticks that ended in an unexpected error."""
    questions: int = 0
    """The number of questions sent to name servers."""
    gate: Gate | None = None
    """Whether our own server may start; None until the first look. An open gate stays open."""
    gate_said: tuple[bool, Code | None] | None = None
    """What the log said about the gate last: whether it is open, and its code."""
    gate_seconds: float = 0.0
    """Seconds for which the gate has been shut, or was shut until it opened."""
    due: float | None = None
    """When the loop must turn again, even if a look fails, in seconds of its clock; None before it
    starts."""
    looked: float = 0.0
    """When the loop's last successful look was, in seconds of its clock."""
