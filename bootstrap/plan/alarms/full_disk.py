"""Our own volume takes no more files: at the next change of the cluster the server ends itself."""

from __future__ import annotations

from bootstrap.plan import unwritable
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Alarm


def full(facts: Facts) -> list[Alarm]:
    """Return one alarm at most, for the volume of our own pod, the only one that is mounted."""
    disk, me = facts.snapshot.disk, facts.me.name
    why = unwritable.full(disk) if disk is not None else ""
    if not why:
        return []
    text = (
        f"{me}: {why}; its server ends itself as soon as it cannot write nodes.conf, which it does"
        " at each change of the cluster, another node's failure among them; until then it serves"
    )
    return [Alarm(pod=me, code=Code.VOLUME_FULL, why=text, fix=unwritable.room(facts, me))]
