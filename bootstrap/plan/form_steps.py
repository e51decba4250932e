"""The steps of forming. `form` has proven that they may be taken.

1. Every node gets a config epoch, and every primary its slots, before the first MEET.
2. Nodes meet.
3. Each replica follows its primary as soon as it knows that node.
4. Every node has to say `cluster_state:ok`, know all nodes and have its links. Temporary settings
   are put back.

`begin` plans the first step. `finish` plans all others: at each look, whatever can be done now.
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
_RESTORED_UNTIL = "no temporary setting is left"


def begin(facts: Facts, found: Formation) -> Plan:
    """Return the plan that starts with epochs and slots, and shows the later steps."""
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
    return Plan(phase=Phase.FORM, look=Scope.ALL, steps=(first, *_later_steps(facts, found)))


def _epoch(index: int, primaries: int, pods: int) -> int:
    """Return the config epoch of the pod at this index. The primaries come first.

    Replicas get an epoch too: two nodes with the same epoch, even 0, raise it while both still
    count as primaries. A replica's epoch is lower than any primary's. A replica speaks with its
    primary's epoch, so if its own was higher before, what it says now looks old. Valkey 9.1 was
    seen to ignore such a replica for ever ("Ignore stale message", cluster_legacy.c).
    """
    replicas = pods - primaries
    return replicas + index + 1 if index < primaries else index - primaries + 1


def _later_steps(facts: Facts, found: Formation) -> tuple[Step, ...]:
    """Return the steps after the slots, each as if nothing of it were done yet."""
    steps = [
        Step(actions=_meets(found), until=_MEET_UNTIL),
        Step(actions=_replicates(found), until=_FOLLOW_UNTIL),
    ]
    restore = _restored_settings(facts, found, after=True)
    last = (
        Step(actions=restore, until=_RESTORED_UNTIL)
        if restore
        else Step(actions=(), until=_OK_UNTIL)
    )
    return tuple(step for step in (*steps, last) if step.actions or step is last)


def finish(facts: Facts, found: Formation) -> Plan | None:
    """Return the plan once all slots are given out; None when the cluster is formed.

    Whatever can be done now is one step. What must be true before the next stays in its text.
    """
    meets = _meets(found)
    known = all(
        len(view.known_ids) == len(found.pods) == len(view.members) for _, view in found.pods
    )
    ready = tuple(
        action
        for action in _replicates(found)
        if _view_of(found, action.pod).member(action.primary_id) is not None
    )
    ok = all(view.state_ok for _, view in found.pods)
    linked = all(view.link_up for _, view in found.replicas)
    settled = known and ok and linked
    now = (
        *meets,
        *ready,
        *_announced_slots(found),
        *_lowered_node_timeouts(facts, found),
        *_restored_settings(facts, found, after=settled),
    )
    if settled and not now:
        return None
    until = [_MEET_UNTIL] * (not known) + [_FOLLOW_UNTIL] * (not linked) + [_OK_UNTIL] * (not ok)
    steps = [Step(actions=now, until="; ".join(until) or _RESTORED_UNTIL)]
    later = tuple(action for action in _replicates(found) if action not in ready)
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


def _replicates(found: Formation) -> tuple[Replicate, ...]:
    """Return REPLICATE for each replica without a primary. A replica keeps the primary it has."""
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


def _announced_slots(found: Formation) -> tuple[Meet, ...]:
    """Return MEET once more from primaries to nodes that have not heard of their slots yet.

    The packets of the first meeting name no slots. The next ping to a certain peer may take a
    while, and longer if gossip says that the peer is alive. MEET of a known node works like a ping:
    the node that receives it learns the sender's slots (cluster_legacy.c, clusterProcessPacket).
    Nodes whose ping interval is shortened for forming need none of this.
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


def _lowered_node_timeouts(facts: Facts, found: Formation) -> tuple[Action, ...]:
    """Lower the node time-out of primaries that see every slot, so that they say ok sooner.

    It stays lowered for two seconds at most. A server younger than two seconds would not say ok
    sooner (CLUSTER_WRITABLE_DELAY).
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


def _restored_settings(facts: Facts, found: Formation, *, after: bool) -> tuple[Action, ...]:
    """Put temporary settings back: node time-outs as soon as possible, the others after forming.

    If the seed does not remember what a node time-out was, that pod's own sidecar puts it back.
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
