"""What the loop last saw and decided: an immutable value, swapped whole at each tick."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field

from bootstrap.model import bus
from bootstrap.model.snapshot import Snapshot, View
from bootstrap.model.topology import Topology
from bootstrap.plan import readiness
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Block, Gate, Phase, Plan
from bootstrap.show import headline as headlines
from bootstrap.show.headline import Headline


@dataclass(frozen=True, kw_only=True)
class Status:
    """One tick's outcome. Not slotted: the headline is made once, when it is first asked for."""

    tick: int = 0
    topology: Topology | None = None
    snapshot: Snapshot | None = None
    plan: Plan | None = None
    failed: str = ""
    """Why the last look came to nothing; empty when it did not."""
    introduced: str = ""
    """The run id of our server if it started without a past, or was seen to be with its siblings
    since: it stays so, whichever pod moves later."""

    def then(self, topology: Topology, snapshot: Snapshot, plan: Plan) -> Status:
        """The status after this one."""
        me = snapshot.pod(topology.name)
        my, known = me.view if me else None, self.introduced
        if my is not None and my.run_id != known:
            # A node that knows no other has no past to go by.
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
        """The headline, or why there is none."""
        if self.failed:
            return f"ACT unexpected: {self.failed}. What clients see is not known from here."
        if self.headline is None:
            return "WAIT starting: nothing has been looked at yet; it passes by itself."
        return self.headline.text

    @property
    def alarms(self) -> Counter[Code]:
        """How many faults our own pod has, by code."""
        return Counter(one.code for one in self.plan.alarms) if self.plan else Counter()

    @property
    def ready(self) -> tuple[bool, str]:
        """Whether clients may be sent to our node, and if not, why not."""
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
        """Whether our node has its part in a cluster that is ok."""
        mine = view.myself
        if not view.state_ok:
            return False, _reason(plan, "cluster_state is not ok")
        if bus.cut_off(view):
            return False, _reason(plan, bus.told(view))
        young = view.uptime < readiness.patience(view, topology)
        if young and view.run_id != self.introduced:
            return False, "cluster_state is ok, but most siblings are not where our node looks yet"
        if mine.is_replica and not view.link_up:
            return False, "the link to the primary is down"
        if mine.is_replica and not view.following:
            return False, f"it copies from {view.primary_host}, where its primary is not"
        if not mine.is_replica and not mine.slots:
            return False, _reason(plan, "a primary without slots has no role yet")
        return True, "ready"


def _reason(plan: Plan, otherwise: str) -> str:
    """Why our node has no part in a cluster that is ok; what blocks the others may be why."""
    return _told(plan.blocked[0]) if plan.blocked else f"{plan.phase}: {otherwise}"


def _told(block: Block) -> str:
    return f"blocked, {block.code}: {block.why}"


@dataclass(slots=True)
class Board:
    """Where the loop pins its status for the server to read. Swapping a name is atomic."""

    status: Status = field(default_factory=Status)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Actions sent, by (kind, "ok" or "refused")."""
    phases: Counter[Phase] = field(default_factory=Counter)
    """How often each phase was entered: how often it healed, joined, was blocked."""
    handovers: Counter[str] = field(default_factory=Counter)
    """Hand-overs by how they ended, and the seconds that the last one took."""
    handover_seconds: float = 0.0
    errors: int = 0
    questions: int = 0
    gate: Gate | None = None
    """Whether our own server may start; None until the first look. Once open it stays so."""
    gate_said: tuple[bool, Code | None] | None = None
    """What the log last said of it: whether it is open, and its code."""
    gate_seconds: float = 0.0
    """For how long the gate has been, or had been, shut."""
    due: float | None = None
    """When the loop is to turn again, in seconds of its clock, whatever comes of its looks; None
    before it turns at all."""
    looked: float = 0.0
    """When the loop's last look came to something, in seconds of its clock."""
