"""What peers tell the start gate about an emptied pod: which node it was, and what would be lost.

- Only slots that others own by a greater config epoch count as taken over. Our node gives those up,
  and becomes a replica, as soon as it hears of the new owner.
- A replica that does not answer may hold the last copy: it may be starting with the data. It counts
  as gone only if most primaries say so, and each of these has been up for a node time-out, because
  nodes.conf keeps failures of the past over a restart.
- If all pods return at once, only primaries with slots and no data wait. Replicas start, and each
  says itself if it holds keys. So all gates open even if all pods were emptied.
"""

from __future__ import annotations

from collections.abc import Iterator

from bootstrap.model import slots
from bootstrap.model.snapshot import Trouble, Unreachable
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import dns_names, unreachable


def predecessors(facts: Facts) -> list[Member]:
    """Return primaries with slots that peers have seen at the address of our new node.

    If our address is not known, return those with our pod's name: their address may be ours.
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


def successors(facts: Facts, former: Member) -> list[Member]:
    """Return the nodes that own all slots of `former` by greater epochs; empty if any is left."""
    knowing = [view for _, view in facts.viewed if view.member(former.node_id)]
    said = [view.member(former.node_id) or former for view in knowing]
    former_lines = [former, *(line for line in said if not line.is_replica)]
    epoch = max(line.epoch for line in former_lines)
    later = [
        member
        for view in knowing
        for member in view.members
        if member.node_id != former.node_id and member.epoch > epoch
    ]
    owned = slots.normalise(span for member in later for span in member.slots)
    former_slots = slots.normalise(span for line in former_lines for span in line.slots)
    if not all(any(a <= start and end <= b for a, b in owned) for start, end in former_slots):
        return []
    named = {
        member.node_id: member for member in later if slots.overlap(member.slots, former_slots)
    }
    return [member for _, member in sorted(named.items())]


def copies(facts: Facts, former: Member) -> Iterator[tuple[Member, str]]:
    """Return the replicas of `former` that hold, or may hold, keys; and what is known of each."""
    lines = [*(volume.members if (volume := facts.snapshot.volume) else ())]
    lines += [member for _, view in facts.viewed for member in view.members]
    replicas = {line.node_id: line for line in lines if line.primary_id == former.node_id}
    for node_id, replica in sorted(replicas.items()):
        pod = facts.pod_by_id.get(node_id)
        if pod is None or pod.view is None:
            if not _gone_for_most(facts, former, node_id):
                yield replica, f"{facts.name(replica)} may hold keys, and was not reached"
        elif pod.view.myself.primary_id == former.node_id and pod.view.keys:
            yield replica, f"{facts.name(replica)} holds keys"


def _gone_for_most(facts: Facts, former: Member, node_id: str) -> bool:
    """Whether a replica of `former` is gone for most primaries, and there for no node.

    A primary that does not know the replica any more counts as well.
    """
    lines = [view.member(node_id) for _, view in facts.viewed]
    if any(line and line.primary_id == former.node_id and not line.gone for line in lines):
        return False
    voters = [view for _, view in facts.viewed if _votes(facts, former, view)]
    owners = {former.node_id} | {
        one.node_id for view in voters for one in view.members if one.slots
    }
    return 2 * len(voters) > len(owners)


def _votes(facts: Facts, former: Member, view: View) -> bool:
    """Whether a node counts: it owns slots, knows `former`, and has been up for a node time-out."""
    young = view.uptime * 1000 < facts.topology.node_timeout
    return bool(view.myself.slots) and view.member(former.node_id) is not None and not young


def unheard(facts: Facts) -> tuple[str, tuple[Todo, ...]] | None:
    """Return why a pod that may know of a primary in our place was not heard, and what mends it.

    None if what was heard is enough. That is so if some node knows an owner of every slot. A node
    that joined after an owner was gone never hears of that owner's slots. A pod whose server does
    not listen has nothing to lose yet.
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
    """Whether a node knows an owner of every slot."""
    return not slots.missing(span for member in view.members for span in member.slots)
