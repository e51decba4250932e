"""Our own volume takes no further file: the server ends with the next change of the cluster."""

from __future__ import annotations

from bootstrap.plan import unwritable
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Alarm


def full(facts: Facts) -> list[Alarm]:
    """At most one: the sidecar has no other volume than its own pod's."""
    disk, me = facts.snapshot.disk, facts.me.name
    why = unwritable.full(disk) if disk is not None else ""
    if not why:
        return []
    text = (
        f"{me}: {why}; its server ends itself as soon as it cannot write nodes.conf, which it does"
        " at each change of the cluster, another node's failure among them; until then it serves"
    )
    return [Alarm(pod=me, code=Code.VOLUME_FULL, why=text, fix=unwritable.room(facts, me))]
