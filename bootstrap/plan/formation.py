"""Tells a half-done first formation from anything else, by what every expected node says of itself.

Every primary gets its slots before the first MEET. So a half-done formation always looks the same,
whatever was killed when: if any nodes have met, every primary has exactly its slots of the layout.
If nodes have met and slots have no owner, a cluster has lost those slots. That is no formation to
complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bootstrap.model import layout as layouts
from bootstrap.model import slots
from bootstrap.model.snapshot import Pod
from bootstrap.model.view import View
from bootstrap.plan.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Formation:
    """The layout that the expected pods should reach, and what was seen of these pods."""

    layout: layouts.Layout
    pods: tuple[tuple[Pod, View], ...]
    """The expected pods whose nodes were read and are proven to be ours, with their views."""
    complete: bool
    """Whether `pods` has all expected pods."""

    @property
    def alone(self) -> bool:
        """Whether no node knows another."""
        return all(view.alone for _, view in self.pods)

    @property
    def primaries(self) -> tuple[tuple[Pod, View], ...]:
        """The pods that the layout gives slots to."""
        return tuple((pod, view) for pod, view in self.pods if self.layout.slots_of(pod.ordinal))

    @property
    def replicas(self) -> tuple[tuple[Pod, View], ...]:
        """The pods that follow a primary in the layout."""
        return tuple(
            (pod, view)
            for pod, view in self.pods
            if self.layout.primary_of(pod.ordinal) is not None
        )

    def prepared(self, pod: Pod, view: View) -> bool:
        """Whether the node owns exactly the slots that the layout gives it."""
        return view.myself.slots == self.layout.slots_of(pod.ordinal)


def formation(facts: Facts) -> Formation | None:
    """Return the formation as far as it was seen; None without a size."""
    topology = facts.topology
    if topology.size is None:
        return None
    places = {pod.ordinal: facts.place(pod) for pod in facts.expected}
    pods = tuple((pod, view) for pod, view in facts.viewed if pod.ordinal in topology.ordinals)
    return Formation(
        layout=layouts.layout(
            tuple(topology.ordinals),
            _shards(facts, pods),
            tuple(places.get(ordinal, layouts.UNKNOWN) for ordinal in topology.ordinals),
        ),
        pods=pods,
        complete=len(pods) == topology.size,
    )


def _shards(facts: Facts, pods: Sequence[tuple[Pod, View]]) -> int:
    """Return how many shards to form.

    A formation keeps the number that it began with, though another is wished by now: its primaries
    have their slots already.
    """
    topology, wish = facts.topology, facts.snapshot.wished.wish
    if wish is None:
        return topology.shards
    planned = topology.shards if wish.shards is None else min(wish.shards, topology.size or 0)
    begun = [
        (view.myself.slots, pod.ordinal - topology.ordinal_start)
        for pod, view in pods
        if view.myself.slots
    ]
    numbers = [planned, *range(1, 1 + (topology.size or 0))]
    fits = (
        number
        for number in numbers
        if all(place < number and owned == (slots.share(number)[place],) for owned, place in begun)
    )
    return next(fits, planned)


def under_way(facts: Facts) -> bool:
    """Whether this may be our own formation between its first MEET and its end.

    Nodes may know others that no pod has shown, but no more of them than there are expected pods
    without a view. The answer only turns a refusal into a wait. `ours` is asked before any step.
    """
    found = formation(facts)
    if found is None or _formed(found):
        return False
    unknown = {node_id for _, view in found.pods for node_id in view.known_ids} - _ids(found)
    unseen = (facts.topology.size or 0) - len(found.pods)
    return len(unknown) <= unseen and all(
        not view.keys and found.prepared(pod, view) for pod, view in found.pods
    )


def _formed(found: Formation) -> bool:
    """Whether the formation is over, as far as was seen. A pod that came back blank has to join."""
    views = [view for _, view in found.pods if not view.blank]
    return bool(views) and all(
        view.state_ok and (view.myself.slots or view.myself.is_replica) for view in views
    )


def ours(found: Formation) -> bool:
    """Whether this is proven to be our own formation, with every primary's slots given out.

    Every expected pod was seen and holds no key, every node owns exactly its slots of the layout,
    and no node knows, or shakes hands with, a node of another pod.
    """
    addresses, ids = {pod.address for pod, _ in found.pods}, _ids(found)
    return found.complete and all(
        not view.keys
        and view.known_ids <= ids
        and view.met_at <= addresses
        and found.prepared(pod, view)
        for pod, view in found.pods
    )


def _ids(found: Formation) -> set[str]:
    return {view.node_id for _, view in found.pods}
