"""Which question is fresh now, and when the next one will be.

The cache of a cluster's DNS may hold an answer for 30 s, be it a missing name or an old address.
To repeat the question does not help then; another form of question does (see `questions`).

Time is divided into windows, one for each form. The turn of a form comes again only when no cache
can hold its last answer any more. The wall clock tells whose turn it is. So pods that share a cache
ask the same question at about the same time, and do not find each other's old answers.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from bootstrap.dns.questions import BITS, FORMS, KINDS, AddressType, Question, Type

HELD_AT_MOST: Final = 30.0
"""Seconds for which a cluster's DNS caches answers: `cache 30` in the CoreDNS of kubeadm, k3s and
kind, and in NodeLocal DNSCache. Longer TTLs count as this."""
HELD_BRIEFLY: Final = 5.0
"""Seconds for which other clusters cache answers: CoreDNS's default `ttl`. Only this value and
`HELD_AT_MOST` are used: a cached record tells only the rest of its time, and pods that share a
cache must have windows of the same length."""
SHORTEST_GAP: Final = 0.2
"""Seconds between two looks, at least. Five questions a second from each pod are no burden, and the
address of a starting pod takes longer to reach DNS."""

FEW: Final = 8
"""Questions that are repeated together, at most. To find more names, the sidecar first asks the
service for its pods."""
NO_REPEATS: Final = 300.0
"""Seconds for which no question is repeated after a cache was seen."""
_SHOWS: Final = 1.1
"""Seconds after which a cached answer must show a shorter TTL, which is in whole seconds."""


class Pace:
    """Tells which questions are fresh, one form in each window. Sends nothing itself."""

    def __init__(
        self,
        service: str,
        types: tuple[AddressType, ...],
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """Start with nothing asked.

        `service` is the absolute name. `clock` gives seconds for durations; `wall`, seconds since
        1970, only tells which form's turn it is.
        """
        self._service = service
        self._types = types
        self._clock = clock
        self._wall = wall
        self._held_until: dict[Question, float] = {}
        self._longest: float | None = None
        self._windows = _Windows(start=0.0, first=0, length=0.0)
        self._used = -1
        self._last = clock() - HELD_AT_MOST
        self._again: list[Question] = []
        self._again_at = clock()
        self._no_repeats_until = clock()
        self._said: dict[Question, tuple[float, float]] = {}
        """When a question was first answered, and when that answer ends, by `clock`."""
        self._new = HELD_AT_MOST
        """The TTL of new records in seconds, as far as it is known."""

    @property
    def _gap(self) -> float:
        """Seconds per window. A round is two windows longer than answers are cached.

        A pod may look at any time within a window. Even if it asked at the end of the longest
        window, the form is free again when its turn comes. Otherwise the pod would be too early for
        this form, and for all forms after it, for a whole round.
        """
        longest = HELD_AT_MOST if self._longest is None else self._longest
        return longest / (len(FORMS) - 2)

    def due(self, wanted: Collection[str]) -> float:
        """Return the seconds until `take` gives questions; 0 means now."""
        now, (window, ends) = self._clock(), self._window()
        wait = max(0.0, self._last + SHORTEST_GAP - now)
        if window == self._used:
            return max(wait, ends)
        left = [self._held_until.get(one, now) - now for one in self._in(window, wanted)]
        # A question that stays cached for the whole window must not delay the others.
        soon = [some for some in left if some < ends]
        return max([wait, *soon]) if soon else max(wait, ends)

    def take(self, wanted: Collection[str]) -> list[Question]:
        """Return the questions that are due now, if any. They count as asked."""
        if self.due(wanted) > 0:
            return []
        now = self._clock()
        self._held_until = {one: until for one, until in self._held_until.items() if until > now}
        self._said = {one: said for one, said in self._said.items() if one in self._held_until}
        window = self._window()[0]
        taken = self.fresh(self._in(window, wanted))
        if taken:
            self._used, self._last = window, now
            self._again, self._again_at = taken[:FEW], now
        return taken

    def listing(self, taken: Sequence[Question]) -> Question | None:
        """Return the SRV question that lists all pods, to be asked before those about many names.

        It is an SRV question that was asked before, which takes no turn from any form; else that
        of the turn which has just passed. It counts as asked, and `again` repeats it. None after a
        cache was seen, since it has turns of its own then; and None if `taken` consists of it.
        """
        now = self._clock()
        itself = (taken[0].name, taken[0].type) == (self._service, "SRV")
        if itself or now < self._no_repeats_until:
            return None
        asked = [one for one in self._said if (one.name, one.type) == (self._service, "SRV")]
        listing = next((one for one in asked if self._held_until.get(one, now) > now), None)
        if listing is None:
            do, cd = BITS[self._window()[0] % len(FORMS) // len(KINDS)]
            listing = next(iter(self.fresh([Question(self._service, "SRV", do, cd)])), None)
        if listing:
            self._again = [listing, *taken[: FEW - 1]]
        return listing

    def is_new(self, *, held: float, at_first: float, denial: bool) -> bool:
        """Whether an answer certainly comes from no cache: its whole time is left.

        `held` and `at_first` are seconds. A denial tells its whole time. That of records is known
        if it is the longest that caches hold, or if a repeated question was answered with the
        whole time again.
        """
        return held >= (at_first if denial else self._new)

    def again_due(self) -> float:
        """Return the seconds until `again` gives questions; infinite after a cache was seen."""
        now = self._clock()
        if now < self._no_repeats_until or not self._again:
            return math.inf
        return max(0.0, self._again_at + SHORTEST_GAP - now)

    def again(self, wanted: Collection[str]) -> list[Question]:
        """Return some of the last look's questions to be repeated, if any are due.

        Without a cache they bring news at once. A cache still holds their answers anyway, so to
        repeat them leaves no older answers there for other pods.
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
        # From a cache, the answer ends when the first one does. `_held_until` stays as it is.
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
        """Return the questions whose last answer no cache can hold. They count as asked."""
        now = self._clock()
        taken = [one for one in questions if self._held_until.get(one, now) <= now]
        for one in taken:
            self._said.pop(one, None)
        # A guess until the answer tells its own time.
        self._held_until.update((one, now + HELD_AT_MOST) for one in taken)
        return taken

    def fresh_one(self, questions: Iterable[Question]) -> list[Question]:
        """Return the first question that `fresh` would return, if any. It counts as asked."""
        now = self._clock()
        first = (one for one in questions if self._held_until.get(one, now) <= now)
        return self.fresh(itertools.islice(first, 1))

    def answered(self, question: Question, *, held: float, at_first: float) -> None:
        """Note an answer: seconds for which caches may still hold it, and could when it was new."""
        if question in self._said:
            self._answered_again(question, held)
            return
        now = self._clock()
        self._held_until[question] = now + min(held, HELD_AT_MOST)
        self._said[question] = (now, now + held)
        if held < at_first:
            self._cache_seen()
        if held < self._window()[1]:
            # Another pod had asked first, and the cache forgets the answer within this window.
            self._used = -1
        brief = max(held, at_first, self._longest or 0.0) <= HELD_BRIEFLY
        self._longest = HELD_BRIEFLY if brief else HELD_AT_MOST

    def failed(self, question: Question, *, held: float) -> None:
        """Note a failure: the seconds that caches may hold it. Answers are not affected."""
        if question in self._said:
            return  # The question was repeated: caches still hold its first answer.
        self._held_until[question] = self._clock() + min(held, HELD_AT_MOST)

    def _window(self) -> tuple[int, float]:
        """Return the number of the present window, and the seconds until its end."""
        now, gap, windows = self._clock(), self._gap, self._windows
        if windows.length != gap or now - self._last > len(FORMS) * gap:
            # The wall clock may jump. So it is read only for a new length of windows, or after a
            # rest of one round, when no cache holds anything any more.
            wall = self._wall()
            windows = _Windows(start=now - wall % gap, first=int(wall // gap), length=gap)
            self._windows, self._used = windows, -1
        passed = int((now - windows.start) // gap)
        number, ends = windows.first + passed, windows.start + (passed + 1) * gap - now
        if FORMS[number % len(FORMS)] is None:
            number -= 1
        elif FORMS[(number + 1) % len(FORMS)] is None:
            ends += gap
        return number, ends

    def _in(self, window: int, wanted: Collection[str]) -> list[Question]:
        form = FORMS[window % len(FORMS)]
        if form is None:
            return []
        types: tuple[Type, ...] = ("SRV",) if form.of == "SRV" else self._types
        names = [self._service] if form.about == "service" else sorted(wanted)
        return [Question(name, kind, form.do, form.cd) for name in names for kind in types]


@dataclasses.dataclass(frozen=True, slots=True)
class _Windows:
    start: float
    """When a window began, by `clock`."""
    first: int
    """That window's number, counted from 1970."""
    length: float
    """Seconds per window."""
