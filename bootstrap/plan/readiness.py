"""When a pod is ready: clients may be sent to its node.

A pod is ready if all of this is so (`ready`):

1. The plan has no refusal and no alarm without `serves`, the field that lets our node go on.
2. Our own server answers, says `cluster_state:ok`, and has bus links with most owners of slots.
3. If the server has just started, its `cluster_state:ok` may be believed (`believed`). When all
   pods come back elsewhere, each node says ok for 17 to 23 s without a link to any other. So a
   young server is believed only once most owners of slots were found at the addresses that our node
   has for them, and no known node was found elsewhere. A node that knows no other is believed at
   once. After two node time-outs it has found out by itself which nodes are there.
4. A replica has its link, to its own primary. A primary owns slots, or waits for some
   (`reshard.seats`).

An absent pod does not delay the others.
"""

from __future__ import annotations

from bootstrap.model import bus, fast_form
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.plan import moved, own_settings
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Block, Plan


def ready(facts: Facts, plan: Plan, believed_run: str) -> tuple[bool, str]:
    """Return whether clients may be sent to our node; and if not, why.

    `believed_run` is what `believed` returned after this look.
    """
    for block in plan.blocked:
        if not block.serves:
            return False, _refused(block)
    for alarm in plan.alarms:
        if not alarm.serves:
            return False, f"{alarm.code}: {alarm.why}"
    me = facts.snapshot.pod(facts.topology.name)
    if me is None or me.view is None:
        return False, "; ".join(wait.text for wait in plan.waiting) or "no view"
    return _has_part(facts.topology, plan, me.view, believed_run)


def believed(facts: Facts, believed_run: str) -> str:
    """Return the run id of our server once its `cluster_state:ok` may be believed.

    A server that knows no other node is believed at once, since it has no past. Before that, the
    run id of an earlier start stays. A server that was believed stays so, even if pods move later.
    """
    me = facts.snapshot.pod(facts.topology.name)
    if me is None or me.view is None or me.view.run_id == believed_run:
        return believed_run
    return me.view.run_id if me.view.alone or introduced(facts) else believed_run


def patience(my: View, topology: Topology) -> float:
    """Return the uptime in seconds after which a server has found out which nodes are there."""
    return 2 * int(my.setting(fast_form.NODE_TIMEOUT) or topology.node_timeout) / 1000


def introduced(facts: Facts) -> bool:
    """Whether most owners of slots were found where our node believes them, and none elsewhere.

    A node's id is all the proof that is needed here.
    """
    my = facts.my
    here = {my.node_id}
    for pod in facts.snapshot.pods:
        member = my.member(pod.view.node_id) if pod.view else None
        if (
            member
            and member.address
            and member.address in (pod.address, own_settings.announced(pod))
        ):
            here.add(member.node_id)
    owners = {member.node_id for member in my.members if member.slots}
    return 2 * len(owners & here) > len(owners) and not moved.displaced(facts)


def _has_part(topology: Topology, plan: Plan, my: View, believed_run: str) -> tuple[bool, str]:
    """Return whether our node has its role in a cluster that is ok; and if not, why."""
    mine = my.myself
    if not my.state_ok:
        return False, _reason(plan, "cluster_state is not ok")
    if bus.cut_off(my):
        return False, _reason(plan, bus.told(my))
    if my.uptime < patience(my, topology) and my.run_id != believed_run:
        return False, "cluster_state is ok, but most peers are not where our node looks yet"
    if mine.is_replica and not my.link_up:
        return False, "the link to the primary is down"
    if mine.is_replica and not my.following:
        return False, f"it copies from {my.primary_host}, where its primary is not"
    if not (mine.is_replica or mine.slots or plan.seat):
        return False, _reason(plan, "a primary without slots has no role yet")
    return True, "ready"


def _reason(plan: Plan, otherwise: str) -> str:
    """Return the plan's first refusal as the reason; without one, `otherwise`."""
    return _refused(plan.blocked[0]) if plan.blocked else f"{plan.phase}: {otherwise}"


def _refused(block: Block) -> str:
    return f"blocked, {block.code}: {block.why}"
