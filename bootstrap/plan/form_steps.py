"""The steps of rule 3, once it is proven that they may be taken.

Epochs and slots on every primary, all of them before the first MEET; then MEET; then each replica
follows its primary as soon as it knows it; then every node is asked whether all is well.
"""

from __future__ import annotations

from bootstrap.model import fast_form, slots
from bootstrap.model.actions import Action, AddSlots, ConfigSet, Meet, Replicate, SetConfigEpoch
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import View
from bootstrap.plan import meetings
from bootstrap.plan.alarms import replication_refused
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import Formation
from bootstrap.plan.verdict import Phase, Plan, Step

_SLOTS_UNTIL = "every primary owns its slots, and no other node any"
_MEET_UNTIL = "every node knows every other, on both sides"
_FOLLOW_UNTIL = "every replica follows its primary, with its link up"
_OK_UNTIL = "every node says cluster_state:ok"
_CALM_UNTIL = "no temporary setting is left"


def begin(facts: Facts, found: Formation) -> Plan:
    """Slots and epochs, the first step; and what will follow."""
    speed_up = facts.topology.fast_form
    actions: list[Action] = []
    for index, (pod, view) in enumerate(found.pods):
        speed = fast_form.speed_up(view, len(found.pods)) if speed_up else ()
        if speed:
            actions.append(ConfigSet(pod=pod.name, settings=speed, why="quick until it is formed"))
        if not view.myself.epoch:
            why = "distinct epochs before nodes meet"
            epoch = _epoch(index, len(found.primaries), len(found.pods))
            actions.append(SetConfigEpoch(pod=pod.name, epoch=epoch, why=why))
        ranges = found.layout.slots_of(pod.ordinal)
        if ranges and not view.myself.slots:
            actions.append(AddSlots(pod=pod.name, ranges=ranges, why="its share of the layout"))
    first = Step(actions=tuple(actions), until=_SLOTS_UNTIL, confirm=True)
    return Plan(phase=Phase.FORM, look=Scope.ALL, steps=(first, *_rest(facts, found)))


def _epoch(index: int, primaries: int, pods: int) -> int:
    """The config epoch of the pod at a place of the layout, where primaries come first.

    Replicas get one too, since two nodes with the same, even 0, bump it while they still count as
    primaries. And a lower one than any primary: a replica speaks with its primary's epoch, and
    valkey 9.1 was seen to ignore for ever, as stale, one that had spoken with a higher before
    ("Ignore stale message", cluster_legacy.c).
    """
    replicas = pods - primaries
    return replicas + index + 1 if index < primaries else index - primaries + 1


def _rest(facts: Facts, found: Formation) -> tuple[Step, ...]:
    """All that follows the slots, each step as it would be if nothing of it were done yet."""
    steps = [
        Step(actions=_meets(found), until=_MEET_UNTIL),
        Step(actions=_follow(found), until=_FOLLOW_UNTIL),
    ]
    restore = _calm(facts, found, after=True)
    last = (
        Step(actions=restore, until=_CALM_UNTIL) if restore else Step(actions=(), until=_OK_UNTIL)
    )
    return tuple(step for step in (*steps, last) if step.actions or step is last)


def finish(facts: Facts, found: Formation) -> Plan | None:
    """Slots are given. Whatever can be done now is one step; the barriers stay visible."""
    strangers = _meets(found)
    known = all(
        len(view.known_ids) == len(found.pods) == len(view.members) for _, view in found.pods
    )
    ready = tuple(
        action
        for action in _follow(found)
        if _view_of(found, action.pod).member(action.primary_id) is not None
    )
    ok = all(view.state_ok for _, view in found.pods)
    linked = all(view.link_up for _, view in found.replicas)
    now = (*strangers, *ready, *_tell(found), *_dips(facts, found))
    settled = known and ok and linked
    now += _calm(facts, found, after=False) if not settled else _calm(facts, found, after=True)
    if settled and not now:
        return None
    until = [_MEET_UNTIL] * (not known) + [_FOLLOW_UNTIL] * (not linked) + [_OK_UNTIL] * (not ok)
    steps = [Step(actions=now, until="; ".join(until) or _CALM_UNTIL)]
    later = tuple(action for action in _follow(found) if action not in ready)
    if later:
        steps.append(Step(actions=later, until=_FOLLOW_UNTIL))
    waits = replication_refused.unlinked(facts, found.replicas)
    return Plan(phase=Phase.FORM, look=Scope.ALL, steps=tuple(steps), waiting=waits)


def _view_of(found: Formation, name: str) -> View:
    return next(view for pod, view in found.pods if pod.name == name)


def _meets(found: Formation) -> tuple[Action, ...]:
    ordinals = tuple(pod.ordinal for pod, _ in found.pods)
    wanted = meetings.pairs(ordinals, found.layout)
    return meetings.missing(found.pods, wanted, why="gossip makes the rest known")


def _follow(found: Formation) -> tuple[Replicate, ...]:
    """REPLICATE for each replica without a primary. One that has a primary is left with it."""
    actions: list[Replicate] = []
    for pod, view in found.replicas:
        ordinal = found.layout.primary_of(pod.ordinal)
        if view.myself.is_replica or ordinal is None:
            continue
        primary = next((p, v) for p, v in found.pods if p.ordinal == ordinal)
        actions.append(
            Replicate(
                pod=pod.name,
                primary=primary[0].name,
                primary_id=primary[1].node_id,
                why="replicas are spread over the shards, apart from their primary where they can",
            )
        )
    return tuple(actions)


def _tell(found: Formation) -> tuple[Meet, ...]:
    """MEET once more from primaries whose slots some node has not heard of yet.

    The packets of the first meeting name no slots, and the next ping of one certain peer may take
    a while, longer where gossip says that it lives. A MEET of a node that is known is like a ping:
    who gets it takes the sender's slots in (cluster_legacy.c, clusterProcessPacket). Where pings
    are hurried anyway that would only be more work.
    """
    why = "its slots are not known there yet"
    owners = {view.node_id: (pod, view) for pod, view in found.primaries}
    return tuple(
        meetings.meet(*owner, pod, view, why=why)
        for pod, view in found.pods
        if view.setting(fast_form.PING_INTERVAL) in (None, fast_form.PING_DEFAULT)
        for member in view.others
        if (owner := owners.get(member.node_id)) is not None
        and not member.slots
        and owner[1].member(view.node_id) is not None
        and not meetings.pending(owner, (pod, view))
    )


def _dips(facts: Facts, found: Formation) -> tuple[Action, ...]:
    """Shorten a warm primary's wait for `ok`, once it sees every slot, for two seconds at most.

    A server younger than two seconds is not helped by it (CLUSTER_WRITABLE_DELAY).
    """
    timers, actions = facts.snapshot.timers, list[Action]()
    spent = timers.dipped is not None and timers.dipped >= fast_form.LOW_NODE_TIMEOUT_SECONDS
    for pod, view in found.primaries if facts.topology.fast_form and not spent else ():
        settings = fast_form.lower_node_timeout(len(found.pods), timers.slots_for(pod.name))
        if (
            settings
            and not view.state_ok
            and view.uptime >= fast_form.LOW_NODE_TIMEOUT_SECONDS
            and timers.node_timeout(pod.name) is not None
            and not fast_form.has_low_node_timeout(view)
            and not slots.missing(span for member in view.members for span in member.slots)
        ):
            why = "it sees every slot: it need not wait five seconds to say ok"
            actions.append(ConfigSet(pod=pod.name, settings=settings, why=why))
    return tuple(actions)


def _calm(facts: Facts, found: Formation, *, after: bool) -> tuple[Action, ...]:
    """Put temporary settings back: a dip as soon as it has served, the rest at the end.

    A dip that we have no memory of is put back by that pod's own sidecar, which has.
    """
    timers = facts.snapshot.timers
    spent = timers.dipped is not None and timers.dipped >= fast_form.LOW_NODE_TIMEOUT_SECONDS
    actions: list[Action] = []
    for pod, view in found.pods:
        settings = fast_form.restore(view) if after else ()
        before = timers.node_timeout(pod.name)
        if fast_form.has_low_node_timeout(view) and (view.state_ok or spent) and before is not None:
            settings += fast_form.restore_node_timeout(before)
        if settings:
            why = "the forming is over" if after else "it has said ok, or had its time"
            actions.append(ConfigSet(pod=pod.name, settings=settings, why=why))
    return tuple(actions)
