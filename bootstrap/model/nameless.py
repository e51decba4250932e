"""Whether some node is known only by its address. Then only a list of all pods tells its name."""

from __future__ import annotations

from collections.abc import Iterable

from bootstrap.model.snapshot import Pod, Unreachable
from bootstrap.model.view import Member, View


def exist(mine: View | Unreachable, peers: Iterable[Pod]) -> bool:
    """Whether our node or a peer knows a node without a hostname that is in none of these pods.

    Servers before 7.0 announce no hostnames, so a later pod that was met is such a node. Nodes that
    our own node knows by name do not count, since their pods are looked at already. A peer may not
    know these names yet: a node sends its name only some pings after the handshake.
    """
    peers = tuple(peers)
    views = [one for one in (mine, *(pod.node for pod in peers)) if isinstance(one, View)]
    known = {pod.address for pod in peers} | {view.node_id for view in views}
    if isinstance(mine, View):
        known |= {member.node_id for member in mine.others if member.hostname}
    return any(_unknown(member, known) for view in views for member in view.others)


def _unknown(member: Member, known: set[str | None]) -> bool:
    if member.hostname or member.failed or member.handshake:
        return False
    return known.isdisjoint({member.address, member.node_id})
