"""How a person changes the number of pods, and the way back from pods that went too early."""

from __future__ import annotations

from bootstrap.model.todo import Todo
from bootstrap.model.topology import Topology
from bootstrap.plan.messages import commands


def command(topology: Topology, count: int) -> str:
    """The command that gives the StatefulSet so many pods."""
    return (
        f"kubectl scale statefulset{commands.namespace(topology)} {topology.statefulset}"
        f" --replicas={count}"
    )


def back(topology: Topology, last: int) -> Todo:
    """Brings pods back that own slots and were scaled away, up to this ordinal, the right way."""
    return Todo(
        what="scale up again: the pods come back with their volumes, and with their keys. Then wish"
        " for fewer shards (BOOTSTRAP_SHARDS, or its file), and scale down only when status says"
        " that the pods may go",
        command=command(topology, last - topology.ordinal_start + 1),
        expect="the pods are Running again; no claim of theirs may be deleted before",
    )
