"""Nodes of the cluster that are not there: down for a while, or scaled away for good."""

from __future__ import annotations

from typing import Final

from bootstrap.model import slots
from bootstrap.model.actions import Forget
from bootstrap.model.snapshot import Member, Trouble, Unreachable
from bootstrap.plan import ownership
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import down, durations, unreachable
from bootstrap.show import effect
from bootstrap.show.cause import Cause, Situation, Verdict

_STARTING: Final = frozenset({Trouble.REFUSED, Trouble.LOADING})
"""What a pod that has just been made says before its server is up."""


def missed(situation: Situation) -> Cause | None:
    """The nodes that our own node knows and that do not live, owners of slots first.

    Not those that are about to be forgotten, nor foreign ones, which are told by another rule.
    """
    facts, view = situation.facts, situation.facts.me.view
    if view is None or not situation.effect.formed:
        return None
    acts = (action for step in situation.plan.steps for action in step.actions)
    going = {action.node_id for action in acts if isinstance(action, Forget)}
    gone = [
        one
        for one in view.others
        if not (one.handshake or effect.alive(facts, one) or facts.ghost(one))
        if one.node_id not in going and facts.is_ours(one) is not False
    ]
    gone.sort(key=lambda one: (not one.slots, facts.name(one)))
    away = [one for one in gone if not down.scaled_away(facts, one)]
    if away:
        return _down(situation, away)
    return _scaled_away(facts, gone) if gone else None


def _down(situation: Situation, away: list[Member]) -> Cause:
    """Whether they come back by themselves, are replaced, or wait for a person."""
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
    """Whether nodes without slots may just be on their way back, as in a roll.

    A node flagged `fail` has been silent for its node time-out: without a sidecar's memory of when
    that began, and for a node of which no pod is known, that does not just pass.
    """
    return all(not one.gone or _comes(facts, one) for one in away)


def _told(facts: Facts, member: Member) -> Trouble | None:
    """What keeps its pod's server from being viewed; None where nothing is known of that."""
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
        return False  # its server runs, and says why not
    named = facts.topology.ordinal_of(facts.hostname(member)) is not None
    return facts.lasting_known and named


def _starts(facts: Facts, lost: list[Member]) -> bool:
    """Whether the pods are seen to be there, and their servers to start."""
    return all(_told(facts, one) in _STARTING for one in lost)


def _owners(situation: Situation) -> list[Member]:
    return [one for one in situation.facts.my.members if one.slots and not one.is_replica]


def _elects(situation: Situation, lost: list[Member]) -> bool:
    """Whether the servers themselves replace each owner that is down."""
    return ownership.majority(len(lost), len(_owners(situation))) and all(
        ownership.successors(situation.facts, one.node_id) for one in lost
    )


def _minority(situation: Situation, lost: list[Member]) -> str:
    """That too many owners are down for any election, and how many have to come back."""
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
