"""Whether a node that has started may be believed that its cluster is ok.

It goes by the past until its node time-out has passed and more: when all pods come back elsewhere,
each says `cluster_state:ok` for 17 to 23 s without a link to any other.
"""

from __future__ import annotations

from bootstrap.model import fast_form
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.plan import moved, own_settings
from bootstrap.plan.facts import Facts


def patience(my: View, topology: Topology) -> float:
    """Seconds of uptime after which a server has found out by itself who is there."""
    return 2 * int(my.setting(fast_form.NODE_TIMEOUT) or topology.node_timeout) / 1000


def introduced(facts: Facts) -> bool:
    """Whether most owners of slots were found where our node believes them, and none elsewhere.

    Its id is all the proof that is needed here. An absent pod does not delay the others.
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
