"""What may befall a StatefulSet, in any order, and what has to be true at the end of it."""

from __future__ import annotations

from typing import Final

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bootstrap.model.actions import Action
from tests.simulator import ends
from tests.simulator.products import PRODUCTS
from tests.simulator.sidecar import Cut, Sidecar
from tests.simulator.world import World

_ROUNDS: Final = 200
_EXCUSED: Final = 80
"""Rounds that are waited for an end, and those after which what cannot become well is at rest."""
_CALM: Final = 20
_PLACES: Final = st.integers(0, 6)
"""Of a pod among those that are there, lowest ordinal first."""


class Machine(RuleBasedStateMachine):
    """Sidecars and servers live, die and come back, a command at a time."""

    world: World
    sidecars: dict[int, list[Sidecar]]

    @initialize(
        product=st.sampled_from(sorted(PRODUCTS)),
        six=st.booleans(),
        start=st.sampled_from([0, 1]),
        fast_form=st.booleans(),
    )
    def begin(self, *, product: str, six: bool, start: int, fast_form: bool) -> None:
        self.world = World(
            PRODUCTS[product],
            6 if six else 3,
            replicas=1 if six else 0,
            ordinal_start=start,
            fast_form=fast_form,
        )
        self.sidecars = {ordinal: [Sidecar(self.world, ordinal)] for ordinal in self.world.pods}

    def _ordinal(self, place: int) -> int:
        ordinals = sorted(self.world.pods)
        return ordinals[place % len(ordinals)]

    # Sidecars

    @rule(place=_PLACES)
    def tick(self, place: int) -> None:
        for sidecar in self.sidecars[self._ordinal(place)]:
            sidecar.tick()

    @rule(times=st.integers(1, 12))
    def all_work(self, times: int) -> None:
        for _ in range(times):
            self._round(0.1)

    def _round(self, seconds: float) -> None:
        for _, some in sorted(self.sidecars.items()):
            for sidecar in some:
                sidecar.tick()
        self.world.gossip()
        self.world.pass_time(seconds)

    @rule(reached=st.frozensets(_PLACES, max_size=6), last=_PLACES, most=st.integers(0, 3))
    def seed_dies_on_the_way(self, reached: frozenset[int], last: int, most: int) -> None:
        """Some nodes have got all of a step, one a part of it, and the others nothing."""
        self._dies(self.world.ordinal_start, self._cut(reached, last, most))

    @rule(place=_PLACES, most=st.integers(0, 3))
    def sidecar_dies_on_the_way(self, place: int, most: int) -> None:
        self._dies(self._ordinal(place), self._cut(frozenset(), place, most))

    def _dies(self, ordinal: int, cut: Cut) -> None:
        if self.sidecars[ordinal]:
            self.sidecars[ordinal].pop(0).tick(cut)

    def _cut(self, reached: frozenset[int], last: int, most: int) -> Cut:
        whole = {self.world.pods[self._ordinal(place)].name for place in reached}
        partly = self.world.pods[self._ordinal(last)].name

        def cut(by_pod: dict[str, list[Action]]) -> dict[str, int]:
            return {
                pod: len(some) if pod in whole else most * (pod == partly)
                for pod, some in by_pod.items()
            }

        return cut

    @rule(place=_PLACES)
    def sidecar_starts(self, place: int) -> None:
        """Also beside one that is there already."""
        some = self.sidecars[self._ordinal(place)]
        if len(some) < 2:
            some.append(Sidecar(self.world, self._ordinal(place)))

    # Servers and their bus

    @rule(
        lost=st.frozensets(st.tuples(_PLACES, _PLACES), max_size=3),
        seconds=st.sampled_from([0.0, 0.1, 2.5, 6.0, 16.0]),
    )
    def gossip(self, lost: frozenset[tuple[int, int]], seconds: float) -> None:
        """With a few MEETs lost."""
        address = {
            place: self.world.pods[self._ordinal(place)].server.address
            for pair in lost
            for place in pair
        }
        self.world.pass_time(seconds)
        self.world.gossip(frozenset((address[one], address[other]) for one, other in lost))

    @rule(place=_PLACES)
    def server_stops(self, place: int) -> None:
        self.world.pods[self._ordinal(place)].server.up = False

    @rule(place=_PLACES, moved=st.booleans(), wiped=st.booleans())
    def server_restarts(self, place: int, *, moved: bool, wiped: bool) -> None:
        self.world.restart(self._ordinal(place), moved=moved, wiped=wiped)

    @rule(place=_PLACES, loading=st.booleans())
    def server_loads(self, place: int, *, loading: bool) -> None:
        self.world.pods[self._ordinal(place)].server.loading = loading

    @rule(moved=st.booleans())
    def outage(self, *, moved: bool) -> None:
        for ordinal in sorted(self.world.pods):
            self.world.restart(ordinal, moved=moved)

    @rule()
    def clients_write(self) -> None:
        self.world.write()

    @rule(place=_PLACES, slot=st.sampled_from([0, 5461, 16383]))
    def finds_an_old_dump(self, place: int, slot: int) -> None:
        """A server that starts with keys and no nodes.conf claims the slots of its keys."""
        pod = self.world.pods[self._ordinal(place)]
        self.world.restart(pod.ordinal, wiped=True)
        pod.server.keys = 1 << slot
        pod.server.add_slots(1 << slot)

    # Names and strangers

    @rule(place=_PLACES, what=st.sampled_from(["right", "absent", "broken", "another's"]))
    def names_change(self, place: int, what: str) -> None:
        ordinal = self._ordinal(place)
        pod = self.world.pods[ordinal]
        pod.dns_works = what != "broken"
        pod.dns = pod.server.address
        if what == "absent" and ordinal in self.world.expected:
            pod.dns = None
        if what == "another's":
            pod.dns = self.world.pods[self._ordinal(place + 1)].server.address

    @precondition(lambda self: not self.world.strangers)
    @rule(place=_PLACES, kind=st.sampled_from(["blank", "cluster"]))
    def name_leads_to_a_stranger(self, place: int, kind: str) -> None:
        # Before 7.0 a blank node passes for the pod's: nothing tells (docs/reference.md).
        blank = kind == "blank" and self.world.product.names
        stranger = self.world.stranger("blank" if blank else "cluster")
        self.world.pods[self._ordinal(place)].dns = stranger.address

    @precondition(lambda self: len(self.world.pods) == self.world.size)
    @rule()
    def later_pod(self) -> None:
        ordinal = self.world.expected[-1] + 1
        self.world.add_pod(ordinal)
        self.sidecars[ordinal] = [Sidecar(self.world, ordinal)]

    # The end

    def teardown(self) -> None:
        """Everything comes up again, and then it must become well, or at least keep still."""
        if not hasattr(self, "world"):
            return
        self._all_up()
        excuses = ends.excuses(self.world)
        for number in range(_EXCUSED if excuses else _ROUNDS):
            self._round(0.1 if number < 40 else 1.0)
            # A node that is gone counts as failed only after its time-out, and then is forgotten.
            if not (self._not_there() or ends.problems(self.world)):
                break
        found = [*ends.problems(self.world), *self._not_there()]
        for line in (*found, *excuses):
            note(line)
        assert not found or excuses, found
        self._keeps_still()
        assert not ends.leftovers(self.world), ends.leftovers(self.world)

    def _all_up(self) -> None:
        for ordinal, pod in sorted(self.world.pods.items()):
            if not pod.server.up:
                self.world.restart(ordinal)
            pod.server.loading = False
            pod.dns, pod.dns_works = pod.server.address, True
            self.sidecars[ordinal] = self.sidecars[ordinal] or [Sidecar(self.world, ordinal)]

    def _not_there(self) -> list[str]:
        some = [one for _, some in sorted(self.sidecars.items()) for one in some]
        return [one.doing for one in some if not (one.plan and one.plan.reached)]

    def _keeps_still(self) -> None:
        """I6: whether all is well or nothing can be done, no command is sent any more."""
        before = len(self.world.sent)
        for _ in range(_CALM):
            self._round(1.0)
        sent = self.world.sent[before:]
        assert not sent, sent[:3]
