"""What clients are served, and what is kept of the data: first the facts, then words for them.

After a look at all pods, each node's own view counts; after a look at our own node only, what it
says about the others.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from bootstrap.model import slots
from bootstrap.model.proof import Proof
from bootstrap.model.snapshot import Pod, Scope, Trouble, Unreachable
from bootstrap.model.view import Member, View
from bootstrap.plan import migrations, new_nodes_conf, ownership
from bootstrap.plan.alarms import max_clients, writes
from bootstrap.plan.facts import Facts

_SERVES = frozenset({Trouble.PASSWORD, Trouble.PERMISSION, Trouble.CROWDED}) | {
    trouble for trouble in Trouble if trouble.value.startswith("tls")
}
"""Troubles of a server that refuses the sidecar, but may well serve clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What is served and what is kept, as far as was seen."""

    formed: bool | None
    """Whether there is a cluster with slots; None if no node could be asked."""
    forming: bool = False
    """Whether the seed forms the cluster now: nodes may have met, but not all say ok yet."""
    looked: bool = True
    """Whether all pods were looked at. A single node knows little about the others."""
    seen: bool = True
    """Whether the nodes of all other pods in the snapshot were read."""
    nodes: int = 0
    """The number of nodes in the cluster."""
    shards: int = 0
    """The number of primaries with slots."""
    keys: int = 0
    """The number of keys on nodes outside any cluster, while none is formed."""
    holders: tuple[str, ...] = ()
    """The pods that hold these keys."""
    unserved: slots.Ranges = ()
    """Slots that no living node owns."""
    unowned: slots.Ranges = ()
    """The part of `unserved` that no known node owns."""
    copied: slots.Ranges = ()
    """The part of `unserved` of which a living replica has a copy."""
    single: slots.Ranges = ()
    """Served slots of which no other node has a copy."""
    unwritten: slots.Ranges = ()
    """Served slots whose owner refuses writes."""
    crowded: tuple[str, ...] = ()
    """Pods whose servers serve connected clients, but refuse new ones."""
    down: bool = False
    """Whether the living nodes refuse all keys (`cluster_state:fail`)."""

    @property
    def harms(self) -> bool:
        """Whether clients lack something."""
        return self.formed is not False and (self.down or bool(self.unserved))


def effect(facts: Facts) -> Effect:
    """Return the effect of what was seen."""
    views = [facts.me.view] if facts.me.view else []
    views += [view for pod, view in facts.viewed if pod is not facts.me]
    if new_nodes_conf.keys(facts.me):
        views = [*views[1:], views[0]]  # alone with its keys, our node does not know the cluster
    inside = next((view for view in views if _inside(view)), None)
    if inside is None:
        return _unformed(facts, formed=False if views else None)
    members = {one.node_id: one for one in inside.members if not one.handshake}
    members |= {view.node_id: view.myself for _, view in facts.viewed if not view.alone}
    members |= ownership.remembered(facts)
    living = {node_id for node_id, one in members.items() if alive(facts, one)}
    owners = [one for one in members.values() if one.slots and not one.is_replica]
    served = [span for one in owners if one.node_id in living for span in one.slots]
    replicas = [one for one in members.values() if one.node_id in living and one.is_replica]
    holding = {one.primary_id for one in replicas}
    # The copy of a living primary counts only while the link is up.
    linked = {one.primary_id for one in replicas if _linked(facts, one)}
    ours = [view for pod, view in facts.viewed if pod.view and view.node_id in members]
    handed = migrations.handed_over(facts, living)
    unserved = slots.missing((*served, *handed))
    unowned = slots.missing((*handed, *(span for one in owners for span in one.slots)))
    return Effect(
        formed=True,
        looked=facts.snapshot.scope is Scope.ALL,
        seen=_seen(facts),
        nodes=sum(not facts.pod_of_ghost(one) for one in members.values()),
        shards=len(owners),
        unserved=unserved,
        unowned=unowned,
        copied=_of(owners, holding - living),
        single=_of(owners, living - linked),
        unwritten=_of(owners, {view.node_id for view in ours if writes.refusal(view)}),
        crowded=tuple(max_clients.pods(facts)),
        down=bool(ours) and not any(view.state_ok for view in ours),
    )


def forming(facts: Facts) -> Effect:
    """Return the effect while the seed forms the cluster, which may already be formed.

    Nodes get their slots before they meet. A node that has met the others serves once it says ok.
    """
    inside = [view for _, view in facts.viewed if _inside(view)]
    if inside and all(view.state_ok for view in inside):
        return effect(facts)
    return dataclasses.replace(_unformed(facts, formed=False), forming=bool(inside))


def _inside(view: View) -> bool:
    """Whether a node is in a cluster with slots. A node alone is one if it owns all slots."""
    if view.alone:
        return not slots.missing(view.myself.slots)
    return any(one.slots for one in view.members)


def _unformed(facts: Facts, *, formed: bool | None) -> Effect:
    """Return the effect if no cluster was seen. Keys of nodes not yet proven count too."""
    others = (Proof.FOREIGN, Proof.PEER)
    held = [
        (pod.name, pod.view.keys)
        for pod in facts.snapshot.pods
        if pod.view and pod.view.keys and facts.proof(pod) not in others
    ]
    return Effect(
        formed=formed,
        looked=facts.snapshot.scope is Scope.ALL,
        seen=_seen(facts),
        keys=sum(keys for _, keys in held),
        holders=tuple(name for name, _ in held),
    )


def _seen(facts: Facts) -> bool:
    """Whether the node of each other pod was read."""
    others = (pod for pod in facts.snapshot.pods if pod is not facts.me)
    return all(pod.view is not None for pod in others)


def alive(facts: Facts, member: Member) -> bool:
    """Whether a node may be serving: it answered; or its peers see it, and only we cannot."""
    if member.node_id in facts.pod_by_id:
        return True
    if member.failed or facts.pod_of_ghost(member):
        return False
    pod = facts.pod_named(member)
    return facts.snapshot.scope < Scope.ALL or pod is None or not unreachable(pod)


def unreachable(pod: Pod) -> bool:
    """Whether no client can reach a pod's server either, as far as is known."""
    if isinstance(pod.node, Unreachable):
        return pod.node.trouble not in _SERVES
    return pod.node is None and pod.resolved.state == "absent"


def _linked(facts: Facts, replica: Member) -> bool:
    """Whether a replica's link is up, by its own view; a replica that was not read counts as up."""
    pod = facts.pod_by_id.get(replica.node_id)
    return pod is None or pod.view is None or pod.view.link_up


def _of(owners: list[Member], ids: set[str | None] | set[str]) -> slots.Ranges:
    return slots.normalise(span for one in owners if one.node_id in ids for span in one.slots)


def words(found: Effect) -> str:
    """Return two sentences: what clients are served, and what is kept of the data."""
    return f"{_clients(found)} {_data(found)}"


def _clients(found: Effect) -> str:
    if found.formed is None:
        return "What clients see is not known from here."
    if not found.formed:
        return _unserved(found)
    if found.down:
        refused = "Clients are refused" if found.seen else "The pods that answer refuse clients"
        return f"{refused}: CLUSTERDOWN."
    if found.unserved and not slots.missing(found.unserved):
        return "No client is served: no owner of slots answers."
    if found.unserved:
        return f"Clients are not served on {slots.named(found.unserved)}; they are on all others."
    if found.unwritten:
        return f"Clients can read, and cannot write to {slots.named(found.unwritten)}."
    if found.crowded:
        return (
            f"Clients that are connected are served; {', '.join(found.crowded)} takes no new ones."
        )
    return "Clients are served."


def _unserved(found: Effect) -> str:
    """Say what clients are served while no cluster is seen."""
    if found.forming:
        return "No client is served before every node says cluster_state:ok."
    if not found.looked:
        return "This pod is in no cluster; what the others serve is not known from here."
    if not found.seen:
        return "No pod that answers is in a cluster; what the others serve is not known from here."
    return "The cluster is not formed yet, so no client is served."


def _data(found: Effect) -> str:
    if found.formed is None:
        return "Nothing is changed."
    if not found.formed:
        if not found.keys:
            return "No pod that answers holds a key." if found.looked else "It holds no key."
        many = "1 key lies" if found.keys == 1 else f"{found.keys} keys lie"
        return f"{many} untouched on {', '.join(found.holders)}."
    if found.unowned:
        return f"No owner is known of {slots.named(found.unowned)}."
    gone = slots.without(found.unserved, found.copied)
    if gone:
        return f"No node that answers has the keys of {slots.named(gone)}."
    if found.unserved:
        return f"A replica has the keys of {slots.named(found.unserved)}."
    if found.single:
        return f"Of {slots.named(found.single)} there is one copy."
    return "Every slot has a second copy."


def as_json(found: Effect) -> dict[str, object]:
    """Return the same for programs."""
    spans = ("unserved", "unowned", "copied", "single", "unwritten")
    told = dataclasses.asdict(found)
    return {**told, **{name: slots.render(told[name]) for name in spans}, "harms": found.harms}
