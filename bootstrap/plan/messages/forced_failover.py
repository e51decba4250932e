"""When a failover by force may be named: where what was seen speaks for it, not for want of DNS.

A server that gets such a command takes slots whether their owner lives or not. A pod that DNS does
not tell was not asked; it may serve them, or have them by now.
"""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, dns_names


def once_found(facts: Facts, act: Todo) -> Todo:
    """An act that promotes a replica; while a pod is merely not found, the look for it instead."""
    pods = [pod.name for pod in facts.snapshot.pods if _unfound(facts, pod)]
    if not pods:
        return act
    return Todo(
        what=f"{', '.join(pods)}: not found by DNS, so not asked, and may serve clients: let no"
        " replica take over by force before DNS tells where they are. Are they there?",
        command=commands.get(facts.topology, "pods", "-o wide"),
        expect="Running: mend DNS or the Service first; what more is to be done is told once they"
        " are found",
    )


def _unfound(facts: Facts, pod: Pod) -> bool:
    """Whether it is DNS alone that keeps us from a pod.

    A pod that is not ready has no name where the Service does not publish it. So a name that does
    not exist proves nothing of an owner of slots, unless most of the primaries have failed it.
    """
    if dns_names.unanswered(pod):
        return True
    if pod.node is not None or pod.resolved.state != "absent":
        return False
    lines = [
        one
        for _, view in facts.viewed
        for one in view.members
        if one.slots and facts.pod_named(one) is pod
    ]
    return bool(lines) and not any("fail" in one.flags for one in lines)
