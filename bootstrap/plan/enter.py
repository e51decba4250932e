"""A blank node waits for the seed to form, or meets one node of the cluster that is there.

It meets a cluster only if exactly one cluster of our pods owns slots, and all nodes in that cluster
are ours.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Fix
from bootstrap.plan import meetings, outsiders, seed_patience
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import under_way
from bootstrap.plan.messages import advice, foreign_node, unread
from bootstrap.plan.split import components
from bootstrap.plan.verdict import Block, LookFurther, Phase, Plan, Step


def needs(facts: Facts) -> LookFurther | None:
    """The seed first, to which an expected pod leaves the first move; then all pods.

    A blank seed itself has looked at all pods by now: forming needs that.
    """
    if facts.snapshot.scope is Scope.ALL:
        return None
    further = seed_patience.needs(facts)
    if further is not None or seed_patience.wait_for_seed(facts) is not None:
        return further
    return LookFurther(scope=Scope.ALL, why="a look at its peers")


def enter(facts: Facts) -> Plan | None:
    """The plan of a node that knows no other and has nothing."""
    if facts.snapshot.scope < Scope.ALL:
        return seed_patience.wait_for_seed(facts)
    owning = [pods for pods in components(facts) if _owning(facts, pods)]
    clusters = [pods for pods in owning if _joinable(facts, pods)]
    if not clusters or under_way(facts):
        return _no_cluster_yet(facts)
    if len(owning) > 1:
        return _refused(
            Code.SPLIT,
            "several of our pods own slots, in clusters of their own: "
            + "; ".join(", ".join(pod.name for pod in pods) for pods in owning),
            advice.one_is_right(facts, owning),
        )
    foreign = outsiders.outsiders(facts, clusters[0])
    if foreign:
        return _refused(
            Code.OTHER_CLUSTER,
            f"expected a cluster of our own pods; {slots.few([pod.name for pod in clusters[0]])} of"
            " them are in one with nodes that are not ours:"
            f" {slots.few(outsiders.names(facts, foreign))}",
            (
                advice.nodes(
                    facts.topology,
                    clusters[0][0].name,
                    "whose nodes are these, and which slots do they own? Joining would mix two"
                    " clusters",
                    "expected: nodes of our pods alone",
                ),
                foreign_node.forgetting(facts, [member.node_id for member in foreign]),
            ),
        )
    return _meet(facts, clusters[0])


def _no_cluster_yet(facts: Facts) -> Plan:
    """Wait for the seed to form, and for every pod that is missing. No cluster was seen."""
    topology = facts.topology
    seed_name = topology.name_of(topology.ordinal_start)
    seed = facts.snapshot.pod(seed_name)
    up = seed is not None and seed.view is not None
    fix = advice.sidecar(topology, seed_name) if up else ()
    waits = [seed_patience.wait_for_forming(facts, f"{seed_name} to form the cluster", fix)]
    found = (unread.missing(facts, pod) for pod in facts.snapshot.pods if pod is not facts.me)
    waits += [wait for wait in found if wait]
    return Plan(phase=Phase.WAITING, waiting=tuple(waits), look=Scope.ALL)


def _refused(code: Code, why: str, fix: Fix) -> Plan:
    block = Block(code=code, why=why, fix=fix)
    return Plan(phase=Phase.BLOCKED, blocked=(block,), look=Scope.ALL)


def _owning(facts: Facts, pods: list[Pod]) -> bool:
    views = (view for pod, view in facts.viewed if pod in pods)
    return any(member.slots for view in views for member in view.members)


def _joinable(facts: Facts, pods: list[Pod]) -> bool:
    """Whether a blank node may meet these pods.

    A lone node with slots may be part of a formation, so the seed decides about it. If that node
    owns all slots, it is a whole cluster, and pods beyond `BOOTSTRAP_SIZE` may join it.
    """
    views = [view for pod, view in facts.viewed if pod in pods]
    if any(not view.alone for view in views):
        return True
    later = facts.topology.ordinal not in facts.topology.ordinals
    return later and any(not slots.missing(view.myself.slots) for view in views)


def _meet(facts: Facts, pods: list[Pod]) -> Plan:
    """Send MEET to one peer of the cluster; gossip does the rest.

    A peer that owns slots and says `cluster_state:ok` is preferred: another may be cut off itself.
    """
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
