"""Which nodes should meet while forming, and which meetings one side or both still lack."""

from __future__ import annotations

from collections.abc import Iterable

from bootstrap.model.actions import Meet
from bootstrap.model.layout import Layout
from bootstrap.model.snapshot import Pod
from bootstrap.model.view import View

_DENSE_PODS = 30
"""Above this number of pods each meets only the seed and its own primary.

A dense pattern of meetings would be a storm of handshakes. Measured with 60 pods on two processors:
2.0 s without it, 2.6 s with it.
"""


def pairs(ordinals: tuple[int, ...], laid_out: Layout) -> tuple[tuple[int, int], ...]:
    """Return which pods meet, as pairs of an ordinal and its peer's. Gossip does the rest.

    Each replica meets its own primary, so it can follow that primary at once. Up to 30 pods also
    meet the peers 1, 2, 4, 8, ... places on, so each node is a few gossip hops from each other.
    More pods meet the seed instead.
    """
    count, found = len(ordinals), set[tuple[int, int]]()
    for index, ordinal in enumerate(ordinals):
        if count <= _DENSE_PODS:
            hop = 1
            while hop < count:
                found.add((ordinal, ordinals[(index + hop) % count]))
                hop *= 2
        elif index:
            found.add((ordinal, ordinals[0]))
        primary = laid_out.primary_of(ordinal)
        if primary is not None:
            found.add((ordinal, primary))
    once = {tuple(sorted(pair)): pair for pair in sorted(found)}
    return tuple(sorted(once.values()))


def missing(
    pods: Iterable[tuple[Pod, View]], wanted: tuple[tuple[int, int], ...], why: str
) -> tuple[Meet, ...]:
    """Return MEET for each wanted pair of which one side, or both, does not know the other.

    MEET is asynchronous, and after a lost packet one side may never learn of the other. So MEET is
    sent to the side that does not know the other, unless a handshake is still under way.
    """
    by_ordinal = {pod.ordinal: (pod, view) for pod, view in pods}
    meets: list[Meet] = []
    for ordinal, peer in wanted:
        one, other = by_ordinal[ordinal], by_ordinal[peer]
        if pending(one, other) or pending(other, one):
            continue
        if not _knows(one, other):
            meets.append(meet(*one, *other, why=why))
        elif not _knows(other, one):
            meets.append(meet(*other, *one, why=why))
    return tuple(meets)


def meet(pod: Pod, _view: View, peer: Pod, peer_view: View, *, why: str) -> Meet:
    """Return MEET of a peer at the address where it was just seen, with its own node's ports."""
    me = peer_view.myself
    return Meet(
        pod=pod.name,
        peer=peer.name,
        address=peer.address or "",
        port=me.port,
        bus_port=me.bus_port,
        why=why,
    )


def _knows(one: tuple[Pod, View], other: tuple[Pod, View]) -> bool:
    return other[1].node_id in one[1].known_ids


def pending(one: tuple[Pod, View], other: tuple[Pod, View]) -> bool:
    """Whether the first node has a handshake with the other node's address under way."""
    return other[0].address in one[1].met_at
