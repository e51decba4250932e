"""Servers that refuse writes of clients, or soon will, as their own INFO proves."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import View, Writing
from bootstrap.plan import unwritable
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Alarm


def refused(facts: Facts) -> list[Alarm]:
    """Return an alarm for each node that refuses writes, or cannot store those of its primary."""
    return [alarm for pod, view in facts.viewed if (alarm := _alarm(facts, pod, view))]


def refusal(view: View) -> str:
    """Return the error with which a primary refuses writes; empty if none, or without slots."""
    writing = view.writing
    if view.myself.is_replica or not view.myself.slots:
        return ""
    if _not_stored(writing):
        return "MISCONF"
    if writing.keeps and 0 < writing.memory_limit < writing.memory:
        return "OOM"
    return "NOREPLICAS" if writing.replicas < writing.replicas_needed else ""


def _alarm(facts: Facts, pod: Pod, view: View) -> Alarm | None:
    writing = view.writing
    what, fix = _not_stored(writing), _disk(facts, pod)
    match refusal(view):
        case "MISCONF":
            what += "; it refuses all writes with MISCONF"
        case "OOM":
            what = (
                f"it uses {writing.memory} bytes of maxmemory {writing.memory_limit}, and can evict"
                f" no key (maxmemory-policy {writing.keeps}); it refuses writes that need memory"
                " with OOM"
            )
            fix = _memory(facts, pod)
        case "NOREPLICAS":
            what = (
                f"{writing.replicas} of its replicas keep up (min-replicas-max-lag), and"
                f" min-replicas-to-write is {writing.replicas_needed}; it refuses all writes with"
                " NOREPLICAS"
            )
            fix = _near(facts, pod)
        case _ if not what:
            return None
        case _:
            what += (
                "; it is not fit to take over, and redis ends itself at the next write of its"
                " primary where replica-ignore-disk-write-errors is no"
            )
    return Alarm(pod=pod.name, code=Code.WRITES_REFUSED, why=f"{pod.name}: {what}", fix=fix)


def _not_stored(writing: Writing) -> str:
    """Say what the server could not store, if it refuses writes for that reason; else empty."""
    if writing.aof_failed:
        return "its append-only file could not be written (aof_last_write_status:err)"
    if writing.rdb_failed and writing.rdb_stops:
        return "its last snapshot failed (rdb_last_bgsave_status:err)"
    return ""


def _disk(facts: Facts, pod: Pod) -> tuple[Todo, ...]:
    """Return what to do: first the log, since a full volume is one of several causes.

    Only our own volume can be asked.
    """
    log = Todo(
        what="what does its server say?",
        command=commands.logs(facts.topology, pod.name, "redis"),
        expect="`No space left on device`: its volume is full; `Permission denied`, `Is a"
        " directory` or `Read-only file system`: mend what lies in the server's dir, or its mount;"
        " `Can't save in background: fork` or a child ended by signal 9: raise the container's"
        " memory limit, or lower maxmemory",
    )
    disk = facts.snapshot.disk if pod is facts.me else None
    if disk is None or disk.free is None:
        return (log, *unwritable.room(facts, pod.name), _saved(facts, pod))
    if unwritable.full(disk):
        return (log, *unwritable.room(facts, pod.name))
    lies = Todo(
        what=f"its volume has {disk.free // 2**20} MiB left, so the cause is another: what lies in"
        " the server's dir, and whose is it?",
        command=f"kubectl exec{commands.namespace(facts.topology)} {pod.name} -c redis -- sh -c 'cd"
        ' "$(redis-cli CONFIG GET dir | tail -n 1)" && id && ls -la\'',
        expect="dump.rdb and appendonlydir, if there, are of the server's own user, dump.rdb a file"
        " and no directory; a snapshot may need as much room again as its data",
    )
    return (log, lies, _saved(facts, pod))


def _saved(facts: Facts, pod: Pod) -> Todo:
    return Todo(
        what="once that is mended: can it save? A snapshot that succeeds ends the refusal",
        command=f"{commands.ask(facts.topology, pod.name)} BGSAVE",
        expect="INFO persistence then has rdb_last_bgsave_status:ok; the append-only file is tried"
        " again by the server itself",
    )


def _memory(facts: Facts, pod: Pod) -> tuple[Todo, ...]:
    ask = commands.ask(facts.topology, pod.name)
    limit = (pod.view.writing.memory_limit if pod.view else 0) * 5 // 4
    return (
        Todo(
            what="how much memory may the container use?",
            command=commands.get(
                facts.topology,
                f"pod {pod.name}",
                "-o jsonpath='{.spec.containers[*].resources.limits.memory}'",
            ),
            expect="maxmemory has to stay well below it; empty: what the node has is the limit",
        ),
        Todo(
            what="which keys take the memory?",
            command=f"{ask} --memkeys",
            expect="the key of each kind that takes most",
        ),
        Todo(
            what="raise maxmemory, here by a quarter, below the container's limit, on the"
            " shard's replicas too and in redis.conf; or let the server evict keys, by"
            " maxmemory-policy",
            command=f"{ask} CONFIG SET maxmemory {limit}",
            expect="a hand-over does not help: the replica holds the same keys",
        ),
    )


def _near(facts: Facts, pod: Pod) -> tuple[Todo, ...]:
    ask = commands.ask(facts.topology, pod.name)
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
