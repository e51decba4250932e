"""The start gate: whether our own server may start, judged while it is still down.

A primary that lost its data, and is back at its address before the others missed it, makes its
replicas copy the emptiness: the data of the shard is gone. Its nodes.conf makes no difference, for
replication dials an address and asks for no node id. So such a node is held down until another
node owns what it owned, or no living node has anything to lose. While it is down its replicas fail
it over by themselves; nothing is sent.

What opens the gate, and what does not:

- To be failed is not enough. A node comes up with its old role, and until one of its replicas is
  promoted they all go on dialling it. Only slots that others own by a greater config epoch count:
  the node will lose them, and become a replica, the moment it hears of it.
- Silence is not enough. A replica that no node can speak of may be on its way up with the data.
  That is no deadlock when all pods return at once: only a primary with slots and no data waits,
  replicas start, and then each says itself whether it holds keys. If all were emptied, all open.
- A volume with neither data nor a nodes.conf says nothing of the past. Then peers tell who was at
  our address, and a pod that cannot be heard is waited for. Where no server listens it is a first
  start, or that of all pods: then a replica that comes up at the same moment is not seen. With a
  password its own sidecar keeps it from copying (`local.unproven`).
- That a replica is gone, most of the primaries have to say, and each must have been up for a node
  time-out: nodes.conf keeps failures of the past over a restart.
- A copy of another pod's volume is not started at all (`copied`).
- Where most primaries wait at their gates no replica can be elected. No word of others can mend
  that, a person has to choose; hence the bound in time, after which it is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.model import slots
from bootstrap.model.snapshot import Scope, Trouble, Unreachable, Volume
from bootstrap.model.todo import Fix, Todo
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan import copied_volume
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, dns_names, durations, unreachable
from bootstrap.plan.verdict import Block, Gate, Phase, Plan, Wait


def gate(facts: Facts) -> Gate:
    """Whether our own server may start, and why."""
    volume = facts.snapshot.volume
    if volume is None:
        return Gate()
    if volume.corrupt:
        return _corrupt(facts, volume)
    me = volume.myself
    if facts.snapshot.timers.opened:
        return Gate()  # the server may be up by now, and nothing can hold it down any more
    copy = copied_volume.held(facts)
    if copy is not None:
        return copy
    if volume.data and not volume.file:
        return _renamed(facts, volume)
    if volume.data or (me is not None and not volume.emptied):
        holds = f"holds data: {volume.data}" if volume.data else "is not that of a primary"
        return Gate(why=f"the volume {holds}")
    if facts.snapshot.scope < Scope.ALL:
        return Gate(open=False, until="its peers to be asked", why="one may follow it")
    return _emptied(facts, me) if me is not None else _new(facts)


def plan(facts: Facts, verdict: Gate) -> Plan | None:
    """What a gate makes of the plan; None when there is nothing but to wait for the server."""
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
    """What a person should know where the volume cannot be looked at."""
    what = (
        "a server that starts on a copy of another cluster's volume mixes the two, and a primary"
        " that lost its data and is back at once empties its replicas too"
    )
    value = "mount the volume of redis in the sidecar too, and set it to the path, such as /data"
    return () if topology.guarded else (f"BOOTSTRAP_DATA_DIR is not set: {what}; {value}",)


def _corrupt(facts: Facts, volume: Volume) -> Gate:
    """A nodes.conf without sense. The server will die of it, if it sees it as we do.

    Should it not, it must not come up empty; with data it may try, and does no harm.
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
    return _late(facts, Code.NODES_CONF_UNREADABLE, why, fix) or Gate(
        open=False, why=why, code=Code.NODES_CONF_UNREADABLE, fix=fix
    )


def _late(facts: Facts, code: Code, why: str, fix: Fix) -> Gate | None:
    """What becomes of a gate that has been shut for too long; None before that."""
    seconds = facts.topology.gate_seconds
    if facts.snapshot.timers.shut < seconds:
        return None
    if facts.topology.gate_opens:
        why = f"{why}; it starts after {seconds:g} s, as BOOTSTRAP_GATE_ON_TIMEOUT=open wants it"
    else:
        why = f"{why}; it is held down after {seconds:g} s, until a person acts"
    return Gate(open=facts.topology.gate_opens, why=why, code=code, fix=fix)


def _new(facts: Facts) -> Gate:
    """A node without a past of its own, where another may have been."""
    shut = (found for one in _predecessors(facts) if not (found := _emptied(facts, one)).open)
    held = next(shut, None)
    if held is not None:
        return held
    late = facts.snapshot.timers.shut >= facts.topology.gate_seconds
    unheard = _unheard(facts)
    if unheard and not (late and facts.topology.gate_opens):
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


def _renamed(facts: Facts, volume: Volume) -> Gate:
    """Data without a nodes.conf: its server takes a new node id, and serves no slot of its shard.

    At the address that the old node had it would keep redis from ever failing that one, so that no
    replica is elected. Held down it is failed over as after any crash, and its data stay.
    """
    if facts.snapshot.scope < Scope.ALL:
        return Gate(open=False, until="its peers to be asked", why="one may follow it")
    for one in _predecessors(facts):
        following = [
            pod for pod, view in facts.viewed if view.myself.primary_id == one.node_id and view.keys
        ]
        if following and not _successors(facts, one):
            theirs = ", ".join(pod.name for pod in following)
            why = (
                f"{facts.me.name} was the primary of slots {slots.brief(one.slots)}, and its volume"
                f" holds data ({volume.data}) and no nodes.conf: as another node at the same"
                f" address it would keep its replica from being promoted; {theirs} holds keys"
            )
            fix = advice.keep_data(facts, following[0])
            return _late(facts, Code.DATA_MISSING, why, fix) or Gate(open=False, why=why)
    return Gate(why=f"the volume holds data: {volume.data}")


def _unheard(facts: Facts) -> tuple[str, tuple[Todo, ...]] | None:
    """Why a pod was not heard that may know of a primary in our place, and what mends that.

    None if what was heard is enough. A member of a cluster knows all owners, unless it came after
    one of them was gone: then it never hears of that one's slots. Where no server listens, none has
    anything to lose yet.
    """
    topology = facts.topology
    if any(_knows_all_owners(view) for _, view in facts.viewed):
        return None
    if topology.size is None and not facts.snapshot.listed:
        return "DNS has not said yet which pods there are", dns_names.dns_fix(topology)
    for pod in facts.snapshot.pods:
        if pod is facts.me:
            continue
        if pod.node is None and pod.resolved.state == "unknown":
            return f"DNS about {pod.name}: {pod.resolved.reason}", dns_names.dns_fix(topology)
        if isinstance(pod.node, Unreachable) and pod.node.trouble is not Trouble.REFUSED:
            mend = unreachable.fix(facts, pod.name, pod.node.trouble)
            return f"{pod.name}: {pod.node.reason}", mend
    return None


def _knows_all_owners(view: View) -> bool:
    return not slots.missing(span for member in view.members for span in member.slots)


def _predecessors(facts: Facts) -> list[Member]:
    """Primaries with slots that peers have seen at the address where our new node will be.

    Where that is not known, with a node of our name: its address may be ours.
    """
    address, hostname = facts.topology.address, facts.me.hostname
    there = [
        member
        for _, view in facts.viewed
        for member in view.members
        if member.slots
        and (member.address == address if address else facts.hostname(member) == hostname)
    ]
    return [one for _, one in sorted({one.node_id: one for one in there}.items())]


def _emptied(facts: Facts, me: Member) -> Gate:
    """A primary with slots and without data."""
    successors = _successors(facts, me)
    if successors:
        owners = ", ".join(facts.name(member) for member in successors)
        return Gate(why=f"its slots are with {owners} by now")
    copies = list(_copies(facts, me))
    if not copies:
        return Gate(why="no replica that holds a key is left: its start can lose nothing")
    why = (
        f"{facts.me.name} was the primary of slots {slots.brief(me.slots)}, its volume does not"
        " hold their data, and a start would empty its replicas;"
        f" {'; '.join(text for _, text in copies)}"
    )
    pods = (facts.pod_named(member) for member, _ in copies)
    fix = advice.keep_data(facts, next((pod for pod in pods if pod), None))
    return _late(facts, Code.DATA_MISSING, why, fix) or Gate(open=False, why=why)


def _successors(facts: Facts, me: Member) -> list[Member]:
    """The nodes that own all that was ours, by later words than any that give it to us."""
    knowing = [view for _, view in facts.viewed if view.member(me.node_id)]
    told = [view.member(me.node_id) or me for view in knowing]
    mine = [me, *(line for line in told if not line.is_replica)]
    epoch = max(line.epoch for line in mine)
    later = [
        member
        for view in knowing
        for member in view.members
        if member.node_id != me.node_id and member.epoch > epoch
    ]
    owned = slots.normalise(span for member in later for span in member.slots)
    ours = slots.normalise(span for line in mine for span in line.slots)
    if not all(any(a <= start and end <= b for a, b in owned) for start, end in ours):
        return []
    named = {member.node_id: member for member in later if _meet(member.slots, ours)}
    return [member for _, member in sorted(named.items())]


def _meet(some: slots.Ranges, others: slots.Ranges) -> bool:
    return any(a <= end and start <= b for a, b in some for start, end in others)


def _copies(facts: Facts, me: Member) -> Iterator[tuple[Member, str]]:
    """Replicas that hold what we lost, or may hold it, and what is known of each."""
    lines = [*(volume.members if (volume := facts.snapshot.volume) else ())]
    lines += [member for _, view in facts.viewed for member in view.members]
    replicas = {line.node_id: line for line in lines if line.primary_id == me.node_id}
    for node_id, replica in sorted(replicas.items()):
        pod = facts.pod_by_id.get(node_id)
        if pod is None or pod.view is None:
            if not _buried(facts, me, node_id):
                yield replica, f"{facts.name(replica)} may hold keys, and was not reached"
        elif pod.view.myself.primary_id == me.node_id and pod.view.keys:
            yield replica, f"{facts.name(replica)} holds keys"


def _buried(facts: Facts, me: Member, node_id: str) -> bool:
    """Whether most of the primaries say that a replica is gone, and none says anything else."""
    lines = [view.member(node_id) for _, view in facts.viewed]
    if any(line and line.primary_id == me.node_id and not line.gone for line in lines):
        return False
    voters = [view for _, view in facts.viewed if _votes(facts, me, view)]
    owners = {me.node_id} | {one.node_id for view in voters for one in view.members if one.slots}
    return 2 * len(voters) > len(owners)


def _votes(facts: Facts, me: Member, view: View) -> bool:
    """Whether a node's word counts: a primary of our cluster that has had time to look around."""
    young = view.uptime * 1000 < facts.topology.node_timeout
    return bool(view.myself.slots) and view.member(me.node_id) is not None and not young
