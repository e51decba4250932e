"""Whether a person may be told to fail over by force. Not while DNS alone hides a pod.

A server that gets such a command takes the slots even if their owner lives. A pod that DNS does not
find was not asked: it may serve these slots, or own them by now.
"""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, dns_names


def once_found(facts: Facts, act: Todo) -> Todo:
    """The act that promotes a replica. While DNS hides a pod, the look for that pod instead."""
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
    """Whether DNS alone hides a pod.

    A pod that is not ready has no name if the Service does not publish such pods. So a missing name
    does not prove that an owner of slots is gone. It counts only if its node is flagged `fail`,
    which takes most of the primaries.
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
