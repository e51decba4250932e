"""Which nodes should meet, and which meetings are still missing on either side."""

from __future__ import annotations

from collections.abc import Iterable

from bootstrap.model.actions import Meet
from bootstrap.model.layout import Layout
from bootstrap.model.snapshot import Pod
from bootstrap.model.view import View

#: Above this many pods a dense pattern is a storm of handshakes; measured at 60 on two processors,
#: 2.0 s against 2.6 s.
_DENSE_PODS = 30


def pairs(ordinals: tuple[int, ...], laid_out: Layout) -> tuple[tuple[int, int], ...]:
    """Who meets whom, as (ordinal, peer): gossip does the rest.

    Each replica meets its own primary, to be able to follow it at once. Beyond that up to 30 pods
    meet the peers 1, 2, 4, 8, ... places on, so that each node is few gossip hops from each other;
    more pods meet the seed.
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
    """The meetings that neither side knows of, or that only one side has learnt.

    MEET is asynchronous, and a lost packet can leave one side ignorant for ever, so whichever
    side lacks the other is told, unless its handshake is still under way.
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
    """MEET of a peer at the address where it was just seen, on the ports that it says itself."""
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
    """Whether a handshake of one with the other is under way, as far as one knows."""
    return any(member.handshake and member.address == other[0].address for member in one[1].members)
