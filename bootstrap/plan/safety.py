"""The last door: what can never be sent, whichever rule asked for it.

`rules.decide` passes the first step of every plan through here, and `handover.decide` every step of
a hand-over. (Only the mark of a hand-over is taken back without it: that gives our own node its
name again.) The door knows no rule. It judges by what was seen alone, by five of the invariants
(`bootstrap.plan`):

- Slots are given out only if DNS has listed the Service's pods, every expected pod and every other
  that DNS names was seen, is proven to be ours and holds no key, no node knows another, and no node
  owns any of the slots (I1, I2, I4).
- A config epoch is set only on a node that knows no other and has none, and no two nodes get the
  same epoch (I1).
- A node is made a replica only if it has neither slots nor keys, or is a replica already, and if no
  slots move to it. A replica with keys and without a link may have the last copy: it is led to its
  own primary only, if that was seen and has not lost them, and gets no password for a primary that
  has (I3). A replica with its link is led away from an owner of slots only if that keeps enough
  others (M10). No node follows one that it does not know, or that is foreign (I5).
- A node is forgotten only if all pods were looked at, our node counts it as gone, it owns nothing,
  no node follows it, it is no pod's node, and its pod is proven to have another node now; without
  a name, if each pod is (I3). Or its pod is gone for good: all show a wish that does not need the
  pod, and DNS has denied the pod's name for a minute (`safety_forget`). Nodes that follow it may be
  gone for good too.
- MEET is sent only if both nodes are proven to be ours, the peer was seen at that address and
  ports, and both know the same foreign nodes. Two nodes that are not connected, by what all nodes
  know, must know nothing but our nodes; two that both belong to owners of slots meet only while a
  cluster is formed of them. A node that the other has forgotten brings no slots that have another
  owner (I5).
- CLUSTER FAILOVER goes to a linked replica of our own node, and hands over our own node's role.
- Slots move only between two of our nodes, by the wish of all, and over no leftovers
  (`safety_moves`).
- Settings are changed only if they say who and where a node is, or when and how fast it forms and
  copies (`_SETTABLE`): no setting that decides what happens to data (I3). The one that lets a node
  stand empty is written on our own node only, together with its mark, and put back only where the
  mark is (M11).
- All other commands go to our own node. Only the seed commands others too, and only while no pod
  holds keys.

If a step breaks one of these, the sidecar has a fault. Nothing is sent, and the plan says so.

Some commands no plan can hold, because no action stands for them (`model.actions`): nothing
flushes, resets, deletes slots or takes over by force. What is sent beside plans changes nothing:
logging in, and questions (`redis.node`, `observe`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from bootstrap.model import empty_mark, fast_form, leaving_mark, slots
from bootstrap.model.actions import (
    Action,
    AddSlots,
    CancelMigrations,
    ConfigSet,
    Failover,
    Forget,
    ImportSlots,
    Meet,
    MigrateSlots,
    Replicate,
    RestoreFunctions,
    SetConfigEpoch,
    SetPeersPassword,
    describe,
)
from bootstrap.model.todo import Todo
from bootstrap.plan import own_settings, safety_forget, safety_meet, safety_moves, safety_roles
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Block, Phase, Plan, Step

_SETTABLE: Final = frozenset(
    {
        *own_settings.PORTS,
        leaving_mark.NAME,
        "cluster-announce-ip",
        "cluster-announce-hostname",
        "availability-zone",
        empty_mark.SETTING,
        fast_form.NODE_TIMEOUT,
        fast_form.PING_INTERVAL,
        fast_form.SYNC_DELAY,
        fast_form.SYNC_REPLICAS,
        fast_form.LOAD,
    }
)
"""The settings that a CONFIG SET may change, by their names in redis.conf."""


def checked(facts: Facts, plan: Plan) -> Plan:
    """Return the plan if its first step breaks no invariant; else a refusal without steps."""
    found = violations(facts, plan.steps[0]) if plan.steps else ()
    if not found:
        return plan
    block = Block(code=Code.SAFETY, why="; ".join(found), fix=_fix(facts))
    return dataclasses.replace(
        plan, phase=Phase.BLOCKED, steps=(), waiting=(), blocked=(*plan.blocked, block)
    )


def violations(facts: Facts, step: Step) -> tuple[str, ...]:
    """Return what is wrong with the commands of a step, one text for each; empty if nothing is."""
    texts = [
        f"{describe(action)}: {why}"
        for action in step.actions
        for why in (*_not_ours_to_command(facts, action), *_broken(facts, step, action))
    ]
    return tuple(dict.fromkeys(texts))


def _broken(facts: Facts, step: Step, action: Action) -> Iterator[str]:  # noqa: C901 - a table
    """Say which invariants an action breaks."""
    match action:
        case AddSlots():
            yield from _slots_given(facts, step, action)
        case SetConfigEpoch():
            yield from _epoch_set(facts, step, action)
        case Replicate():
            yield from safety_roles.made_replica(facts, action)
        case Meet():
            yield from safety_meet.met(facts, action)
        case Forget():
            yield from safety_forget.forgotten(facts, action)
        case Failover():
            yield from safety_roles.handed_over(facts, action)
        case SetPeersPassword():
            yield from safety_roles.let_in(facts)
        case MigrateSlots() | ImportSlots():
            yield from safety_moves.moved(facts, action)
        case CancelMigrations():
            yield from safety_moves.cancelled(facts, action)
        case RestoreFunctions():
            yield from safety_moves.restored(facts, action)
        case ConfigSet():
            others = sorted({name for name, _ in action.settings} - _SETTABLE)
            if others:
                yield f"{', '.join(others)} is no setting of ours"
            yield from _stays_empty(facts, action)


def _stays_empty(facts: Facts, action: ConfigSet) -> Iterator[str]:
    """Say why our node may not be made to stand empty, or may not be as it was again (M11)."""
    said = dict(action.settings)
    value = said.get(empty_mark.SETTING)
    if value is None:
        return
    if action.pod != facts.me.name:
        yield f"{empty_mark.SETTING} is set on our own node alone"
    marks = empty_mark.is_mark(said.get(leaving_mark.NAME, ""))
    if value == empty_mark.KEEPS and not marks:
        yield f"{empty_mark.SETTING} would be left behind: no mark says that it is ours"
    elif value != empty_mark.KEEPS and (marks or not empty_mark.marked(facts.my)):
        yield f"{empty_mark.SETTING} is not ours to put back"


def _not_ours_to_command(facts: Facts, action: Action) -> Iterator[str]:
    """Say why our sidecar may not command the node that the action is for."""
    if action.pod == facts.me.name or isinstance(action, Failover):
        return
    if not facts.topology.seed:
        yield f"{facts.me.name} is not the seed, and commands its own node alone"
    if facts.views.get(action.pod) is None:
        yield safety_meet.UNSEEN.format(pod=action.pod)
    used = [pod.name for pod, view in facts.viewed if view.keys]
    if used:
        yield f"{', '.join(used)} holds keys, and the seed commands others only while none does"


def _slots_given(facts: Facts, step: Step, action: AddSlots) -> Iterator[str]:
    """Say why these slots may have an owner, or data, already (I1, I2, I4)."""
    yield from safety_meet.unseen_pods(facts)
    for pod, view in facts.viewed:
        if view.keys:
            yield f"{pod.name} holds {slots.keys(view.keys)}"
        if not view.alone:
            yield f"{pod.name} knows other nodes"
        taken = [span for member in view.members for span in member.slots]
        if slots.overlap(action.ranges, taken):
            yield f"{pod.name} says that some of these slots have an owner"
    twice = [
        one
        for one in step.actions
        if isinstance(one, AddSlots)
        and one is not action
        and slots.overlap(one.ranges, action.ranges)
    ]
    if twice:
        yield f"the same step gives some of these slots to {twice[0].pod}"


def _epoch_set(facts: Facts, step: Step, action: SetConfigEpoch) -> Iterator[str]:
    """Say why the epoch may not be set.

    Slots would change their owner if two nodes had the same epoch, or if an epoch rose while nodes
    know each other (I1).
    """
    view = facts.views.get(action.pod)
    if view is None or not view.alone or view.myself.epoch:
        yield f"{action.pod} knows other nodes, or has an epoch"
    others = [pod.name for pod, seen in facts.viewed if seen.myself.epoch == action.epoch]
    others += [
        one.pod
        for one in step.actions
        if isinstance(one, SetConfigEpoch) and one is not action and one.epoch == action.epoch
    ]
    if others:
        yield f"{others[0]} has this epoch, or gets it"


def _fix(facts: Facts) -> tuple[Todo, ...]:
    return (
        Todo(
            what="this is a fault of bootstrap, and it has sent nothing: please report it with what"
            " this shows",
            command=f"{commands.in_sidecar(facts.topology, facts.me.name)} python -m bootstrap"
            " --dry-run --output json",
            expect="what the sidecar saw, and what it was about to do; clients are served",
        ),
    )
