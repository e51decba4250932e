"""Whether a node is known by address alone, so that only a list of the pods can tell its name."""

from __future__ import annotations

from collections.abc import Iterable

from bootstrap.model.snapshot import Pod, Unreachable
from bootstrap.model.view import Member, View


def somebody(mine: View | Unreachable, peers: Iterable[Pod]) -> bool:
    """Whether our node or one of the peers knows a node that is in none of these pods.

    Before 7.0 no server says names, and a later pod that has been met is one. Each that our own
    node knows by name is looked at already, though a peer may not have heard the name yet: a node
    says it only some pings after the handshake.
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
