"""Which replica takes a primary's role over: which ones can, and which of these is best."""

from __future__ import annotations

import enum

from bootstrap.model import layout, leaving_mark
from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member
from bootstrap.plan import unwritable
from bootstrap.plan.facts import Facts

_BUCKET = 64 * 1024
"""Bytes by which two replicas must differ in what they still lack before it matters.

Less is what was written between two looks, and the failover itself waits for it.
"""


class Fitness(enum.Enum):
    """Whether a replica can take over."""

    FIT = enum.auto()
    """It can take over now."""
    SOON = enum.auto()
    """It answers or loads its data, and may be fit at the next look."""
    NEVER = enum.auto()
    """It does not answer, is leaving too, is not ours, or would end when it takes over.

    It is waited for only as long as any replica is (`handover.PATIENCE`).
    """


def called(member: Member, topology: Topology) -> str:
    """Return the name of a member's pod; its address if our node knows no name (before 7.0)."""
    ordinal = topology.ordinal_of(member.hostname)
    return member.address if ordinal is None else topology.name_of(ordinal)


def judge(facts: Facts, member: Member) -> tuple[Fitness, str]:
    """Return whether one of our node's replicas can take over, and the reason in words."""
    name, pod = facts.name(member), pod_of(facts, member)
    if facts.is_ours(member) is False:
        return Fitness.NEVER, f"{name} is not of our StatefulSet"
    if pod is None or pod.view is None:
        return _unseen(facts, member)
    if leaving_mark.marked(pod.view):
        return Fitness.NEVER, f"{name} is leaving too"
    cannot = unwritable.cannot_save(facts, pod)
    if cannot:
        return Fitness.NEVER, f"{name} would end when it takes over: {cannot}"
    if pod.view.myself.primary_id != facts.my.node_id:
        return Fitness.SOON, f"{name} does not say that it follows us"
    if not pod.view.link_up:
        return Fitness.SOON, f"{name}: its link is down"
    if not pod.view.following:
        return Fitness.SOON, f"{name} copies from {pod.view.primary_host}, where we are not"
    if member.failed:
        return Fitness.SOON, f"{name} seems to fail"
    return Fitness.FIT, f"{name} is fit"


def _unseen(facts: Facts, member: Member) -> tuple[Fitness, str]:
    """Judge a replica whose node was not read. One that loads its data may be fit soon."""
    pod = facts.snapshot.pod(called(member, facts.topology))
    said = pod.node if pod is not None and isinstance(pod.node, Unreachable) else None
    loads = said is not None and said.trouble is Trouble.LOADING
    reason = f"{facts.name(member)}: {said.reason if said else 'not looked at'}"
    return (Fitness.SOON if loads else Fitness.NEVER), reason


def best(facts: Facts, fit: list[Pod], tried: tuple[str, ...]) -> Pod:
    """Return the best of the fit replicas' pods.

    The pod was told least often in this hand-over; then its node lacks least data; then it is on
    another host than ours, then in another zone; then it has the lowest ordinal.
    """

    def cost(pod: Pod) -> tuple[object, ...]:
        lack = facts.my.offset - (pod.view.offset if pod.view else 0)
        host, zone = layout.together(facts.place(facts.me), facts.place(pod))
        return tried.count(pod.name), max(0, lack) // _BUCKET, host, zone, pod.ordinal, pod.name

    return min(fit, key=cost)


def pod_of(facts: Facts, member: Member) -> Pod | None:
    """Return the pod at which a member's node answered. Its id is all the proof needed here."""
    pods = (pod for pod in facts.snapshot.pods if pod.view)
    return next((pod for pod in pods if pod.view and pod.view.node_id == member.node_id), None)
