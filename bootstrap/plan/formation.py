"""How far a first formation has come, judged from what every expected node says of itself.

Slots come before meetings. So whatever was killed when, our own half-done formation always shows
every primary with exactly its slots before any node knows another; a met cluster that lacks slots
is therefore never a formation to complete: it is a loss, and another rule's business.
"""

from __future__ import annotations

from dataclasses import dataclass

from bootstrap.model import layout as layouts
from bootstrap.model.snapshot import Pod
from bootstrap.model.view import View
from bootstrap.plan.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Formation:
    """The expected pods that were viewed, with the layout that they should reach."""

    layout: layouts.Layout
    pods: tuple[tuple[Pod, View], ...]
    complete: bool

    @property
    def alone(self) -> bool:
        """No node has met another."""
        return all(view.alone for _, view in self.pods)

    @property
    def primaries(self) -> tuple[tuple[Pod, View], ...]:
        """The pods that own slots in the layout."""
        return tuple((pod, view) for pod, view in self.pods if self.layout.slots_of(pod.ordinal))

    @property
    def replicas(self) -> tuple[tuple[Pod, View], ...]:
        """The pods that follow one."""
        return tuple(
            (pod, view)
            for pod, view in self.pods
            if self.layout.primary_of(pod.ordinal) is not None
        )

    def prepared(self, pod: Pod, view: View) -> bool:
        """Owns exactly what the layout gives it."""
        return view.myself.slots == self.layout.slots_of(pod.ordinal)


def formation(facts: Facts) -> Formation | None:
    """The formation as far as it can be seen; None without a size."""
    topology = facts.topology
    if topology.size is None:
        return None
    places = {pod.ordinal: facts.place(pod) for pod in facts.expected}
    pods = tuple((pod, view) for pod, view in facts.viewed if pod.ordinal in topology.ordinals)
    return Formation(
        layout=layouts.layout(
            tuple(topology.ordinals),
            topology.shards,
            tuple(places.get(ordinal, layouts.UNKNOWN) for ordinal in topology.ordinals),
        ),
        pods=pods,
        complete=len(pods) == topology.size,
    )


def under_way(facts: Facts) -> bool:
    """Whether what is seen is our own formation between its first MEET and its end.

    Nodes that could not be viewed may be among those that others know, but no more than there are
    expected pods without a view. Only used to wait instead of to block; acting asks `ours`.
    """
    found = formation(facts)
    if found is None or _formed(found):
        return False
    strange = {node_id for _, view in found.pods for node_id in view.known_ids} - _ids(found)
    unseen = (facts.topology.size or 0) - len(found.pods)
    return len(strange) <= unseen and all(
        not view.keys and found.prepared(pod, view) for pod, view in found.pods
    )


def _formed(found: Formation) -> bool:
    """Whether the end is reached, as far as can be seen; a pod that came back blank has to join."""
    views = [view for _, view in found.pods if not view.blank]
    return bool(views) and all(
        view.state_ok and (view.myself.slots or view.myself.is_replica) for view in views
    )


def ours(found: Formation) -> bool:
    """Whether every node, known or about to be known, is one of the expected, unused."""
    addresses = {pod.address for pod, _ in found.pods}
    return found.complete and all(
        not view.keys
        and view.known_ids <= _ids(found)
        and all(member.address in addresses for member in view.others if member.handshake)
        and found.prepared(pod, view)
        for pod, view in found.pods
    )


def _ids(found: Formation) -> set[str]:
    return {view.node_id for _, view in found.pods}
