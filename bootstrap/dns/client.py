"""Finding the pods of a service without waiting for DNS caches to expire.

Each look asks questions of a form whose answer no cache can hold. `schedule` picks the form,
`resolver` sends the questions, and `answers` combines the answers.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final, Literal

from bootstrap.dns import answers, fanout, schedule
from bootstrap.dns.questions import BITS, TYPES, Question, Type
from bootstrap.model import directory

if TYPE_CHECKING:
    from bootstrap.dns import first_question, resolver, wire

AT_ONCE: Final = 32
"""Questions in flight together: a burst that fits the socket buffers of a name server."""

_RELIST_SECONDS: Final = 1.0
"""Seconds between two calls of `relist` that ask, at least."""
_HEAD_START: Final = 0.25
"""The share of a question's time for which many questions wait for the list of all pods. No longer,
since that answer may need TCP, which may be blocked."""


class Discovery:
    """Asks name servers about the pods of one service, and remembers. For one task at a time."""

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
        """Know nothing yet, except what the first questions (`begun`) told.

        `service` is the headless Service's DNS name, and `nameservers` are (address, port) pairs.
        `family` is the IP family to ask for; None means both. `timeout` is the seconds for one
        question, however many name servers there are. `begun` requires the real clocks.
        """
        self._service = directory.absolute(service)
        self._types = TYPES[family]
        self._pace = schedule.Pace(self._service, self._types, clock=clock, wall=wall)
        self._findings = answers.Findings(self._service, self._types)
        self._before = 0
        if begun is not None:
            self._pace, self._findings, self._before = begun.pace, begun.answers, begun.questions
        self._clock = clock
        self._wanted: frozenset[str] = frozenset()
        self._relist_from = clock()
        self._elsewhere: Discovery | None = None
        """For names outside the service, which its answers must not deny; made on first use."""
        self._servers, self._family, self._timeout = tuple(nameservers), family, timeout

    @property
    def questions(self) -> int:
        """Questions sent so far, to all name servers together."""
        asked = self._resolver.questions if "_resolver" in vars(self) else 0
        return self._before + asked + (self._elsewhere.questions if self._elsewhere else 0)

    @functools.cached_property
    def _resolver(self) -> resolver.Resolver:
        # Loaded by the first question: a pod whose volume opens the start gate starts without it.
        from bootstrap.dns import resolver  # noqa: PLC0415

        return resolver.Resolver(self._servers, self._timeout)

    def due(self) -> float:
        """Return the seconds until the next fresh question may be asked; 0 means now."""
        return min(self._pace.due(self._wanted), self._pace.again_due())

    async def ask(self, wanted: Collection[str]) -> directory.Directory:
        """Ask what is due about these pods, and return all that is known.

        `wanted` are the DNS names of pods whose address is missing or wrong. If there are none, or
        before `due`, no question is sent. Never raises: the directory tells of failures.
        """
        self._wanted = frozenset(directory.absolute(name) for name in wanted)
        self._findings.expect(self._wanted)
        if self._wanted:
            await self._ask_due()
        return self._findings.to_directory()

    async def list_pods(self) -> bool:
        """Ask the service for its pods unless it has listed them; return whether it has.

        The list shows pods beyond the expected ones, for whose names no pod asks.
        """
        kinds: tuple[Type, ...] = ("SRV", *self._types)
        for kind in kinds:
            for do, cd in BITS:
                if self._findings.listed:
                    return True
                await self._ask(self._pace.fresh([Question(self._service, kind, do, cd)]))
        return self._findings.listed

    def forget_listing(self) -> None:
        """Make `list_pods` ask again. What is known about each pod is kept."""
        self._findings.forget_listing()

    async def relist(self) -> None:
        """Ask the service for its pods once more, in a form whose answer no cache can hold.

        This is one question for all pods, at most once a second. If no form is fresh, no question
        is sent.
        """
        if self._clock() < self._relist_from:
            return
        self._relist_from = self._clock() + _RELIST_SECONDS
        forms = [Question(self._service, "SRV", do, cd) for do, cd in BITS]
        await self._ask(self._pace.fresh_one(forms))

    async def address_of(self, fqdn: str) -> directory.Name:
        """Ask for one pod in the form without bits, unless a cache may hold the answer.

        For a single address that is not urgent. It takes one form in sixteen from the looks, and
        only for this pod.
        """
        await self.ask_plainly([fqdn])
        return self._findings.of(directory.absolute(fqdn))

    async def elsewhere(self, fqdns: Collection[str]) -> dict[str, directory.Name]:
        """Return what DNS says about names outside the service; asked in the form without bits."""
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
        found = await self._elsewhere.ask(())
        return {fqdn: found.of(fqdn) for fqdn in fqdns}

    async def ask_plainly(self, fqdns: Collection[str]) -> None:
        """Ask for each of these pods as `address_of` does, so that each has a state."""
        names = [directory.absolute(fqdn) for fqdn in fqdns]
        self._findings.expect(names)
        plain = [Question(name, kind) for name in names for kind in self._types]
        await self._ask(self._pace.fresh(plain))

    async def _ask_due(self) -> None:
        taken = self._pace.take(self._wanted)
        if taken and len(self._wanted) > schedule.FEW:
            await self._ask_many(taken)
        elif taken:
            await self._ask(taken, patient=False)
        elif again := self._pace.again(self._wanted):
            # The failure of a repeated question has no meaning.
            for question, reply in zip(again, await self._replies(again), strict=True):
                if reply.outcome != "failure":
                    self._learn(question, reply)

    async def _ask_many(self, asked: Sequence[Question]) -> None:
        """Ask for the list of all pods first, then for the pods that it leaves unclear."""
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

    async def _list(self, listing: Question) -> frozenset[str]:
        """Ask for the list of all pods; return the names that need no question any more."""
        (reply,) = await self._replies([listing])
        if reply.outcome == "failure":
            # The failure says nothing about the pods: each is asked for by its own name.
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
        asked: Sequence[Question],
        *,
        patient: bool = True,
        listed: asyncio.Task[frozenset[str]] | None = None,
    ) -> None:
        left = list(asked)
        while left:
            settled = listed.result() if listed and listed.done() else frozenset()
            for question in (one for one in left if one.name in settled):
                self._pace.failed(question, held=0.0)  # not asked, so no cache holds it
            left = [one for one in left if one.name not in settled]
            batch, left = left[:AT_ONCE], left[AT_ONCE:]
            replies = await self._replies(batch, patient=patient)
            answered = [self._take_in(*one) for one in zip(batch, replies, strict=True)]
            if batch and not any(answered):
                # The remaining questions would fail too, and take as long again.
                for question in left:
                    self._take_in(question, dataclasses.replace(replies[0], held=0.0))
                return

    async def _replies(
        self, batch: Sequence[Question], *, patient: bool = False
    ) -> list[wire.Answer | wire.Failure]:
        """Send these questions together. Unless `patient`, a few late answers are given up."""
        twice = len(batch) <= schedule.FEW
        asked = [asyncio.create_task(self._resolver.ask(one, twice=twice)) for one in batch]
        # With several name servers, the next is asked when the share of the first is over.
        await fanout.wait(asked, all_of_them=patient or len(self._servers) > 1)
        return [self._resolver.late() if one.cancelled() else one.result() for one in asked]

    def _take_in(self, question: Question, reply: wire.Answer | wire.Failure) -> bool:
        """Learn from an answer, or note a failure; return whether it was an answer."""
        if reply.outcome != "failure":
            self._learn(question, reply)
            return True
        self._pace.failed(question, held=reply.held)
        self._findings.trouble(question, reply.reason, self._wanted)
        return False

    def _learn(self, question: Question, answer: wire.Answer) -> None:
        self._pace.answered(question, held=answer.held, at_first=answer.held_at_first)
        self._findings.learn(question, answer, self._clock())
