"""A volume that the sidecar may not read: the start gate cannot work, and nothing else shows it."""

from __future__ import annotations

from bootstrap.model.todo import Todo
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Alarm


def unread(facts: Facts) -> list[Alarm]:
    """Return one alarm at most, for the volume of our own pod, the only one that is mounted."""
    disk, me, space = facts.snapshot.disk, facts.me.name, commands.namespace(facts.topology)
    if disk is None or not disk.unread:
        return []
    why = (
        f"{me}: the sidecar may not read {disk.unread}, so its start gate cannot tell whether the"
        " volume still holds the data, and lets the server start: if this pod loses its data as a"
        " primary and is back at once, it empties its replicas; clients notice nothing before"
    )
    user = "{.spec.securityContext} {.spec.containers[*].securityContext}"
    return [
        Alarm(
            pod=me,
            code=Code.VOLUME_UNREADABLE,
            why=why,
            fix=(
                Todo(
                    what="which user owns the files, and as which user does the sidecar run?",
                    command=f"kubectl exec{space} {me} -c redis -- ls -ln /data; kubectl get pod"
                    f"{space} {me} -o jsonpath='{user}'",
                    expect="with the path that the server's dir has; one user for both containers",
                ),
                Todo(
                    what="run both as one user: runAsUser of the pod, or of both containers",
                    command=f"kubectl edit{space} statefulset {facts.topology.statefulset}",
                ),
            ),
        )
    ]
