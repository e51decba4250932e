"""Rule 5: our own node joins the cluster that its siblings are in, as a replica.

Nothing here touches a node that owns slots or holds keys; such a node is never roleless.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import fast_form, slots
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Fix, Todo
from bootstrap.model.view import Member
from bootstrap.plan import choose_shard, forget, introduce, meetings, ownership, seed_patience
from bootstrap.plan.codes import Code
from bootstrap.plan.conflicts import components
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import under_way
from bootstrap.plan.messages import advice, commands, durations, forced_failover, foreign_node
from bootstrap.plan.verdict import Block, Phase, Plan, Step, Wait

_GOSSIP: Final = "gossip to name the primaries"


def join(facts: Facts) -> Plan | None:
    """The plan of a node without a role; None for a node that has one."""
    my = facts.my
    if my.myself.is_replica or my.myself.slots or my.keys:
        return None
    if my.blank:
        return _enter(facts)
    return _follow(facts)


def _enter(facts: Facts) -> Plan:
    """Blank: wait for the seed to form, or find the cluster and MEET it."""
    scope, topology = facts.snapshot.scope, facts.topology
    if scope < Scope.ALL and not topology.seed:
        patient = seed_patience.with_seed(facts)
        if patient is not None:
            return patient
    if scope < Scope.ALL:
        return _look_around(facts, "a look at its siblings")
    owning = [pods for pods in components(facts) if _owning(facts, pods)]
    clusters = [pods for pods in owning if _joinable(facts, pods)]
    if not clusters or under_way(facts):
        return _nobody_yet(facts)
    if len(owning) > 1:
        return _blocked(
            Code.SPLIT,
            "several of our pods own slots, in clusters of their own: "
            + "; ".join(", ".join(pod.name for pod in pods) for pods in owning),
            advice.one_is_right(facts, owning),
        )
    strange = _foreign(facts, clusters[0])
    if strange:
        return _blocked(
            Code.OTHER_CLUSTER,
            f"expected a cluster of our own pods; {slots.few([pod.name for pod in clusters[0]])} of"
            f" them are in one with nodes that are not ours: {slots.few(_names(facts, strange))}",
            (
                advice.nodes(
                    topology,
                    clusters[0][0].name,
                    "whose nodes are these, and which slots do they own? Joining would mix two"
                    " clusters",
                    "expected: nodes of our pods alone",
                ),
                foreign_node.forgetting(facts, [member.node_id for member in strange]),
            ),
        )
    return _meet(facts, clusters[0])


def _look_around(facts: Facts, what: str) -> Plan:
    wait = Wait(pod=facts.me.name, what=what, usual=durations.LOOK)
    return Plan(phase=Phase.WAITING, waiting=(wait,), look=Scope.ALL)


def _nobody_yet(facts: Facts) -> Plan:
    """No pod is in a cluster, as far as can be seen: say of every pod what can be seen."""
    topology = facts.topology
    seed_name = topology.name_of(topology.ordinal_start)
    seed = facts.snapshot.pod(seed_name)
    up = seed is not None and seed.view is not None
    fix = advice.sidecar(topology, seed_name) if up else ()
    waits = [seed_patience.forming(facts, f"{seed_name} to form the cluster", fix)]
    found = (advice.missing(facts, pod) for pod in facts.snapshot.pods if pod is not facts.me)
    waits += [wait for wait in found if wait]
    return Plan(phase=Phase.WAITING, waiting=tuple(waits), look=Scope.ALL)


def _blocked(code: Code, why: str, fix: Fix) -> Plan:
    block = Block(code=code, why=why, fix=fix)
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=Scope.ALL)


def _owning(facts: Facts, pods: list[Pod]) -> bool:
    views = (view for pod, view in facts.viewed if pod in pods)
    return any(member.slots for view in views for member in view.members)


def _joinable(facts: Facts, pods: list[Pod]) -> bool:
    """A cluster, and not a lone node that was given slots: what becomes of that the seed decides.

    Only a later pod may join a lone node, one that is the whole cluster.
    """
    views = [view for pod, view in facts.viewed if pod in pods]
    if any(not view.alone for view in views):
        return True
    later = facts.topology.ordinal not in facts.topology.ordinals
    return later and any(not slots.missing(view.myself.slots) for view in views)


def _names(facts: Facts, members: list[Member]) -> list[str]:
    return [facts.name(member) for member in members]


def _foreign(facts: Facts, pods: list[Pod]) -> list[Member]:
    """Members of a cluster that are not ours, or that there is no telling of."""
    views = [view for pod, view in facts.viewed if pod in pods]
    known = [member for view in views for member in view.members]
    members = {member.node_id: member for member in known}
    return [
        member
        for _, member in sorted(members.items())
        if not member.handshake and not facts.is_ours(member) and _telling(facts, member)
    ]


def _telling(facts: Facts, member: Member) -> bool:
    """A failed node without a name is no evidence: gossip never brings the name of a dead one.

    It may be a ghost of ours that all who ever heard it have forgotten by now.
    """
    return bool(facts.hostname(member)) or not member.gone


def _meet(facts: Facts, pods: list[Pod]) -> Plan:
    """MEET one sibling that is in the cluster and not alone in failing; gossip does the rest."""
    peers = [(pod, view) for pod, view in facts.viewed if pod in pods and pod is not facts.me]
    peer, peer_view = next(
        ((pod, view) for pod, view in peers if view.state_ok and view.myself.slots), peers[0]
    )
    until = f"our node and {peer.name} know each other"
    why = f"{facts.me.name} is blank, and {peer.name} is in a cluster"
    action = meetings.meet(facts.me, facts.my, peer, peer_view, why=why)
    follow = Step(actions=(), until="it follows the primary with the fewest replicas")
    return Plan(
        phase=Phase.JOIN, look=Scope.ALL, steps=(Step(actions=(action,), until=until), follow)
    )


def _follow(facts: Facts) -> Plan | None:
    """Met, but without a role: follow a primary, once it is known and no election is on."""
    topology, my, idle = facts.topology, facts.my, facts.snapshot.timers.idle
    if my.myself.open_slots:
        what = "the slots that are open on it to be moved here, or CLUSTER SETSLOT STABLE"
        return Plan(phase=Phase.JOIN, waiting=(Wait(pod=facts.me.name, what=what),))
    # A temporary setting marks a seed at work; should that have died, `local` ends the wait.
    patient = idle < seed_patience.SEED_SECONDS or fast_form.marked(my)
    # A node that the seed has only just met may not have heard every sibling's name yet.
    judged = facts.snapshot.scope is Scope.ALL and not fast_form.marked(my)
    strange = _foreign(facts, [facts.me]) if judged else []
    if strange:
        return _blocked(
            Code.FOREIGN_NODE,
            f"expected {facts.me.name} to know nodes of our pods only; it is in a cluster with"
            f" {slots.few(_names(facts, strange))}",
            (
                advice.nodes(
                    topology,
                    facts.me.name,
                    "whose nodes are these? The sidecar neither joins nor leaves that cluster",
                    "expected: nodes of our pods alone",
                ),
                advice.emptying(
                    topology, facts.me.name, "only if it is to leave that cluster for ours"
                ),
            ),
        )
    if topology.ordinal in topology.ordinals and patient:
        wait = Wait(
            pod=facts.me.name,
            what="the seed to say which primary to follow",
            usual=durations.FORMED,
        )
        return Plan(phase=Phase.JOIN, waiting=(wait,))
    if facts.snapshot.scope < Scope.ALL:
        return _look_around(facts, "a look at where its siblings run")
    owned = {owner.member.node_id: owner.ranges for owner in ownership.owners(facts)}
    if my.node_id in owned:
        return _disowned(facts, owned[my.node_id])
    owners = {owner.member.node_id: owner.member for owner in ownership.owners(facts)}
    primaries = [
        member
        for node_id in owners
        if (member := my.member(node_id)) is not None
        and member.slots
        and not (member.is_replica or member.failed or facts.ghost(member))
    ]
    refused = introduce.refusal(facts)
    if refused is not None:
        return Plan(phase=Phase.BLOCKED, blocked=(refused,), look=Scope.ALL)
    introduced = _unheard(facts)
    if introduced is not None:
        return introduced
    before = choose_shard.before(facts)
    # A pod whose shard is alive need not wait for what becomes of other shards.
    sure = any(primary.node_id in before for primary in primaries)
    waited = "" if sure else _waited_for(facts, owners, primaries)
    if waited:
        seconds = durations.GOSSIP if waited == _GOSSIP else durations.ELECTED
        wait = Wait(pod=facts.me.name, what=waited, usual=seconds)
        return Plan(phase=Phase.JOIN, waiting=(wait,), look=Scope.ALL)
    lost = [block for ghost_id, block in forget.lost_slots(facts) if ghost_id in before]
    if lost:
        return Plan(phase=Phase.BLOCKED, blocked=tuple(lost), look=Scope.ALL)
    return choose_shard.replicate(facts, primaries, before)


def _disowned(facts: Facts, ranges: slots.Ranges) -> Plan:
    """A primary that was reset, and that its siblings still send all clients to."""
    me, topology = facts.me.name, facts.topology
    copies = [
        (pod.name, view.keys)
        for pod, view in facts.viewed
        if view.myself.primary_id == facts.my.node_id
    ]
    named = slots.named(ranges)
    wait = Wait(
        pod=me,
        what=f"an owner for {named}: the other nodes list them under {me}, but {me} owns none (as"
        " after CLUSTER RESET)",
        fix=(
            *(
                forced_failover.once_found(
                    facts,
                    Todo(
                        what=f"{pod}, a replica, holds {slots.keys(many)}: let it serve the slots",
                        command=f"{commands.ask(topology, pod)} CLUSTER FAILOVER TAKEOVER",
                    ),
                )
                for pod, many in copies
                if many
            ),
            advice.nodes(
                topology,
                me,
                f"does another node own some of {named} by now?",
                f"expected: no line but that of {me} lists them",
            ),
            Todo(
                what=f"only if no replica holds their keys: give them back to {me}, which is empty",
                command=f"{commands.ask(topology, me)} CLUSTER ADDSLOTSRANGE"
                f" {' '.join(f'{first} {last}' for first, last in ranges)}",
                destructive=True,
            ),
        ),
    )
    return Plan(phase=Phase.JOIN, waiting=(wait,), look=Scope.ALL)


def _unheard(facts: Facts) -> Plan | None:
    """Our node is introduced once more where no owner of slots has heard of it."""
    actions = introduce.introduction(facts)
    if actions is None:
        return None
    step = Step(actions=actions, until="an owner of slots knows our node")
    return Plan(phase=Phase.JOIN, look=Scope.ALL, steps=(step,))


def _waited_for(facts: Facts, owners: dict[str, Member], primaries: list[Member]) -> str:
    """What has to be known before a shard can be chosen; empty when it is known."""
    away = [one for one in owners.values() if one not in primaries]
    failed = [one for one in away if one.failed or facts.ghost(one)]
    election = [facts.name(one) for one in failed if ownership.successors(facts, one.node_id)]
    if election:
        return f"an election to end: {', '.join(election)} failed"
    if len(failed) < len(away) or not primaries:
        return _GOSSIP
    return ""
