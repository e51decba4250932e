"""Which question is fresh now, and when the next one will be.

A cluster's DNS may remember an answer for 30 s, a missing name and an old address alike. Asking
again does not help then; asking something else does, because CoreDNS keys its cache by name,
type, and the bits DO and CD. Sixteen forms of question tell where a service's pods are.

Time is cut into slots, one form each. A form comes round only when no cache can hold its last
answer any more. The wall clock says which form's turn it is: so all who share a cache ask the
same at about the same time, instead of finding each other's old answers.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Literal, TypeAlias

Type: TypeAlias = Literal["A", "AAAA", "SRV"]
AddressType: TypeAlias = Literal["A", "AAAA"]
About: TypeAlias = Literal["service", "pods"]
Of: TypeAlias = Literal["SRV", "addresses"]

TYPES: Final[dict[int | None, tuple[AddressType, ...]]] = {
    4: ("A",),
    6: ("AAAA",),
    None: ("A", "AAAA"),
}
"""What to ask for, by the IP family of the pods; None: it is not known."""

HELD_AT_MOST: Final = 30.0
"""Seconds for which a cluster's DNS remembers: `cache 30` in the CoreDNS of kubeadm, k3s, kind
and of NodeLocal DNSCache. Longer TTLs are believed no further."""
HELD_BRIEFLY: Final = 5.0
"""Seconds for which answers are remembered elsewhere: CoreDNS's own `ttl`. It is that or
`HELD_AT_MOST`: out of a cache a record tells only what is left of its time, and all who share that
cache have to agree on how long a slot is."""
SHORTEST_GAP: Final = 0.2
"""Seconds between two looks, at least: five questions a second from one pod are no burden, and the
addresses of a starting pod take longer to reach DNS."""

FEW: Final = 8
"""Questions that are repeated at once, at most. For more names than that the service is asked
first which pods it has."""
NO_REPEATS: Final = 300.0
"""Seconds for which nothing is repeated once a cache was seen."""
_SHOWS: Final = 1.1
"""Seconds after which what is left of a remembered answer's time has become less: it is told in
whole seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One question, which is also the key under which caches remember its answer."""

    name: str
    """Absolute, lower case, with the trailing dot."""
    type: Type
    do: bool = False
    cd: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A kind of question: about whom, for what, with which bits."""

    about: About
    of: Of
    do: bool
    cd: bool


# The service's addresses do not tell whose they are, so they do not stand in for a turn of the
# others, but come in between: those tell every 2.7 s who is there, when a cache holds for 30 s.
# Neighbours differ as much as they can. Should one kind be of no use here (a Service without
# ports has no SRV), then the others are never more than three slots apart.
KINDS: Final[tuple[tuple[About, Of] | None, ...]] = (
    ("service", "SRV"),
    None,
    ("pods", "addresses"),
    None,
    ("pods", "SRV"),
    ("service", "addresses"),
)
# Without bits comes last: that is how all others ask, so it is remembered most often.
BITS: Final = ((True, False), (False, True), (True, True), (False, False))
FORMS: Final = tuple(Form(*kind, do, cd) if kind else None for do, cd in BITS for kind in KINDS)
"""One form per slot, in the order of their turns; None prolongs the slot before it."""


class Pace:
    """Gives out fresh questions, one form per slot. It asks nothing itself."""

    def __init__(
        self,
        service: str,
        types: tuple[AddressType, ...],
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """Start with nothing asked. `wall` only says whose turn it is, durations are `clock`'s."""
        self._service = service
        self._types = types
        self._clock = clock
        self._wall = wall
        self._held_until: dict[Question, float] = {}
        self._longest: float | None = None
        self._slots = _Slots(start=0.0, first=0, length=0.0)
        self._used = -1
        self._last = clock() - HELD_AT_MOST
        self._again: list[Question] = []
        self._again_at = clock()
        self._no_repeats_until = clock()
        self._said: dict[Question, tuple[float, float]] = {}
        """When a question was first answered, and when that answer ends."""
        self._new = HELD_AT_MOST
        """Seconds that records have left when they are new, as far as is known."""

    @property
    def _gap(self) -> float:
        """Seconds per slot, of which a round has two more than answers are remembered for.

        No pod looks just when a slot begins, and the first look after a rest is anywhere in one. So
        even who asked at the end of the longest slot finds the form free when it comes round: or
        else it would be too early for that form and for those after it, for a whole round.
        """
        longest = HELD_AT_MOST if self._longest is None else self._longest
        return longest / (len(FORMS) - 2)

    def due(self, wanted: Collection[str]) -> float:
        """Return the seconds until `take` gives questions; 0 is now."""
        now, (slot, ends) = self._clock(), self._slot()
        wait = max(0.0, self._last + SHORTEST_GAP - now)
        if slot == self._used:
            return max(wait, ends)
        left = [self._held_until.get(one, now) - now for one in self._in(slot, wanted)]
        # What stays remembered throughout the slot must not keep the others waiting.
        soon = [some for some in left if some < ends]
        return max([wait, *soon]) if soon else max(wait, ends)

    def take(self, wanted: Collection[str]) -> list[Question]:
        """Return the questions of the look that is due, none when none is. They count as asked."""
        if self.due(wanted) > 0:
            return []
        now = self._clock()
        self._held_until = {one: until for one, until in self._held_until.items() if until > now}
        self._said = {one: said for one, said in self._said.items() if one in self._held_until}
        slot = self._slot()[0]
        taken = self.fresh(self._in(slot, wanted))
        if taken:
            self._used, self._last = slot, now
            self._again, self._again_at = taken[:FEW], now
        return taken

    def listing(self, taken: Sequence[Question]) -> Question | None:
        """Return what to ask before the questions of a look about many names, and to be repeated.

        It is the question that lists all pods: one that costs no cache anything, since it was
        asked before, or else that of the turn which has just passed. None once a cache was seen:
        it has its turns then; or where the look consists of it. It counts as asked.
        """
        now = self._clock()
        itself = (taken[0].name, taken[0].type) == (self._service, "SRV")
        if itself or now < self._no_repeats_until:
            return None
        asked = [one for one in self._said if (one.name, one.type) == (self._service, "SRV")]
        listing = next((one for one in asked if self._held_until.get(one, now) > now), None)
        if listing is None:
            do, cd = BITS[self._slot()[0] % len(FORMS) // len(KINDS)]
            listing = next(iter(self.fresh([Question(self._service, "SRV", do, cd)])), None)
        if listing:
            self._again = [listing, *taken[: FEW - 1]]
        return listing

    def is_new(self, *, held: float, at_first: float, denial: bool) -> bool:
        """Whether an answer is known to be out of no cache: all of its time is left.

        A denial says what that was. Of records it is known where a cache holds them no longer, or
        once the same question was answered twice with all of it.
        """
        return held >= (at_first if denial else self._new)

    def again_due(self) -> float:
        """Return the seconds until `again` may give questions; infinite once a cache was seen."""
        now = self._clock()
        if now < self._no_repeats_until or not self._again:
            return math.inf
        return max(0.0, self._again_at + SHORTEST_GAP - now)

    def again(self, wanted: Collection[str]) -> list[Question]:
        """Return some of the last look's questions to be repeated, none when none are due.

        Where no cache is in between they bring news as soon as there is any. Where one is, it
        still holds their answers, so that no pod finds older ones there for it.
        """
        if self.again_due() > 0:
            return []
        self._again_at = now = self._clock()
        return [
            one
            for one in self._again
            if (one.name == self._service or one.name in wanted)
            and one in self._said
            and self._held_until.get(one, now) > now
        ]

    def _answered_again(self, question: Question, held: float) -> None:
        # Out of a cache it ends when the first one does. It is held as long as that, either way.
        now, (first, ends) = self._clock(), self._said[question]
        if now - first < _SHOWS:
            return
        if now + held <= ends + 1.0:
            self._cache_seen()
        else:
            self._new = held

    def _cache_seen(self) -> None:
        self._no_repeats_until = self._clock() + NO_REPEATS

    def fresh(self, questions: Iterable[Question]) -> list[Question]:
        """Return those whose last answer no cache can hold. They count as asked."""
        now = self._clock()
        taken = [one for one in questions if self._held_until.get(one, now) <= now]
        for one in taken:
            self._said.pop(one, None)
        # That is for who asks meanwhile; the answer will say it better.
        self._held_until.update((one, now + HELD_AT_MOST) for one in taken)
        return taken

    def fresh_one(self, questions: Iterable[Question]) -> list[Question]:
        """Return the first of them whose last answer no cache can hold, or none."""
        now = self._clock()
        first = (one for one in questions if self._held_until.get(one, now) <= now)
        return self.fresh(itertools.islice(first, 1))

    def answered(self, question: Question, *, held: float, at_first: float) -> None:
        """Note for how many more seconds the answer is remembered, and for how many at first."""
        if question in self._said:
            self._answered_again(question, held)
            return
        now = self._clock()
        self._held_until[question] = now + min(held, HELD_AT_MOST)
        self._said[question] = (now, now + held)
        if held < at_first:
            self._cache_seen()
        if held < self._slot()[1]:
            # Another pod had asked before us, and it is forgotten before the slot is over.
            self._used = -1
        brief = max(held, at_first, self._longest or 0.0) <= HELD_BRIEFLY
        self._longest = HELD_BRIEFLY if brief else HELD_AT_MOST

    def failed(self, question: Question, *, held: float) -> None:
        """Note for how many seconds the failure may be remembered. It says nothing of answers."""
        if question in self._said:
            return  # It was a repeated one: its first answer is still held.
        self._held_until[question] = self._clock() + min(held, HELD_AT_MOST)

    def _slot(self) -> tuple[int, float]:
        """Return the number of the present slot, and the seconds until it is over."""
        now, gap, slots = self._clock(), self._gap, self._slots
        if slots.length != gap or now - self._last > len(FORMS) * gap:
            # The wall clock may be set. But for a new length it is asked only after a rest of a
            # round, when nothing is remembered any more.
            wall = self._wall()
            slots = _Slots(start=now - wall % gap, first=int(wall // gap), length=gap)
            self._slots, self._used = slots, -1
        passed = int((now - slots.start) // gap)
        number, ends = slots.first + passed, slots.start + (passed + 1) * gap - now
        if FORMS[number % len(FORMS)] is None:
            number -= 1
        elif FORMS[(number + 1) % len(FORMS)] is None:
            ends += gap
        return number, ends

    def _in(self, slot: int, wanted: Collection[str]) -> list[Question]:
        form = FORMS[slot % len(FORMS)]
        if form is None:
            return []
        types: tuple[Type, ...] = ("SRV",) if form.of == "SRV" else self._types
        names = [self._service] if form.about == "service" else sorted(wanted)
        return [Question(name, kind, form.do, form.cd) for name in names for kind in types]


@dataclasses.dataclass(frozen=True, slots=True)
class _Slots:
    start: float
    first: int
    """The number of the slot that begins at `start`."""
    length: float
