"""Finding the pods of a service without waiting for what DNS caches remember.

Every look asks one form of question that no cache can hold the answer to. Which one is
`schedule`'s matter, asking it `resolver`'s, and what all answers come to `answers`'.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final, Literal

from bootstrap.dns import answers, fanout, schedule
from bootstrap.model import directory

if TYPE_CHECKING:
    from bootstrap.dns import first_question, resolver, wire

AT_ONCE: Final = 32
"""Questions in flight together: a burst that the socket buffers of a name server take."""

_RELIST_SECONDS: Final = 1.0
_HEAD_START: Final = 0.25
"""The part of a question's time for which many questions wait for the one that may tell of all
pods. Its answer may need TCP, which may be closed."""


class Discovery:
    """What one sidecar knows of DNS. For one task at a time."""

    def __init__(  # noqa: PLR0913 - the clocks are for tests
        self,
        *,
        service: str,
        nameservers: Sequence[tuple[str, int]],
        family: Literal[4, 6] | None,
        timeout: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        begun: first_question.Asked | None = None,
    ) -> None:
        """Know nothing yet, but for what has `begun`, by the real clocks.

        `service` is the headless service's absolute name, `nameservers` are (address, port),
        `family` is the IP family to ask for (None: both), and `timeout` the seconds that one
        question may take, however many name servers there are.
        """
        self._service = directory.absolute(service)
        self._types = schedule.TYPES[family]
        self._pace = schedule.Pace(self._service, self._types, clock=clock, wall=wall)
        self._findings = answers.Findings(self._service, self._types)
        self._before = 0
        if begun is not None:
            self._pace, self._findings, self._before = begun.pace, begun.answers, begun.questions
        self._clock = clock
        self._wanted: frozenset[str] = frozenset()
        self._relist_from = clock()
        # What our service says of its pods denies no name of another service, so those are kept
        # apart; made when they are first asked for.
        self._elsewhere: Discovery | None = None
        self._servers, self._family, self._timeout = tuple(nameservers), family, timeout

    @property
    def questions(self) -> int:
        """Questions sent so far, to all name servers together."""
        asked = self._resolver.questions if "_resolver" in vars(self) else 0
        return self._before + asked + (self._elsewhere.questions if self._elsewhere else 0)

    @functools.cached_property
    def _resolver(self) -> resolver.Resolver:
        # Loaded by the first question: a pod whose volume speaks for itself starts without it.
        from bootstrap.dns import resolver  # noqa: PLC0415

        return resolver.Resolver(self._servers, self._timeout)

    def due(self) -> float:
        """Return the seconds until the next fresh question may be asked; 0 is now."""
        return min(self._pace.due(self._wanted), self._pace.again_due())

    async def look(self, wanted: Collection[str]) -> directory.Directory:
        """Ask what is due about pods whose address is missing, or has turned out wrong.

        Without any, or before `due`, it answers at once from what it has learned. Failures are
        in the answer; it does not raise.
        """
        self._wanted = frozenset(directory.absolute(name) for name in wanted)
        self._findings.expect(self._wanted)
        if self._wanted:
            await self._ask_due()
        return self._findings.to_directory()

    async def list_pods(self) -> bool:
        """Have the service say once which pods it has, later ones too; return whether it did.

        The names of the expected pods may all be known before any pod has asked for others.
        """
        kinds: tuple[schedule.Type, ...] = ("SRV", *self._types)
        for kind in kinds:
            for do, cd in schedule.BITS:
                if self._findings.listed:
                    return True
                await self._ask(self._pace.fresh([schedule.Question(self._service, kind, do, cd)]))
        return self._findings.listed

    def forget_listing(self) -> None:
        """Have `list_pods` ask anew; what is known of each pod is kept."""
        self._findings.forget_listing()

    async def relist(self) -> None:
        """Ask the service again which pods it has, in a form that no cache can hold; or do nothing.

        One question for all pods, at most once a second.
        """
        if self._clock() < self._relist_from:
            return
        self._relist_from = self._clock() + _RELIST_SECONDS
        forms = [schedule.Question(self._service, "SRV", do, cd) for do, cd in schedule.BITS]
        await self._ask(self._pace.fresh_one(forms))

    async def address_of(self, fqdn: str) -> directory.Name:
        """Ask for one pod as all others do, without bits, unless that is remembered.

        For who wants to know one address and is in no hurry. To those who look, it takes one
        question in sixteen, and only about this pod.
        """
        await self.ask_plainly([fqdn])
        return self._findings.of(directory.absolute(fqdn))

    async def elsewhere(self, fqdns: Collection[str]) -> dict[str, directory.Name]:
        """What DNS says of names outside our service, asked as all others ask for them."""
        if not fqdns:
            return {}
        if self._elsewhere is None:
            self._elsewhere = Discovery(
                service="elsewhere.invalid",
                nameservers=self._servers,
                family=self._family,
                timeout=self._timeout,
            )
        await self._elsewhere.ask_plainly(fqdns)
        found = await self._elsewhere.look(())
        return {fqdn: found.of(fqdn) for fqdn in fqdns}

    async def ask_plainly(self, fqdns: Collection[str]) -> None:
        """Ask for each of these pods as `address_of` does, so that something is known of each."""
        names = [directory.absolute(fqdn) for fqdn in fqdns]
        self._findings.expect(names)
        plain = [schedule.Question(name, kind) for name in names for kind in self._types]
        await self._ask(self._pace.fresh(plain))

    async def _ask_due(self) -> None:
        taken = self._pace.take(self._wanted)
        if taken and len(self._wanted) > schedule.FEW:
            await self._ask_many(taken)
        elif taken:
            await self._ask(taken, patient=False)
        elif again := self._pace.again(self._wanted):
            # A repeated question that fails says nothing.
            for question, reply in zip(again, await self._replies(again), strict=True):
                if reply.outcome != "failure":
                    self._learn(question, reply)

    async def _ask_many(self, asked: Sequence[schedule.Question]) -> None:
        """Ask for all pods at once, and then for each of which that says nothing."""
        listing = self._pace.listing(asked)
        if listing is None:
            await self._ask(asked, patient=False)
            return
        listed = asyncio.create_task(self._list(listing))
        try:
            await asyncio.wait([listed], timeout=_HEAD_START * self._timeout)
            await self._ask(asked, patient=False, listed=listed)
        finally:
            if listed.cancel():
                await asyncio.wait([listed])
                self._pace.failed(listing, held=0.0)

    async def _list(self, listing: schedule.Question) -> frozenset[str]:
        """Have the service say which pods it has; return the names that this settles."""
        (reply,) = await self._replies([listing])
        if reply.outcome == "failure":
            # That says nothing of the pods: each is asked for by its own name.
            self._pace.failed(listing, held=reply.held)
            return frozenset()
        self._learn(listing, reply)
        denial = reply.outcome == "NXDOMAIN"
        if reply.outcome != "no data" and self._pace.is_new(
            held=reply.held, at_first=reply.held_at_first, denial=denial
        ):
            return self._wanted | {self._service}
        return frozenset(owner for owner, _ in reply.addresses)

    async def _ask(
        self,
        asked: Sequence[schedule.Question],
        *,
        patient: bool = True,
        listed: asyncio.Task[frozenset[str]] | None = None,
    ) -> None:
        left = list(asked)
        while left:
            settled = listed.result() if listed and listed.done() else frozenset()
            for question in (one for one in left if one.name in settled):
                self._pace.failed(question, held=0.0)  # It is not asked, so not held.
            left = [one for one in left if one.name not in settled]
            batch, left = left[:AT_ONCE], left[AT_ONCE:]
            replies = await self._replies(batch, patient=patient)
            answered = [self._take_in(*one) for one in zip(batch, replies, strict=True)]
            if batch and not any(answered):
                # The rest would fail too, and take as long again.
                for question in left:
                    self._take_in(question, dataclasses.replace(replies[0], held=0.0))
                return

    async def _replies(
        self, batch: Sequence[schedule.Question], *, patient: bool = False
    ) -> list[wire.Answer | wire.Failure]:
        """Ask these together. A few that are late do not hold up the others, unless `patient`."""
        twice = len(batch) <= schedule.FEW
        asked = [asyncio.create_task(self._resolver.ask(one, twice=twice)) for one in batch]
        try:
            # Of several name servers, the next one is asked when the first has had its share.
            await fanout.wait(asked, all_of_them=patient or len(self._servers) > 1)
        finally:
            for one in asked:
                one.cancel()
        return [self._resolver.late() if one.cancelled() else one.result() for one in asked]

    def _take_in(self, question: schedule.Question, reply: wire.Answer | wire.Failure) -> bool:
        """Learn from a reply, or note the failure; return whether it was an answer."""
        if reply.outcome != "failure":
            self._learn(question, reply)
            return True
        self._pace.failed(question, held=reply.held)
        self._findings.trouble(question, reply.reason, self._wanted)
        return False

    def _learn(self, question: schedule.Question, answer: wire.Answer) -> None:
        self._pace.answered(question, held=answer.held, at_first=answer.held_at_first)
        self._findings.learn(question, answer, self._clock())
