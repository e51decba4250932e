"""The graceful hand-over: what a node does next that is about to stop, so that no write is lost.

The order, and why:
1. A replica, or a node without slots, has nothing to hand over. It only says that it is leaving,
   so that no primary that leaves at the same time chooses it.
2. One at a time. A primary marks its own node, and goes on only when a look after that shows no
   other primary's mark. Of two that mark together the lower ordinal goes first: the higher takes
   its mark back and waits, the lower keeps its own and waits for that. (Lamport's one-bit
   algorithm: one flag each, written by its owner alone, is enough.) A mark may have been left
   behind by a sidecar that died, so this waiting ends with half of the time.
3. CLUSTER FAILOVER to the best replica, never by force: the primary holds its clients' writes
   back until the replica has them all, and a majority of the primaries has to agree.
4. The answer OK proves nothing. It is done when both sides say so and a majority sees it. A
   failover that failed quietly is sent again.
"""

from __future__ import annotations

import dataclasses
import enum

from bootstrap.model import leaving_mark, slots
from bootstrap.model.actions import Action, ConfigSet, Failover
from bootstrap.model.snapshot import Snapshot, Trouble, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan import safety, successor, unwritable
from bootstrap.plan.facts import Facts, human_name
from bootstrap.plan.verdict import Step

#: How long a server is waited for that does not answer at all, in seconds. A server that was told
#: to stop is gone by then; one that loads, or syncs, says so and is waited for longer.
PATIENCE = 3.0
#: When a failover that was not seen to happen is sent again, in seconds. The servers give up after
#: 5 s (CLUSTER_MF_TIMEOUT, cluster_legacy.c); sent earlier, it would only begin anew.
SEND_AGAIN = 5.5


class Result(enum.StrEnum):
    """How a hand-over ends; a label of the metric."""

    NOTHING = "nothing"
    """There was no role to hand over."""
    DONE = "done"
    NO_REPLICA = "no-replica"
    """No replica could take the role."""
    TIMED_OUT = "timed-out"
    FAILED = "failed"
    """Our own Redis, or our own code, did not do its part."""

    @property
    def good(self) -> bool:
        """Whether the server may stop without a client noticing."""
        return self in {Result.NOTHING, Result.DONE}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a hand-over, and what a person wants to know of it."""

    result: Result
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a hand-over remembers of itself. Times in seconds since it began."""

    limit: float
    seconds: float = 0.0
    #: Who we are, and what was ours when we last were a primary; empty before that.
    node_id: str = ""
    slots: slots.Ranges = ()
    #: The pods that were told to take over, the last one last, and when that was.
    sent: tuple[str, ...] = ()
    sent_at: float = 0.0
    #: Whether our own node bears the mark because of us; and whether it cannot.
    marked: bool = False
    cannot_mark: bool = False


def neighbours(my: View) -> tuple[Member, ...]:
    """Whom to look at: who owns slots, who follows us, and whom we follow."""
    mine = my.myself
    return tuple(
        member
        for member in my.others
        if not (member.gone or member.handshake)
        and (member.slots or member.primary_id == my.node_id or member.node_id == mine.primary_id)
    )


def seen(run: Run, snapshot: Snapshot, topology: Topology) -> Run:
    """The run after a look: it knows what there is to hand over."""
    my = Facts(snapshot, topology).me.view
    if my is None or my.myself.is_replica or not my.myself.slots:
        return run
    return dataclasses.replace(run, node_id=my.node_id, slots=my.myself.slots)


def done(run: Run, action: Action, *, accepted: bool) -> Run:
    """The run after an action. The mark is a courtesy: a server may refuse it."""
    match action:
        case Failover() if accepted:
            return dataclasses.replace(run, sent=(*run.sent, action.pod), sent_at=run.seconds)
        case ConfigSet() if accepted:
            ((_, name),) = action.settings
            return dataclasses.replace(run, marked=leaving_mark.is_mark(name))
        case ConfigSet():
            return dataclasses.replace(run, cannot_mark=True)
        case _:
            return run


def decide(snapshot: Snapshot, topology: Topology, run: Run) -> Step | Ended:
    """The next step (without actions: only wait and look again), or the end."""
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
        return _confirm(facts, run)
    if my is None:
        return _silent(facts, run)
    if my.myself.is_replica:
        if _may_mark(facts, run):
            return _mark(facts)
        return Ended(result=Result.NOTHING, text=f"{me} is a replica, nothing to hand over")
    if not my.myself.slots:
        return Ended(result=Result.NOTHING, text=f"{me} owns no slots, nothing to hand over")
    return _give(facts, run)


def unmark(snapshot: Snapshot, topology: Topology) -> Step:
    """Give our own node its name without the mark; no action where that would end its server."""
    return unwritable.trimmed(Facts(snapshot, topology), _unmark(topology))


def _unmark(topology: Topology) -> Step:
    named = ((leaving_mark.NAME, human_name(topology)),)
    action = ConfigSet(pod=topology.name, settings=named, why="it is not leaving, or not yet")
    return Step(actions=(action,), until="the mark is gone")


def _give(facts: Facts, run: Run) -> Step | Ended:
    """A primary with slots."""
    my, me = facts.my, facts.me.name
    followers = [one for one in my.others if one.primary_id == my.node_id and not one.gone]
    if not followers:
        return Ended(result=Result.NO_REPLICA, text=f"{me} has no replica that lives")
    if run.sent and run.seconds - run.sent_at < SEND_AGAIN:
        return Step(actions=(), until=f"{run.sent[-1]} has taken over")
    turn = None if run.sent else _turn(facts, run)
    if turn is not None:
        return turn
    if not _majority(my, _voters(facts)):
        return Step(actions=(), until="a majority of the primaries is there to agree")
    judged = [(successor.judge(facts, one), successor.pod_of(facts, one)) for one in followers]
    fit = [pod for (fitness, _), pod in judged if pod and fitness is successor.Fitness.FIT]
    if fit:
        heir = successor.best(facts, fit, run.sent).name
        action = Failover(pod=heir, primary=me, why=f"{me} is about to stop")
        return Step(actions=(action,), until=f"{heir} has taken over")
    reasons = "; ".join(sorted(reason for (_, reason), _ in judged))
    soon = any(fitness is successor.Fitness.SOON for (fitness, _), _ in judged)
    if soon or run.seconds < PATIENCE:
        return Step(actions=(), until=f"a replica is fit to take over: {reasons}")
    return Ended(result=Result.NO_REPLICA, text=f"no replica is fit to take over: {reasons}")


def _voters(facts: Facts) -> list[str]:
    """Ids of the primaries that can agree. One that cannot save its vote ends itself over it."""
    my = facts.my
    full = {my.node_id} if unwritable.cannot_save(facts, facts.me) else set()
    alive = [one.node_id for one in my.members if one.slots and not one.failed]
    return [one for one in alive if one not in full]


def _turn(facts: Facts, run: Run) -> Step | None:
    """One at a time; None when it is our turn."""
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
            return dataclasses.replace(_unmark(facts.topology), until=until)
        return Step(actions=(), until=until)
    return _mark(facts) if _may_mark(facts, run) else None


def _may_mark(facts: Facts, run: Run) -> bool:
    """Whether our node can say that it is leaving: not where that would end its server."""
    my = facts.my
    if unwritable.cannot_save(facts, facts.me):
        return False
    return my.setting(leaving_mark.NAME) is not None and not (
        leaving_mark.marked(my) or run.cannot_mark
    )


def _mark(facts: Facts) -> Step:
    named = ((leaving_mark.NAME, leaving_mark.mark(human_name(facts.topology))),)
    action = ConfigSet(pod=facts.me.name, settings=named, why="it is about to stop")
    return Step(actions=(action,), until="every node can see that it is leaving")


def _confirm(facts: Facts, run: Run) -> Step | Ended:
    """We were a primary, and are a replica now, or cannot be asked."""
    heir = _heir(facts, run)
    if heir is None:
        if facts.me.view is None and not run.sent:
            return _silent(facts, run)
        return Step(actions=(), until="the new primary itself says that it owns our slots")
    name, word = heir
    agree = [
        view.node_id
        for view in (pod.view for pod in facts.snapshot.pods)
        if view is not None and _owns(view.member(word.node_id), run.slots)
    ]
    if not _majority(word, agree):
        return Step(actions=(), until=f"a majority of the primaries sees that {name} has our slots")
    owners = [one.node_id for one in word.members if one.slots]
    text = f"{name} has taken over slots {slots.brief(run.slots)}"
    text += f"; {len({*agree} & {*owners})} of {len(owners)} primaries see it"
    if facts.me.view is not None and facts.me.view.setting(leaving_mark.NAME) is None:
        text += "; servers before 7.2 show no mark: whether others hand over too was not seen"
    return Ended(result=Result.DONE, text=text)


def _heir(facts: Facts, run: Run) -> tuple[str, View] | None:
    """Who says that it owns what was ours, while we say that we follow it.

    Where we cannot be asked, since a former primary may have to load a whole copy, its word about
    us is taken: it heard that from our node, if only at the next ping.
    """
    for pod in facts.snapshot.pods:
        if pod.view is None or not _owns(pod.view.myself, run.slots):
            continue
        us = facts.me.view.myself if facts.me.view else pod.view.member(run.node_id)
        if us is not None and (us.primary_id == pod.view.node_id or _ended(facts, us)):
            return pod.name, pod.view
    return None


def _ended(facts: Facts, us: Member) -> bool:
    """Whether our server has ended, and its slots are another's: then it takes no write any more.

    One that cannot write its nodes.conf ends when it hears of its successor.
    """
    said = facts.me.node
    return isinstance(said, Unreachable) and said.trouble is Trouble.REFUSED and not us.slots


def _owns(member: Member | None, wanted: slots.Ranges) -> bool:
    """Whether a member is said to own all of these slots."""
    return member is not None and slots.normalise((*member.slots, *wanted)) == member.slots


def _majority(view: View, ids: list[str]) -> bool:
    """Whether more than half of those who own slots in this view are among these."""
    owners = {one.node_id for one in view.members if one.slots}
    return 2 * len(owners & {*ids}) > len(owners)


def _silent(facts: Facts, run: Run) -> Step | Ended:
    """Our own Redis does not answer."""
    reason = facts.me.node.reason if isinstance(facts.me.node, Unreachable) else "not looked at"
    if run.seconds < PATIENCE:
        return Step(actions=(), until=f"our own Redis answers: {reason}")
    return Ended(result=Result.FAILED, text=f"our own Redis does not answer: {reason}")
