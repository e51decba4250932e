"""Servers that refuse their clients' writes, or soon will, as far as their own word proves it."""

from __future__ import annotations

from typing import Final

from bootstrap.core.model import Pod, View, Writing
from bootstrap.core.plan import advice, commands, safety
from bootstrap.core.plan.outcome import Alarm
from bootstrap.core.plan.scene import Scene
from bootstrap.core.plan.todo import Todo

CODE: Final = "writes-refused"


def refused(scene: Scene) -> list[Alarm]:
    """One for each node that refuses writes, or that cannot store what its primary sends it."""
    return [alarm for pod, view in scene.viewed if (alarm := _alarm(scene, pod, view))]


def refusal(view: View) -> str:
    """The error that a primary refuses writes with; empty where it takes them, or owns no slot."""
    writing = view.writing
    if view.myself.is_replica or not view.myself.slots:
        return ""
    if _not_stored(writing):
        return "MISCONF"
    if writing.keeps and 0 < writing.memory_limit < writing.memory:
        return "OOM"
    return "NOREPLICAS" if writing.replicas < writing.replicas_needed else ""


def _alarm(scene: Scene, pod: Pod, view: View) -> Alarm | None:
    writing = view.writing
    what, fix = _not_stored(writing), _disk(scene, pod)
    match refusal(view):
        case "MISCONF":
            what += "; it refuses all writes with MISCONF"
        case "OOM":
            what = (
                f"it uses {writing.memory} bytes of maxmemory {writing.memory_limit}, and can evict"
                f" no key (maxmemory-policy {writing.keeps}); it refuses writes that need memory"
                " with OOM"
            )
            fix = _memory(scene, pod)
        case "NOREPLICAS":
            what = (
                f"{writing.replicas} of its replicas are near enough, and min-replicas-to-write is"
                f" {writing.replicas_needed}; it refuses all writes with NOREPLICAS"
            )
            fix = _near(scene, pod)
        case _ if not what:
            return None
        case _:
            what += (
                "; it is not fit to take over, and redis ends itself at the next write of its"
                " primary where replica-ignore-disk-write-errors is no"
            )
    return Alarm(pod=pod.name, code=CODE, why=f"{pod.name}: {what}", fix=fix)


def _not_stored(writing: Writing) -> str:
    """What the server could not store, where that makes it refuse writes."""
    if writing.aof_failed:
        return "its append-only file could not be written (aof_last_write_status:err)"
    if writing.rdb_failed and writing.rdb_stops:
        return "its last snapshot failed (rdb_last_bgsave_status:err)"
    return ""


def _disk(scene: Scene, pod: Pod) -> tuple[Todo, ...]:
    log = commands.logs(scene.topology, pod.name, "redis")
    return (
        Todo(what="what does its server say?", command=log, expect="the last lines name the fault"),
        *safety.room(scene, pod.name),
    )


def _memory(scene: Scene, pod: Pod) -> tuple[Todo, ...]:
    ask = advice.ask(scene.topology, pod.name)
    limit = (pod.view.writing.memory_limit if pod.view else 0) * 5 // 4
    return (
        Todo(
            what="how much memory may the container use?",
            command=commands.get(
                scene.topology,
                f"pod {pod.name}",
                "-o jsonpath='{.spec.containers[*].resources.limits.memory}'",
            ),
            expect="maxmemory has to stay well below it; empty: what the node has is the limit",
        ),
        Todo(
            what="which keys take the memory?",
            command=f"{ask} --bigkeys",
            expect="the biggest key of each kind",
        ),
        Todo(
            what="raise maxmemory, here by a quarter, below the container's limit, on the"
            " shard's replicas too and in redis.conf; or let keys be evicted; or add a shard",
            command=f"{ask} CONFIG SET maxmemory {limit}",
            expect="a hand-over helps nothing: the replica holds the same keys",
        ),
    )


def _near(scene: Scene, pod: Pod) -> tuple[Todo, ...]:
    ask = advice.ask(scene.topology, pod.name)
    return (
        Todo(
            what="which replicas has it, and how far behind is each?",
            command=f"{ask} INFO replication",
            expect="a lag of each slave line below min-replicas-max-lag; see why one is missing",
        ),
        Todo(
            what="where writes matter more than a second copy of them",
            command=f"{ask} CONFIG SET min-replicas-to-write 0",
        ),
    )
