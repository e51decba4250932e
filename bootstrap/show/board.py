"""What the loop last saw and decided: an immutable value that each tick replaces."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field

from bootstrap.model import bus
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.plan import readiness
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Block, Gate, Phase, Plan
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
    introduced: str = ""
    """The run id of our server, once it may be believed: it started without a past, or was seen
    with its peers where it looks for them. The run id stays, even if pods move later."""

    def then(self, topology: Topology, snapshot: Snapshot, plan: Plan) -> Status:
        """Return the status after this one."""
        me = snapshot.pod(topology.name)
        my, known = me.view if me else None, self.introduced
        if my is not None and my.run_id != known:
            # A node that knows no other node has no past.
            found = my.alone or readiness.introduced(Facts(snapshot, topology))
            known = my.run_id if found else known
        return Status(
            tick=self.tick + 1,
            topology=topology,
            snapshot=snapshot,
            plan=plan,
            introduced=known,
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
        for block in self.plan.blocked:
            if not block.serves:
                return False, _told(block)
        for alarm in self.plan.alarms:
            if not alarm.serves:
                return False, f"{alarm.code}: {alarm.why}"
        me = self.snapshot.pod(self.topology.name)
        if me is None or me.view is None:
            return False, "; ".join(wait.text for wait in self.plan.waiting) or "no view"
        return self._serves(self.plan, self.topology, me.view)

    def _serves(self, plan: Plan, topology: Topology, view: View) -> tuple[bool, str]:
        """Whether our node has its role in a cluster that is ok; and if not, why."""
        mine = view.myself
        if not view.state_ok:
            return False, _reason(plan, "cluster_state is not ok")
        if bus.cut_off(view):
            return False, _reason(plan, bus.told(view))
        young = view.uptime < readiness.patience(view, topology)
        if young and view.run_id != self.introduced:
            return False, "cluster_state is ok, but most peers are not where our node looks yet"
        if mine.is_replica and not view.link_up:
            return False, "the link to the primary is down"
        if mine.is_replica and not view.following:
            return False, f"it copies from {view.primary_host}, where its primary is not"
        if not mine.is_replica and not mine.slots:
            return False, _reason(plan, "a primary without slots has no role yet")
        return True, "ready"


def _reason(plan: Plan, otherwise: str) -> str:
    """Say why our node has no role in a cluster that is ok: a block of the plan, or `otherwise`."""
    return _told(plan.blocked[0]) if plan.blocked else f"{plan.phase}: {otherwise}"


def _told(block: Block) -> str:
    return f"blocked, {block.code}: {block.why}"


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
