"""The start gate: whether our own server may start, decided while the server is still down.

A primary may lose its data, and be back at its address before the other nodes miss it. Its replicas
would then copy the empty data, and all data of the shard would be gone. Its nodes.conf makes no
difference, since replication dials an address and asks for no node id. So such a server is held
down until another node owns its slots, or no living node has anything to lose. Meanwhile its
replicas fail it over by themselves, and the sidecar sends nothing.

The first of these that fits decides (`gate`). Cases 4, 5, 7 and 8 need a look at all pods, and
until that look the gate is shut:

1. No volume is mounted: open.
2. nodes.conf cannot be read, or makes no sense. With data, or if the gate has been open before:
   open, since the server may try, and does no harm. Else shut.
3. The gate has been open before: open. The server may be up, and cannot be held down any more.
4. The volume is a copy of another pod's (`copied_volume`): shut.
5. Data without a nodes.conf: shut while a replica with keys waits to be promoted.
6. Data, or the nodes.conf of a replica or of a primary without slots: open.
7. The nodes.conf of a primary with slots, and no data: shut until others own all its slots, or no
   replica with keys is left (`gate_evidence`). That it counts as failed does not open the gate. It
   comes up with its old role, and until one of its replicas is promoted, all go on dialling it.
8. Neither data nor a nodes.conf: the volume says nothing of the past. Peers tell which node was at
   our address, and a pod that cannot be heard is waited for. If no server listens, it is a first
   start, or the start of all pods: open. A replica that comes up at the same moment is not seen
   then. If there is a password, its own sidecar keeps it from copying (`own_settings.unproven`).

If most primaries wait at their gates, no replica can be elected, and only a person can choose. So
after a time limit (`BOOTSTRAP_GATE_TIMEOUT`) a gate that is shut by 2, 5 or 7 becomes a refusal, or
opens if `BOOTSTRAP_GATE_ON_TIMEOUT` says so. A gate of 8 that waits for pods to be heard opens then
too, or waits on. A copy (4) is held whatever the time.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.snapshot import Scope, Volume
from bootstrap.model.todo import Fix, Todo
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member
from bootstrap.plan import copied_volume, gate_evidence
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, durations, promotion
from bootstrap.plan.verdict import Block, Gate, Phase, Plan, Wait


def gate(facts: Facts) -> Gate:
    """Decide whether our own server may start, and why."""
    volume = facts.snapshot.volume
    if volume is None:  # 1
        return Gate()
    if volume.corrupt:  # 2
        return _corrupt(facts, volume)
    me = volume.myself
    if facts.snapshot.timers.opened:  # 3
        return Gate()
    copy = copied_volume.held(facts)
    if copy is not None:  # 4
        return copy
    if volume.data and not volume.file:  # 5
        return _without_nodes_conf(facts, volume)
    if volume.data or (me is not None and not volume.emptied):  # 6
        holds = f"holds data: {volume.data}" if volume.data else "is not that of a primary"
        return Gate(why=f"the volume {holds}")
    if facts.snapshot.scope < Scope.ALL:
        return Gate(open=False, until="its peers to be asked", why="one may follow it")
    return _without_data(facts, me) if me is not None else _new_node(facts)  # 7, 8


def plan(facts: Facts, verdict: Gate) -> Plan | None:
    """Return the plan while the gate is shut or needs a person; None if it is simply open."""
    if verdict.code:
        block = Block(code=verdict.code, why=verdict.why, fix=verdict.fix)
        look = Scope.ALL if verdict.code in {Code.DATA_MISSING, Code.COPIED_VOLUME} else Scope.LOCAL
        return Plan(phase=Phase.BLOCKED, blocked=(block,), look=look)
    if verdict.open:
        return None
    soon = facts.snapshot.timers.shut < facts.topology.gate_seconds
    wait = Wait(
        pod=facts.me.name,
        what=f"{verdict.until}: {verdict.why}",
        fix=verdict.fix,
        usual=durations.ELECTED if soon else 0.0,
    )
    return Plan(phase=Phase.WAITING, waiting=(wait,), look=Scope.ALL)


def unguarded(topology: Topology) -> tuple[str, ...]:
    """Warn if the sidecar cannot see the volume, so there is no gate."""
    what = (
        "a server that starts on a copy of another cluster's volume mixes the two, and a primary"
        " that lost its data and is back at once empties its replicas too"
    )
    value = "mount the volume of redis in the sidecar too, and set it to the path, such as /data"
    return () if topology.guarded else (f"BOOTSTRAP_DATA_DIR is not set: {what}; {value}",)


def _corrupt(facts: Facts, volume: Volume) -> Gate:
    """Judge a nodes.conf that no server can start with, as far as the sidecar can tell.

    The server probably ends over it. With data it may try, since that does no harm. Without data it
    must not come up empty.
    """
    why = f"{volume.file}: expected a nodes.conf that a server can start with; {volume.corrupt}"
    fix: Fix = (
        Todo(
            what="put back a copy of it, where you have one: is there a snapshot?",
            command=commands.volumes(facts.topology),
            expect="one from before the fault",
        ),
        advice.emptying(
            facts.topology, facts.me.name, "only once other nodes own the slots of this pod"
        ),
    )
    if volume.denied:
        fix = (
            Todo(
                what="run the sidecar and the server as one user: runAsUser of the pod, or of both"
                " containers",
                command=f"kubectl edit statefulset{commands.namespace(facts.topology)}"
                f" {facts.topology.statefulset}",
                expect="under securityContext",
            ),
        )
    if volume.data or facts.snapshot.timers.opened:
        return Gate(why=why, code=Code.NODES_CONF_UNREADABLE, fix=fix)
    return _after_limit(facts, Code.NODES_CONF_UNREADABLE, why, fix) or Gate(
        open=False, why=why, code=Code.NODES_CONF_UNREADABLE, fix=fix
    )


def _after_limit(facts: Facts, code: Code, why: str, fix: Fix) -> Gate | None:
    """Return the gate after the time limit (`gate_seconds`); None before it is over."""
    seconds = facts.topology.gate_seconds
    if facts.snapshot.timers.shut < seconds:
        return None
    if facts.topology.gate_opens:
        why = f"{why}; it starts after {seconds:g} s, as BOOTSTRAP_GATE_ON_TIMEOUT=open wants it"
    else:
        until = "until its reason is gone or a person acts"
        why = f"{why}; it is held down after {seconds:g} s, {until}"
    return Gate(open=facts.topology.gate_opens, why=why, code=code, fix=fix)


def _new_node(facts: Facts) -> Gate:
    """Judge a volume with neither data nor a nodes.conf: another node may have been here."""
    shut = (
        found
        for one in gate_evidence.predecessors(facts)
        if not (found := _without_data(facts, one)).open
    )
    held = next(shut, None)
    if held is not None:
        return held
    over = facts.snapshot.timers.shut >= facts.topology.gate_seconds
    unheard = gate_evidence.unheard(facts)
    if unheard and not (over and facts.topology.gate_opens):
        why = (
            "a node that was here before may have replicas, and a start would empty them;"
            f" {unheard[0]}"
        )
        go = Todo(
            what="only if the set is new, or its data may go: set BOOTSTRAP_GATE_ON_TIMEOUT=open,"
            f" and the server starts after {facts.topology.gate_seconds:g} s all the same, whatever"
            " a replica loses by that",
            destructive=True,
        )
        return Gate(open=False, until="its peers to be heard", why=why, fix=(*unheard[1], go))
    return Gate(why="the volume holds no nodes.conf: the node is new")


def _without_nodes_conf(facts: Facts, volume: Volume) -> Gate:
    """Judge a volume with data and without a nodes.conf.

    Its server would take a new node id, and serve no slot of its shard. At the old node's address
    it would keep redis from ever marking the old node as failed, so no replica would be elected.
    While the server is held down, the old node is failed over as after any crash. The data stay.
    """
    if facts.snapshot.scope < Scope.ALL:
        return Gate(open=False, until="its peers to be asked", why="one may follow it")
    for one in gate_evidence.predecessors(facts):
        following = [
            pod for pod, view in facts.viewed if view.myself.primary_id == one.node_id and view.keys
        ]
        if following and not gate_evidence.successors(facts, one):
            theirs = ", ".join(pod.name for pod in following)
            why = (
                f"{facts.me.name} was the primary of slots {slots.brief(one.slots)}, and its volume"
                f" holds data ({volume.data}) and no nodes.conf: as another node at the same"
                f" address it would keep its replica from being promoted; {theirs} holds keys"
            )
            fix = promotion.keep_data(facts, following[0])
            return _after_limit(facts, Code.DATA_MISSING, why, fix) or Gate(open=False, why=why)
    return Gate(why=f"the volume holds data: {volume.data}")


def _without_data(facts: Facts, me: Member) -> Gate:
    """Judge a primary with slots and without data, by what its peers tell."""
    successors = gate_evidence.successors(facts, me)
    if successors:
        owners = ", ".join(facts.name(member) for member in successors)
        return Gate(why=f"its slots are with {owners} by now")
    copies = list(gate_evidence.copies(facts, me))
    if not copies:
        return Gate(why="no replica that holds a key is left: its start can lose nothing")
    why = (
        f"{facts.me.name} was the primary of slots {slots.brief(me.slots)}, its volume does not"
        " hold their data, and a start would empty its replicas;"
        f" {'; '.join(text for _, text in copies)}"
    )
    pods = (facts.pod_named(member) for member, _ in copies)
    fix = promotion.keep_data(facts, next((pod for pod in pods if pod), None))
    return _after_limit(facts, Code.DATA_MISSING, why, fix) or Gate(open=False, why=why)
