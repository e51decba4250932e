"""Missing nodes of the cluster: down for a while, or scaled away for good."""

from __future__ import annotations

from typing import Final

from bootstrap.model import slots
from bootstrap.model.actions import Forget
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.view import Member
from bootstrap.plan import gone, ownership
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import down, durations, unreachable
from bootstrap.show import effect
from bootstrap.show.cause import Cause, Situation, Verdict

_STARTING: Final = frozenset({Trouble.REFUSED, Trouble.LOADING})
"""The troubles of a new pod whose server is still starting."""


def missed(situation: Situation) -> Cause | None:
    """Return the cause for nodes that our own node knows and that are down, owners of slots first.

    Nodes that are about to be forgotten are left out, and foreign nodes, which have another rule.
    """
    facts, view = situation.facts, situation.facts.me.view
    if view is None or not situation.effect.formed:
        return None
    acts = (action for step in situation.plan.steps for action in step.actions)
    going = {action.node_id for action in acts if isinstance(action, Forget)}
    # The plan waits for the proof that these are gone for good, and then forgets them.
    going |= {member.node_id for member, _ in gone.leaving(facts)}
    missing = [
        one
        for one in view.others
        if not (one.handshake or effect.alive(facts, one) or facts.pod_of_ghost(one))
        if one.node_id not in going and facts.is_ours(one) is not False
    ]
    missing.sort(key=lambda one: (not one.slots, facts.name(one)))
    away = [one for one in missing if not down.scaled_away(facts, one)]
    if away:
        return _down(situation, away)
    return _scaled_away(facts, missing) if missing else None


def _down(situation: Situation, away: list[Member]) -> Cause:
    """Judge whether the nodes come back, are replaced, or need a person."""
    facts = situation.facts
    names = [down.short(facts, one) for one in away]
    if all(_told(facts, one) is Trouble.LOADING for one in away):
        return _loading(facts, away, names)
    what = f"{down.listed(names)} {'is' if len(away) == 1 else 'are'} down"
    lost, seconds = [one for one in away if one.slots], durations.STARTED
    if not lost:
        passing = _returns(facts, away)
    elif _elects(situation, lost):
        passing, seconds = True, durations.ELECTED
        what = f"{what}; a replica is about to take over"
    elif minority := _minority(situation, lost):
        passing, what = _starts(facts, lost), f"{what}{minority}"
    else:
        passing = not any(one.gone for one in lost)
    if facts.snapshot.timers.unwell > 2 * seconds:
        passing = False
    return Cause(
        verdict=Verdict.WAIT if passing else Verdict.ACT,
        code="pod-down",
        pod=names[0],
        what=what,
        usual=seconds if passing else 0.0,
        fix=down.fix(facts, away),
    )


def _returns(facts: Facts, away: list[Member]) -> bool:
    """Whether nodes without slots may come back by themselves, as in a rolling restart.

    A node flagged `fail` has been silent for the node time-out. It comes back by itself only if a
    pod of that name is expected, and the sidecar remembers since when the node has been away.
    """
    return all(not one.gone or _comes(facts, one) for one in away)


def _told(facts: Facts, member: Member) -> Trouble | None:
    """Return why the server of a node's pod could not be read; None if that is not known."""
    pod = facts.pod_named(member)
    return pod.node.trouble if pod and isinstance(pod.node, Unreachable) else None


def _loading(facts: Facts, away: list[Member], names: list[str]) -> Cause:
    loads = "loads its data" if len(names) == 1 else "load their data"
    what = f"{down.listed(names)} {loads}; a big data set takes minutes"
    return Cause(
        verdict=Verdict.WAIT, code="pod-down", pod=names[0], what=what, fix=down.fix(facts, away)
    )


def _comes(facts: Facts, member: Member) -> bool:
    if _told(facts, member) not in (None, *unreachable.SILENT):
        return False  # its server runs, and gives the reason
    named = facts.topology.ordinal_of(facts.hostname(member)) is not None
    return facts.lasting_known and named


def _starts(facts: Facts, lost: list[Member]) -> bool:
    """Whether all these pods exist, and their servers are starting."""
    return all(_told(facts, one) in _STARTING for one in lost)


def _owners(situation: Situation) -> list[Member]:
    return [one for one in situation.facts.my.members if one.slots and not one.is_replica]


def _elects(situation: Situation, lost: list[Member]) -> bool:
    """Whether the servers themselves replace each owner that is down."""
    return ownership.majority(len(lost), len(_owners(situation))) and all(
        ownership.successors(situation.facts, one.node_id) for one in lost
    )


def _minority(situation: Situation, lost: list[Member]) -> str:
    """Say that too many owners are down for an election, and how many must return; else empty."""
    many = len(_owners(situation))
    if ownership.majority(len(lost), many):
        return ""
    wanted = many // 2 + 1 - (many - len(lost))
    return (
        f": {len(lost)} of {many} primaries, so no majority is left, and"
        f" without one no replica is elected. No replica takes over before {wanted} of them"
        f" {'is' if wanted == 1 else 'are'} back"
    )


def _scaled_away(facts: Facts, gone: list[Member]) -> Cause:
    names = [down.short(facts, one) for one in gone]
    owned = slots.normalise(span for one in gone for span in one.slots)
    pods = "its pod is" if len(gone) == 1 else "their pods are"
    holds = f", and with it the keys of {slots.named(owned)}" if owned else ""
    return Cause(
        verdict=Verdict.ACT,
        code="scaled-away",
        pod=names[0],
        what=f"{down.listed(names)}: {pods} gone, as after scaling in{holds}",
        fix=down.scaled_fix(facts, gone),
    )
