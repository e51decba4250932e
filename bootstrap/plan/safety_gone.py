"""The last door for nodes of pods that were scaled away: the proof that such a node is gone.

`safety` says what is checked. Like it, this knows no rule and judges by what was seen alone.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import human_name
from bootstrap.model.view import Member
from bootstrap.plan import timed
from bootstrap.plan.facts import Facts

SECONDS: Final = 60.0
"""For how long DNS must have denied the name: twice as long as CoreDNS keeps any answer."""


def left(facts: Facts, member: Member) -> bool:
    """Whether a node's pod is gone for good, by the wish of all and by DNS.

    The wish that all our nodes show is for so few shards that it does not need the pod. DNS denies
    the pod's name now, has done so for a minute, and has the name of the Service.
    """
    topology, snapshot = facts.topology, facts.snapshot
    wish, service = snapshot.wished.wish, snapshot.service
    ordinal = topology.ordinal_of(facts.hostname(member))
    if wish is None or wish.shards is None or ordinal is None:
        return False
    inside = [view for _, view in facts.viewed if view.node_id in facts.my.known_ids]
    living = {one.node_id for view in inside for one in view.others if not one.gone}
    agreed = living <= facts.pod_by_id.keys() and all(
        human_name.wish_of(view) == wish for view in inside
    )
    pod = snapshot.pod(topology.name_of(ordinal))
    needed = topology.ordinal_start + wish.shards * (1 + topology.replicas_per_shard)
    return (
        agreed
        and ordinal >= needed
        and pod is not None
        and timed.denied(pod)
        and snapshot.timers.absent_for(pod.name) >= SECONDS
        and service is not None
        and service.state == "found"
    )
