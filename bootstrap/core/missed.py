"""Nodes of the cluster that are not there: down for a while, or scaled away for good."""

from __future__ import annotations

from bootstrap.core import effect, slots
from bootstrap.core.actions import Forget
from bootstrap.core.cause import Cause, Facts, Verdict
from bootstrap.core.model import Member
from bootstrap.core.plan import down, ownership, usual
from bootstrap.core.plan.scene import Scene


def missed(facts: Facts) -> Cause | None:
    """The nodes that our own node knows and that do not live, owners of slots first.

    Not those that are about to be forgotten, nor foreign ones, which are told by another rule.
    """
    scene, view = facts.scene, facts.scene.me.view
    if view is None or not facts.effect.formed:
        return None
    acts = (action for step in facts.plan.steps for action in step.actions)
    going = {action.node_id for action in acts if isinstance(action, Forget)}
    gone = [
        one
        for one in view.others
        if not (one.handshake or effect.alive(scene, one) or scene.ghost(one))
        if one.node_id not in going and scene.is_ours(one) is not False
    ]
    gone.sort(key=lambda one: (not one.slots, scene.name(one)))
    away = [one for one in gone if not down.scaled_away(scene, one)]
    if away:
        return _down(facts, away)
    return _scaled_away(scene, gone) if gone else None


def _down(facts: Facts, away: list[Member]) -> Cause:
    """A node flagged `fail` has been silent for its node time-out: that does not just pass."""
    scene = facts.scene
    names = [down.short(scene, one) for one in away]
    what = f"{down.listed(names)} {'is' if len(away) == 1 else 'are'} down"
    passing, seconds = not any(one.gone for one in away), usual.STARTED
    if any(one.slots for one in away) and _elects(facts, away):
        passing, seconds = True, usual.ELECTED
        what = f"{what}; a replica is about to take over"
    if scene.snapshot.memory.unwell > 2 * seconds:
        passing = False
    return Cause(
        verdict=Verdict.WAIT if passing else Verdict.ACT,
        code="pod-down",
        pod=names[0],
        what=what,
        usual=seconds if passing else 0.0,
        fix=down.fix(scene, away),
    )


def _elects(facts: Facts, away: list[Member]) -> bool:
    """Whether the servers themselves replace each owner that is down."""
    owners = [one for one in facts.scene.my.members if one.slots and not one.is_replica]
    lost = [one for one in away if one.slots]
    return 2 * len(lost) < len(owners) and all(
        ownership.heirs(facts.scene, one.node_id) for one in lost
    )


def _scaled_away(scene: Scene, gone: list[Member]) -> Cause:
    names = [down.short(scene, one) for one in gone]
    owned = slots.normalise(span for one in gone for span in one.slots)
    pods = "its pod is" if len(gone) == 1 else "their pods are"
    holds = f", and with it the keys of {slots.named(owned)}" if owned else ""
    return Cause(
        verdict=Verdict.ACT,
        code="scaled-away",
        pod=names[0],
        what=f"{down.listed(names)}: {pods} gone, as after scaling in{holds}",
        fix=down.scaled_fix(scene, gone),
    )
