"""Slots that were opened to be moved, and are still open. The sidecar reports them, no more.

A node shows open slots only on its own line. So a sidecar knows those of its own node, and a look
at all pods those of all nodes. No line tells which side holds the keys, so a person has to look
before closing a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bootstrap.model import slots
from bootstrap.model.migration import Way
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, OpenSlot, View
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Alarm

LASTING_SECONDS: Final = 60.0
"""Seconds for which the same slots have to be open before the alarm. A running reshard opens the
next slot long before."""
_LET_IT_END: Final = Todo(
    what="if a reshard is under way, let it end: it goes on with the next slot within a minute"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """Slots that one node has open towards one other node."""

    importing: bool
    """Whether the slots move to the node; else away from it."""
    peer: Member
    """The node on the other side."""
    owner: Member | None
    """The node that most probably owns the slots; None if there is no owner, or several."""
    ranges: slots.Ranges


def left_open(facts: Facts) -> list[Alarm]:
    """Return an alarm for each pod whose open slots have lasted, or may have for a single look."""
    return [
        _alarm(facts, pod, view, found)
        for pod, view in facts.viewed
        if _lasting(facts, pod) and (found := _own(facts, view))
    ]


def _lasting(facts: Facts, pod: Pod) -> bool:
    """Whether to report it. A single look does so at once, since no roll should begin meanwhile."""
    timers = facts.snapshot.timers
    seconds = timers.open_for(pod.name)
    return timers.glance or seconds is None or seconds >= LASTING_SECONDS


def notes(facts: Facts) -> tuple[str, ...]:
    """Return a note about our own node's open slots, while these are no alarm."""
    found = _own(facts, facts.my)
    if not found or _lasting(facts, facts.me):
        return ()
    sides = sorted({_direction(facts, move) for move in _moves(facts, facts.my, found)})
    return (f"it has slots open, {', '.join(sides)}: a reshard seems to be under way",)


def _own(facts: Facts, view: View) -> tuple[OpenSlot, ...]:
    """Return a node's open slots, so that each slot is reported once.

    A replica repeats those of its primary (valkey 8.0). A slot that moves from one node to another
    is reported for the node that it leaves.
    """
    mine = view.myself
    if mine.is_replica:
        over = _open(facts, mine.primary_id or "")
        if over is None:
            return mine.open_slots if facts.snapshot.timers.glance else ()
        return tuple(one for one in mine.open_slots if one not in over)
    return tuple(
        one
        for one in mine.open_slots
        if not one.importing
        or OpenSlot(slot=one.slot, importing=False, peer_id=view.node_id)
        not in (_open(facts, one.peer_id) or ())
    )


def _open(facts: Facts, node_id: str) -> tuple[OpenSlot, ...] | None:
    """Return the open slots of a node; None if the node was not looked at."""
    pod = facts.pod_by_id.get(node_id)
    return pod.view.myself.open_slots if pod and pod.view else None


def _alarm(facts: Facts, pod: Pod, view: View, found: tuple[OpenSlot, ...]) -> Alarm:
    seconds = facts.snapshot.timers.open_for(pod.name)
    since = (
        "since when one look cannot tell, and it may be a reshard that is under way"
        if seconds is None
        else f"the same for {seconds:.0f} s"
    )
    if seconds is not None and seconds < LASTING_SECONDS:
        since = f"{since}, and it may be a reshard that is under way"
    moves = _moves(facts, view, found)
    alone = "".join(_one_sided(facts, move, pod) for move in moves)
    return Alarm(
        pod=pod.name,
        code=Code.OPEN_SLOTS,
        why=f"{pod.name}: {_listed(facts, view, found)}; {since}{alone}; no key is lost, but until"
        " that is ended clients are sent from one side to the other, keys on the side that is not"
        " asked seem to be missing, and no other reshard begins",
        fix=(_LET_IT_END, *(one for move in moves for one in _ending(facts, view.myself, move))),
    )


def _listed(facts: Facts, view: View, found: tuple[OpenSlot, ...]) -> str:
    """Say which slots are open, and to or from which node they move."""
    texts = []
    for move in _moves(facts, view, found):
        one = slots.count(move.ranges) == 1
        some = (
            f"slot {slots.render(move.ranges)} is"
            if one
            else f"slots {slots.brief(move.ranges)} are"
        )
        owner = move.owner
        others = owner is not None and owner.node_id not in (view.node_id, move.peer.node_id)
        now = f", and owned by {facts.name(owner)} now" if owner and others else ""
        texts.append(f"{some} open, {_direction(facts, move)}{now}")
    return "; ".join(texts)


def _direction(facts: Facts, move: _Move) -> str:
    return f"{'importing from' if move.importing else 'migrating to'} {facts.name(move.peer)}"


def _moves(facts: Facts, view: View, found: tuple[OpenSlot, ...]) -> list[_Move]:
    """Return the open slots by direction, other side and owner."""
    groups: dict[tuple[bool, str, str], list[slots.Range]] = {}
    for one in found:
        owner = _owner(facts, view, one.slot)
        key = (one.importing, one.peer_id, owner.node_id if owner else "")
        groups.setdefault(key, []).append((one.slot, one.slot))
    return [
        _Move(
            importing=importing,
            peer=view.member(peer_id) or Member(node_id=peer_id, address="", port=0, bus_port=0),
            owner=view.member(owner_id),
            ranges=slots.normalise(spans),
        )
        for (importing, peer_id, owner_id), spans in sorted(groups.items())
    ]


def _owner(facts: Facts, view: View, slot: int) -> Member | None:
    """Return the node that itself claims the slot; else the owner that this node believes in."""
    sure = [one.myself for _, one in facts.viewed if _has(one.myself, slot)]
    believed = [one for one in view.members if _has(one, slot)]
    some = sure or believed
    return view.member(some[0].node_id) if len(some) == 1 else None


def _has(member: Member, slot: int) -> bool:
    return any(first <= slot <= last for first, last in member.slots)


def _one_sided(facts: Facts, move: _Move, pod: Pod) -> str:
    """Say that the other side does not have the slots open; empty if it has, or is not known."""
    theirs = _open(facts, move.peer.node_id)
    if theirs is None:
        return ""
    there = {one.slot for one in theirs if one.importing != move.importing}
    shut = [slot for first, last in move.ranges for slot in range(first, last + 1)]
    shut = [slot for slot in shut if slot not in there]
    if not shut:
        return ""
    spans = slots.brief(slots.normalise((slot, slot) for slot in shut))
    return f"; {facts.name(move.peer)} does not have {spans} open, only {pod.name} has"


def _ending(facts: Facts, mine: Member, move: _Move) -> tuple[Todo, ...]:
    """Return the look that shows where the keys are, and the commands for each result."""
    target = mine if move.importing else move.peer
    source = move.peer if move.importing else mine
    if move.owner is not None and move.owner.node_id != target.node_id:
        source = move.owner  # a failover may have changed it
    here, there = _server(facts, source), _server(facts, target)
    first, second = facts.pod_name(source.node_id), facts.pod_name(target.node_id)
    count, slot = "CLUSTER COUNTKEYSINSLOT $slot", "CLUSTER SETSLOT $slot"
    take = f"{there} {slot} IMPORTING {source.node_id}"
    # Redis 8.4 counts 0 keys in a slot that is neither its own nor open for an import.
    done_there = move.owner is not None and move.owner.node_id == target.node_id
    hides = facts.my.way is Way.PULL and not (move.importing or done_there)
    shows = f"{take}; " if hides else ""
    look = Todo(
        what=f"how many keys do {first} and {second} hold?",
        command=_for_each(move, f"{shows}{here} {count}; {there} {count}"),
        expect="two numbers a slot; what is to be done with it depends on them",
    )
    if done_there:
        close = _for_each(move, f"{here} {slot} STABLE")
        what = f"{second} owns these slots already: where {first} holds no key, close them there"
        return look, Todo(what=what, command=close)
    back = f"{there} {slot} STABLE; {here} {slot} STABLE"
    done = (
        f"{there} {slot} IMPORTING {source.node_id}; {there} {slot} NODE {target.node_id};"
        f" {here} {slot} NODE {target.node_id}"
    )
    where = f"{target.address or 'ADDRESS'} {target.port}"
    return (
        look,
        Todo(
            what=f"where {second} holds no key, take the move back",
            command=_for_each(move, back),
            expect="not where it holds some: no client could reach these keys afterwards",
            destructive=True,
        ),
        Todo(
            what=f"where only {second} holds keys, finish the move", command=_for_each(move, done)
        ),
        Todo(
            what=f"where both hold keys, move those of {first}; again until its count is 0, then"
            " finish the move",
            command=_for_each(
                move,
                # Without it the target answers MIGRATE with MOVED.
                f"{take}; for key in $({here} CLUSTER GETKEYSINSLOT $slot 100); do"
                f' {here} MIGRATE {where} "$key" 0 5000; done',
            ),
            expect="expected: OK for each; where servers have a password, put AUTH2, the user and"
            " the password behind 5000",
        ),
    )


def _for_each(move: _Move, commands: str) -> str:
    """Return the commands for one slot, or a loop over all slots."""
    (first, last), *more = move.ranges
    if first == last and not more:
        return commands.replace("$slot", str(first))
    numbers = " ".join(
        str(start) if start == end else f"$(seq {start} {end})" for start, end in move.ranges
    )
    return f"for slot in {numbers}; do {commands}; done"


def _server(facts: Facts, member: Member) -> str:
    """Return what comes before a command to the member's server."""
    name = facts.pod_name(member.node_id)
    if not name.startswith(f"{facts.topology.statefulset}-"):
        return f"redis-cli -h {member.address or 'ADDRESS'} -p {member.port}"
    return commands.ask(facts.topology, name)
