"""Finding the pods of a service without waiting for what DNS caches remember.

Every look asks one form of question that no cache can hold the answer to. Which one is
`looks`' matter, asking it `resolver`'s, and what all answers come to `findings`'.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final, Literal

from bootstrap import findings, looks
from bootstrap.core import directory

if TYPE_CHECKING:
    from bootstrap import resolver

AT_ONCE: Final = 32
"""Questions in flight together: a burst that the socket buffers of a name server take."""

_RELIST_SECONDS: Final = 1.0


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
    ) -> None:
        """Know nothing yet.

        `service` is the headless service's absolute name, `nameservers` are (address, port),
        `family` is the IP family to ask for (None: both), and `timeout` the seconds that one
        question may take, however many name servers there are.
        """
        self._service = directory.absolute(service)
        types: dict[int | None, tuple[looks.AddressType, ...]] = {4: ("A",), 6: ("AAAA",)}
        self._types = types.get(family, ("A", "AAAA"))
        self._pace = looks.Pace(self._service, self._types, clock=clock, wall=wall)
        self._findings = findings.Findings(self._service, self._types)
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
        return asked + (self._elsewhere.questions if self._elsewhere else 0)

    @functools.cached_property
    def _resolver(self) -> resolver.Resolver:
        # Loaded by the first question: a pod whose volume speaks for itself starts without it.
        from bootstrap import resolver  # noqa: PLC0415

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
            taken = self._pace.take(self._wanted)
            await (self._ask(taken) if taken else self._ask_again(self._pace.again(self._wanted)))
        return self._findings.to_directory()

    async def list_pods(self) -> bool:
        """Have the service say once which pods it has, later ones too; return whether it did.

        The names of the expected pods may all be known before anybody has asked for others.
        """
        kinds: tuple[looks.Type, ...] = ("SRV", *self._types)
        for kind in kinds:
            for do, cd in looks.BITS:
                if self._findings.listed:
                    return True
                await self._ask(self._pace.fresh([looks.Question(self._service, kind, do, cd)]))
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
        forms = [looks.Question(self._service, "SRV", do, cd) for do, cd in looks.BITS]
        await self._ask(self._pace.fresh_one(forms))

    async def address_of(self, fqdn: str) -> directory.Name:
        """Ask for one pod as everybody else does, without bits, unless that is remembered.

        For who wants to know one address and is in no hurry. To those who look, it takes one
        question in sixteen, and only about this pod.
        """
        await self.ask_plainly([fqdn])
        return self._findings.of(directory.absolute(fqdn))

    async def elsewhere(self, fqdns: Collection[str]) -> dict[str, directory.Name]:
        """What DNS says of names outside our service, asked as everybody else asks for them."""
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
        plain = [looks.Question(name, kind) for name in names for kind in self._types]
        await self._ask(self._pace.fresh(plain))

    async def _ask(self, asked: Sequence[looks.Question]) -> None:
        if asked:
            await self._ask_all(asked)

    async def _ask_all(self, asked: Sequence[looks.Question]) -> None:
        from bootstrap import resolver  # noqa: PLC0415 - see `_resolver`

        for start in range(0, len(asked), AT_ONCE):
            batch = asked[start : start + AT_ONCE]
            replies = await asyncio.gather(*map(self._resolver.ask, batch))
            for question, reply in zip(batch, replies, strict=True):
                self._take_in(question, reply)
            failures = [reply for reply in replies if isinstance(reply, resolver.Failure)]
            if len(failures) == len(replies):
                # The rest would fail too, and take as long again. It is not asked, so not held.
                for question in asked[start + AT_ONCE :]:
                    self._take_in(question, resolver.Failure(reason=failures[0].reason))
                return

    async def _ask_again(self, asked: Sequence[looks.Question]) -> None:
        """Take news where there is any. A repeated question that fails says nothing."""
        if not asked:
            return
        from bootstrap import resolver  # noqa: PLC0415 - see `_resolver`

        replies = await asyncio.gather(*map(self._resolver.ask, asked))
        for question, reply in zip(asked, replies, strict=True):
            if not isinstance(reply, resolver.Failure):
                self._pace.answered_again(question, held=reply.held)
                self._findings.learn(question, reply, self._clock())

    def _take_in(self, question: looks.Question, reply: resolver.Answer | resolver.Failure) -> None:
        from bootstrap import resolver  # noqa: PLC0415 - see `_resolver`

        if isinstance(reply, resolver.Failure):
            self._pace.failed(question, held=reply.held)
            self._findings.trouble(question, reply.reason, self._wanted)
        else:
            self._pace.answered(question, held=reply.held, at_first=reply.held_at_first)
            self._findings.learn(question, reply, self._clock())
