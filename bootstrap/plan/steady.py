"""The last rule: what a node with nothing left to do still waits for, or that all is well.

Nothing is sent here. The goal is the phase steady without waits. The plan also reports slots
without an owner (`lost_slots`) and a primary that came back as another node (`replaced_primary`).
"""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.model import bus, fast_form, slots
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo
from bootstrap.plan import lost_slots, notes, ownership, replaced_primary, timed
from bootstrap.plan.alarms import bus_ports, unnamed_node
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import formation
from bootstrap.plan.messages import advice, down, durations, promotion, scaling
from bootstrap.plan.verdict import Block, Phase, Plan, Wait


def steady(facts: Facts) -> Plan:
    """Return the waits and refusals of a node that no other rule has work for."""
    my = facts.my
    if my.alone:
        return _used_and_alone(facts)
    lost = slots.missing(span for member in my.members for span in member.slots)
    if my.myself.is_replica and not my.link_up:
        lost = ()  # a replica without a link may just have been met, and gossip is still to come
    lost_shards = lost_slots.of_ghosts(facts)
    ghost_ids = {ghost_id for ghost_id, _ in lost_shards}
    # Not waited for: a lost shard's owner, and its replicas whose volumes are gone too.
    failed = [
        facts.name(one)
        for one in my.members
        if one.failed
        and one.node_id not in ghost_ids
        and not (one.primary_id in ghost_ids and facts.pod_of_ghost(one))
    ]
    waits = (*_own_waits(facts), *_waits_for_others(facts, failed, lost, told=bool(lost_shards)))
    blocked = tuple(block for _, block in lost_shards)
    replaced = replaced_primary.replaced(facts)
    if replaced is not None:
        blocked = (*blocked, replaced)
    if lost and not waits:
        blocked = (*blocked, lost_slots.without_owner(facts, lost))
    # All pods are looked at: slots that seem lost may be owned in another cluster of our pods, and
    # that is a split. And only the pods can say if a node without a name is one of theirs.
    look = Scope.ALL if blocked or unnamed_node.suspects(facts) else Scope.LOCAL
    return Plan(
        phase=Phase.BLOCKED if blocked else Phase.WAITING if waits else Phase.STEADY,
        waiting=waits,
        blocked=blocked,
        look=look,
        notes=(*notes.notes(facts), *_failed_without_a_missing_pod(facts)),
        seat=timed.roleless(my),  # it came here only if it stands empty
    )


def _failed_without_a_missing_pod(facts: Facts) -> Iterator[str]:
    """Say which nodes count as failed though no pod is missing."""
    for one in facts.my.members if facts.my.state_ok else ():
        pod = facts.pod_of_ghost(one)
        if one.failed and pod is not None:
            yield (
                f"{facts.name(one)} is the former node of {pod.name}, which is another node now: it"
                " is forgotten once that one has its role, and no node needs the former one"
            )
        elif one.failed and one.node_id in facts.pod_by_id:
            yield f"{facts.name(one)} answers, and is taken for failed"


def _own_waits(facts: Facts) -> list[Wait]:
    """Return the waits for what our own node has under way or lacks."""
    my, me = facts.my, facts.me.name
    primary = my.member(my.myself.primary_id)
    waits: list[Wait] = []
    if my.myself.is_replica and not my.link_up:
        waits.append(_sync(facts))
    elif my.myself.is_replica and not my.following:
        what = f"its primary to be found; it is not at {my.primary_host}, from where it copies"
        waits.append(Wait(pod=me, what=what, usual=durations.GOSSIP))
    elif primary is not None and primary.is_replica:
        what = f"a primary to follow: {facts.name(primary)}, from which it copies, is a replica"
        waits.append(Wait(pod=me, what=what, usual=durations.GOSSIP))
    elif my.keys and not (my.myself.is_replica or my.myself.slots):
        held = slots.keys(my.keys)
        what = f"a role: it holds {held}, owns no slots, and follows no primary"
        fix = advice.used(facts.topology, me)
        waits.append(Wait(pod=me, what=what, fix=fix))
    if my.state_ok and bus.cut_off(my):
        waits.append(Wait(pod=me, what=bus.told(my), usual=durations.GOSSIP))
    handshakes = [member for member in my.members if member.handshake]
    if handshakes:
        names = ", ".join(member.address for member in handshakes)
        what = f"handshakes with {names} to end"
        waits.append(Wait(pod=me, what=what, usual=durations.HANDSHAKE))
    if fast_form.marked(my):
        waits.append(
            Wait(
                pod=me, what="a temporary setting of forming to be put back", usual=durations.MARKED
            )
        )
    return waits


def _sync(facts: Facts) -> Wait:
    """Wait for our replica's link to its primary, with what may keep the link from coming up."""
    my, me, found = facts.my, facts.me.name, facts.snapshot.primary_answer
    what = f"the sync with its primary at {my.primary_host}"
    if my.copying and not (found and found.refused):
        return Wait(pod=me, what=f"{what}, whose data are on their way")
    answers = found is not None and found.refused is None
    if answers:
        what = f"{what}; port {my.primary_port} there answers our sidecar well"
    in_doubt = answers or (found is None and facts.topology.with_password)
    lasting = (facts.snapshot.timers.unlinked_for(me) or 0.0) > 2 * durations.COPIED
    fix = advice.not_let_in(facts.topology, me) if in_doubt or lasting else ()
    return Wait(pod=me, what=what, fix=fix, usual=0.0 if lasting else durations.COPIED)


def _waits_for_others(
    facts: Facts, failed: list[str], lost: slots.Ranges, *, told: bool
) -> list[Wait]:
    """Return the waits for what keeps `cluster_state` from being ok.

    With `told` a refusal names lost shards already, so no general wait for ok is added.
    """
    me = facts.me.name
    waits: list[Wait] = []
    unlinked = bus_ports.unlinked(facts)
    if facts.my.state_ok:
        pass  # with cluster-require-full-coverage no, even where slots are lost
    elif unlinked:
        waits.append(_taken_for_failed(facts, unlinked))
    elif failed:
        # A server refuses to elect a replica that has had no link since its own start
        # (cluster-replica-validity-factor). If its copy is new enough, only a person can say.
        copies = _copies(facts)
        found = (one for pod in copies for one in promotion.only_copy(facts, pod))
        fix = tuple(dict.fromkeys(found))
        over = ", or to be failed over" if copies else "; no replica of it that lives is known"
        what = f"{', '.join(failed)} to come back{over}"
        seconds = durations.ELECTED if copies else 0.0
        left = _scaled_away(facts)
        if left:
            fix = left
        if few := _minority(facts):
            what, seconds = f"{', '.join(failed)} to come back{few}", 0.0
        waits.append(Wait(pod=me, what=what, fix=fix, usual=seconds))
    elif not lost and not told:
        waits.append(
            Wait(pod=me, what="its own cluster_state to turn ok", usual=durations.REJOINED)
        )
    return [*waits, *lost_slots.waits(facts, lost)]


def _scaled_away(facts: Facts) -> tuple[Todo, ...]:
    """Return the way back if owners of slots were scaled away, where a number of shards is wished.

    Without a wish nothing says that these pods should have waited.
    """
    wish = facts.snapshot.wished.wish
    gone = [one for one in facts.my.members if down.scaled_away(facts, one)]
    if wish is None or not any(one.slots for one in gone):
        return ()
    last = max(facts.topology.ordinal_of(facts.hostname(one)) or 0 for one in gone)
    return (scaling.back(facts.topology, last),)


def _minority(facts: Facts) -> str:
    """Say that most owners of slots are down, so no replica can be elected; empty if not so."""
    owners = [one for one in facts.my.members if one.slots and not one.is_replica]
    lost = [one for one in owners if one.failed]
    if ownership.majority(len(lost), len(owners)):
        return ""
    return f"; no replica is elected while {len(lost)} of {len(owners)} primaries are down"


def _taken_for_failed(facts: Facts, pods: list[Pod]) -> Wait:
    """Wait for nodes that count as failed, and answer: no replica is to be promoted by force."""
    names = ", ".join(pod.name for pod in pods)
    answer = "answers" if len(pods) == 1 else "answer"
    what = (
        f"{names}, which {answer} at port {facts.topology.port}, to be taken for failed no longer"
    )
    shut = [pod for pod in pods if pod.bus]
    if shut:
        return Wait(pod=facts.me.name, what=what, fix=bus_ports.todo(facts, shut))
    return Wait(pod=facts.me.name, what=what, usual=durations.UNFAILED)


def _copies(facts: Facts) -> list[str]:
    """Return the pods of replicas that have not failed, and whose primaries own slots and have."""
    lost = {one.node_id for one in facts.my.members if one.failed and one.slots}
    copies = [one for one in facts.my.members if one.primary_id in lost and not one.failed]
    pods = {pod.name for one in copies if (pod := facts.pod_named(one)) is not None}
    ordinals = (facts.topology.ordinal_of(facts.hostname(one)) for one in copies)
    return sorted(pods | {facts.topology.name_of(one) for one in ordinals if one is not None})


def _used_and_alone(facts: Facts) -> Plan:
    """Return the plan of a node that knows no other, and that neither forms nor joins.

    It may be the whole cluster, or be prepared by a seed that has not finished, or is refused.
    """
    my, me = facts.my, facts.me.name
    covered = not slots.missing(my.myself.slots)
    if covered and my.state_ok:
        return Plan(phase=Phase.STEADY, notes=("it is the whole cluster",))
    found = formation(facts)
    fits = found is None or found.layout.slots_of(facts.me.ordinal) == my.myself.slots
    if not my.keys and not facts.topology.seed and fits:
        seed = facts.topology.name_of(facts.topology.ordinal_start)
        wait = Wait(
            pod=seed, what=f"{seed} to form the cluster; {me} is prepared", usual=durations.FORMED
        )
        return Plan(phase=Phase.WAITING, waiting=(wait,), look=Scope.LOCAL)
    owned = slots.named(my.myself.slots) if my.myself.slots else "no slots"
    what = f"{slots.keys(my.keys)} and {owned}"
    block = Block(
        code=Code.POD_HAS_KEYS if my.keys else Code.POD_HAS_SLOTS,
        why=f"{me} knows no other node, yet has {what}; expected a blank node or a member of the"
        " cluster",
        fix=advice.used(facts.topology, me),
    )
    # Only its peers can say if the pod was another node before.
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=Scope.ALL)
