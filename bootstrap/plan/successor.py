"""Who can take a primary's role over, and who of them had best."""

from __future__ import annotations

import enum

from bootstrap.model import layout, leaving_mark
from bootstrap.model.snapshot import Pod, Trouble, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member
from bootstrap.plan import unwritable
from bootstrap.plan.facts import Facts

#: Bytes by which replicas have to differ in what they still lack before it matters: less is what
#: was written between two looks, and the failover itself waits for it.
_BUCKET = 64 * 1024


class Fitness(enum.Enum):
    """What is to be expected of a replica."""

    FIT = enum.auto()
    SOON = enum.auto()
    """It answers, and may be fit at the next look."""
    NEVER = enum.auto()
    """It does not answer, or is leaving itself, or is not ours. A little patience is enough."""


def called(member: Member, topology: Topology) -> str:
    """The pod's name as far as our node knows it; else, before redis 7.0, its address."""
    ordinal = topology.ordinal_of(member.hostname)
    return member.address if ordinal is None else topology.name_of(ordinal)


def judge(facts: Facts, member: Member) -> tuple[Fitness, str]:
    """Whether one of our replicas can take over, and why not."""
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
    pod = facts.snapshot.pod(called(member, facts.topology))
    said = pod.node if pod is not None and isinstance(pod.node, Unreachable) else None
    loads = said is not None and said.trouble is Trouble.LOADING
    reason = f"{facts.name(member)}: {said.reason if said else 'not looked at'}"
    return (Fitness.SOON if loads else Fitness.NEVER), reason


def best(facts: Facts, fit: list[Pod], tried: tuple[str, ...]) -> Pod:
    """Who was told least often, lacks least, is on another host (then zone), has least ordinal."""

    def cost(pod: Pod) -> tuple[object, ...]:
        lack = facts.my.offset - (pod.view.offset if pod.view else 0)
        host, zone = layout.together(facts.place(facts.me), facts.place(pod))
        return tried.count(pod.name), max(0, lack) // _BUCKET, host, zone, pod.ordinal, pod.name

    return min(fit, key=cost)


def pod_of(facts: Facts, member: Member) -> Pod | None:
    """Where a member's own node was seen. Its id is all the proof that is needed here."""
    pods = (pod for pod in facts.snapshot.pods if pod.view)
    return next((pod for pod in pods if pod.view and pod.view.node_id == member.node_id), None)
