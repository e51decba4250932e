"""The graceful hand-over: what the sidecar of a node does before its server stops.

No write is lost, because of the order:

1. A replica, or a node without slots, has nothing to hand over. A replica only marks itself as
   leaving, so no primary that leaves at the same time chooses it. So does a node without slots if a
   number of shards is wished: then no slots move to it.
2. Primaries hand over one at a time. A primary marks its own node. It goes on only after a later
   look that shows no other primary's mark. If two mark their nodes together, the pod with the lower
   ordinal goes first: it keeps its mark, and waits until the other mark is gone. The other pod
   takes its mark back, and waits. (Lamport's one-bit algorithm: one flag for each, written by its
   owner alone, is enough.) A sidecar that died may have left its mark behind, so this wait ends
   with half of the time.
3. Moves of slots end (`handover_moves`).
4. CLUSTER FAILOVER is sent to the best replica (`successor`), never by force. The primary holds
   its clients' writes back until the replica has them all, and a majority of the primaries has to
   agree.
5. It is done when both sides say so, and a majority sees it (`handover_confirm`). A failover that
   failed without a word is sent again.
"""

from __future__ import annotations

import dataclasses

from bootstrap.model import leaving_mark
from bootstrap.model.actions import ConfigSet, Failover
from bootstrap.model.snapshot import Snapshot, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan import handover_confirm, handover_moves, safety, successor, unwritable
from bootstrap.plan.facts import Facts
from bootstrap.plan.handover_run import Ended, Result, Run
from bootstrap.plan.verdict import Step

PATIENCE = 3.0
"""Seconds for which a server that does not answer at all is waited for.

A server that was told to stop is gone by then. A server that loads or syncs says so, and is waited
for longer.
"""
SEND_AGAIN = 5.5
"""Seconds after which a failover that was not seen to happen is sent again.

The servers give up after 5 s (CLUSTER_MF_TIMEOUT, cluster_legacy.c). Sent earlier, it would only
begin anew.
"""


def neighbours(my: View) -> tuple[Member, ...]:
    """Return the nodes to look at: owners of slots, our replicas, and our primary."""
    mine = my.myself
    return tuple(
        member
        for member in my.others
        if not (member.gone or member.handshake)
        and (member.slots or member.primary_id == my.node_id or member.node_id == mine.primary_id)
    )


def decide(snapshot: Snapshot, topology: Topology, run: Run) -> Step | Ended:
    """Return the next step, or the end. A step without actions only waits for the next look."""
    facts = Facts(snapshot, topology)
    found = _decide(facts, run)
    if isinstance(found, Ended):
        return found
    broken = safety.violations(facts, found)
    if broken:
        text = f"a fault of bootstrap, nothing was sent: {'; '.join(broken)}"
        return Ended(result=Result.FAILED, text=text)
    return unwritable.trimmed(facts, found)


def _decide(facts: Facts, run: Run) -> Step | Ended:
    me, my = facts.me.name, facts.me.view
    if run.slots and (my is None or my.myself.is_replica):
        confirmed = handover_confirm.confirm(facts, run)
        if confirmed is not None:
            return confirmed
        if my is not None or run.sent:
            return Step(actions=(), until="the new primary itself says that it owns our slots")
    if my is None:
        return _no_answer(facts, run)
    if my.myself.is_replica:
        if _may_mark(facts, run):
            return _mark(facts)
        return Ended(result=Result.NOTHING, text=f"{me} is a replica, nothing to hand over")
    if not my.myself.slots:
        return _without_slots(facts, run)
    return _hand_over(facts, run)


def _without_slots(facts: Facts, run: Run) -> Step | Ended:
    """Let no slots move to a node that has none."""
    if facts.topology.wishing and not facts.my.alone and _may_mark(facts, run):
        return _mark(facts)
    text = f"{facts.me.name} owns no slots, nothing to hand over"
    return handover_moves.end(facts, run) or Ended(result=Result.NOTHING, text=text)


def unmark(snapshot: Snapshot, topology: Topology) -> Step:
    """Take the mark off our own node; no action if that would end its server."""
    facts = Facts(snapshot, topology)
    return unwritable.trimmed(facts, _unmark(facts))


def _unmark(facts: Facts) -> Step:
    named = ((leaving_mark.NAME, facts.human_name),)
    action = ConfigSet(pod=facts.me.name, settings=named, why="it is not leaving, or not yet")
    return Step(actions=(action,), until="the mark is gone")


def _hand_over(facts: Facts, run: Run) -> Step | Ended:
    """Hand over the role of a primary with slots."""
    my, me = facts.my, facts.me.name
    followers = [one for one in my.others if one.primary_id == my.node_id and not one.gone]
    if not followers:
        return Ended(result=Result.NO_REPLICA, text=f"{me} has no replica that lives")
    if run.sent and run.seconds - run.sent_at < SEND_AGAIN:
        return Step(actions=(), until=f"{run.sent[-1]} has taken over")
    before = None if run.sent else _before_our_turn(facts, run)
    if before is not None:
        return before
    moving = None if run.sent else handover_moves.end(facts, run)
    if moving is not None:
        return moving
    if not handover_confirm.majority(my, _voters(facts)):
        return Step(actions=(), until="a majority of the primaries is there to agree")
    judged = [(successor.judge(facts, one), successor.pod_of(facts, one)) for one in followers]
    fit = [pod for (fitness, _), pod in judged if pod and fitness is successor.Fitness.FIT]
    if fit:
        best = successor.best(facts, fit, run.sent).name
        action = Failover(pod=best, primary=me, why=f"{me} is about to stop")
        return Step(actions=(action,), until=f"{best} has taken over")
    reasons = "; ".join(sorted(reason for (_, reason), _ in judged))
    soon = any(fitness is successor.Fitness.SOON for (fitness, _), _ in judged)
    if soon or run.seconds < PATIENCE:
        return Step(actions=(), until=f"a replica is fit to take over: {reasons}")
    return Ended(result=Result.NO_REPLICA, text=f"no replica is fit to take over: {reasons}")


def _voters(facts: Facts) -> list[str]:
    """Return the ids of primaries that can agree. A server that cannot save its vote would end."""
    my = facts.my
    full = {my.node_id} if unwritable.cannot_save(facts, facts.me) else set()
    alive = [one.node_id for one in my.members if one.slots and not one.failed]
    return [one for one in alive if one not in full]


def _before_our_turn(facts: Facts, run: Run) -> Step | None:
    """Mark our node, and wait while others hand over; None if it is our turn."""
    my, me = facts.my, facts.me
    others = [
        pod
        for pod in facts.snapshot.pods
        if pod.name != me.name
        and pod.view
        and pod.view.myself.slots
        and leaving_mark.marked(pod.view)
    ]
    if others and run.seconds < run.limit / 2:
        until = f"{', '.join(pod.name for pod in others)} has handed over"
        if leaving_mark.marked(my) and min(pod.ordinal for pod in others) < me.ordinal:
            return dataclasses.replace(_unmark(facts), until=until)
        return Step(actions=(), until=until)
    return _mark(facts) if _may_mark(facts, run) else None


def _may_mark(facts: Facts, run: Run) -> bool:
    """Whether our node can bear the mark: not if its server would end, or does not know it."""
    my = facts.my
    if unwritable.cannot_save(facts, facts.me):
        return False
    return my.setting(leaving_mark.NAME) is not None and not (
        leaving_mark.marked(my) or run.cannot_mark
    )


def _mark(facts: Facts) -> Step:
    named = ((leaving_mark.NAME, leaving_mark.mark(facts.human_name)),)
    action = ConfigSet(pod=facts.me.name, settings=named, why="it is about to stop")
    return Step(actions=(action,), until="every node can see that it is leaving")


def _no_answer(facts: Facts, run: Run) -> Step | Ended:
    """Wait for our own Redis, which does not answer; after `PATIENCE`, fail."""
    reason = facts.me.node.reason if isinstance(facts.me.node, Unreachable) else "not looked at"
    if run.seconds < PATIENCE:
        return Step(actions=(), until=f"our own Redis answers: {reason}")
    return Ended(result=Result.FAILED, text=f"our own Redis does not answer: {reason}")
