"""What all answers say together: the newest answer wins, and a failure denies nothing.

An answer is as old as the time it has spent in a cache, and its TTL shows that time. If two answers
have the same lifetime, the one that ends later is newer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final

from bootstrap.dns import questions
from bootstrap.model import directory

if TYPE_CHECKING:
    from bootstrap.dns import wire

_OLDEST: Final = float("-inf")


@dataclasses.dataclass(frozen=True, slots=True)
class _Fact:
    """What an answer said about a name's addresses of one type; no addresses mean a denial."""

    addresses: tuple[str, ...]
    ends: float
    """When caches forget the answer, in seconds of the clock of `learn`."""
    denial: bool
    """Whether it is a denial: these may have a lifetime of their own, often a shorter one."""
    source: str
    """The answer and its name server, for people."""


class Findings:
    """All that was learned about one service's pods. Sends nothing, and reads no clock."""

    def __init__(self, service: str, types: tuple[questions.AddressType, ...]) -> None:
        """Know nothing yet. `service` is an absolute name; `types` are the addresses to keep."""
        self._service = service
        self._types = types
        self._names: set[str] = set()
        self._facts: dict[tuple[str, questions.AddressType], _Fact] = {}
        self._listing: _Fact | None = None
        """The newest answer that lists the service's names."""
        self._troubles: dict[tuple[str, questions.AddressType], str] = {}
        self._denied: set[str] = set()
        """Names that do not exist, by an answer to a question about them, and not found since."""
        self._lifetimes = {True: 0.0, False: 0.0}
        """The longest time in seconds that any denial (True) or other answer (False) had left."""

    def expect(self, names: Iterable[str]) -> None:
        """Include these absolute names in the directory from now on."""
        self._names.update(names)

    def to_directory(self) -> directory.Directory:
        """Return all findings."""
        names = tuple((name, self.of(name)) for name in sorted(self._names))
        named = {address for _, said in names for address in said.addresses}
        newest = self._newness(self._listing) if self._listing else _OLDEST
        service = [self._facts.get((self._service, kind)) for kind in self._types]
        # A newer list of names already has the addresses of all pods that still exist.
        addresses = {
            address
            for fact in service
            if fact and self._newness(fact) > newest
            for address in fact.addresses
        }
        return directory.Directory(
            names=names,
            nameless=tuple(sorted(addresses - named)),
            service=self.of(self._service),
        )

    @property
    def listed(self) -> bool:
        """Whether an answer for the service itself listed its pods, by name or by address."""
        facts = (self._facts.get((self._service, kind)) for kind in self._types)
        return self._listing is not None or any(fact.addresses for fact in facts if fact)

    def forget_listing(self) -> None:
        """Forget the list of the service's pods, so that `listed` is false."""
        self._listing = None
        for kind in self._types:
            self._facts.pop((self._service, kind), None)

    def of(self, name: str) -> directory.Name:
        """Return what is known about one pod, by its absolute name."""
        facts = [fact for kind in self._types if (fact := self._facts.get((name, kind)))]
        addresses = sorted({address for fact in facts for address in fact.addresses})
        troubles = [self._troubles.get((name, kind), "") for kind in self._types]
        if addresses:
            return directory.Name(state="found", addresses=tuple(addresses))
        if any(troubles):
            return directory.Name(state="unknown", reason=max(troubles))
        if len(facts) < len(self._types):
            return directory.UNASKED
        newest = max(facts, key=self._newness)
        return directory.Name(state="absent", reason=newest.source, denied=name in self._denied)

    def trouble(self, question: questions.Question, reason: str, wanted: Iterable[str]) -> None:
        """Note that a question failed. If it was about the service, `wanted` names are unclear."""
        about = wanted if question.name == self._service else (question.name,)
        kinds = self._types if question.type == "SRV" else (question.type,)
        self._troubles.update(((name, kind), reason) for name in about for kind in kinds)

    def learn(self, question: questions.Question, answer: wire.Answer, now: float) -> None:
        """Take in an answer that came at `now`, in seconds; all calls use the same clock."""
        denial = answer.outcome != "records"
        self._lifetimes[denial] = max(self._lifetimes[denial], answer.held)
        fact = _Fact((), now + answer.held, denial, f"{answer.outcome} from {answer.nameserver}")
        if answer.outcome == "NXDOMAIN":
            # No name exists below a name that does not exist (RFC 8020).
            below = self._names if question.name == self._service else set()
            self._denied.add(question.name)
            for name in (question.name, *below):
                self._put(name, self._types, fact, ())
        elif question.type != "SRV":
            own = [address for owner, address in answer.addresses if owner == question.name]
            self._put(question.name, (question.type,), fact, own)
        elif not denial:
            # "No data" proves nothing: a Service without ports has no SRV, but may have pods.
            self._learn_targets(question, answer, fact)

    def _learn_targets(
        self, question: questions.Question, answer: wire.Answer, fact: _Fact
    ) -> None:
        pods = {target for target in answer.targets if target.endswith(f".{self._service}")}
        addresses: dict[str, list[str]] = {}
        for owner, address in answer.addresses:
            addresses.setdefault(owner, []).append(address)
        for name in pods & addresses.keys():
            self._put(name, self._types, fact, addresses[name])
        if question.name == self._service:
            self._listing = max(fact, self._listing or fact, key=self._newness)
            unlisted = dataclasses.replace(fact, source=f"not listed by {answer.nameserver}")
            for name in self._names - pods:
                self._put(name, self._types, unlisted, ())
        self._names |= pods

    def _put(
        self,
        name: str,
        kinds: Iterable[questions.AddressType],
        fact: _Fact,
        addresses: Collection[str],
    ) -> None:
        if addresses:
            self._denied.discard(name)
        for kind in kinds:
            self._troubles.pop((name, kind), None)
            known = self._facts.get((name, kind))
            if known is None or self._newness(known) <= self._newness(fact):
                right = tuple(one for one in addresses if (":" in one) == (kind == "AAAA"))
                source = fact.source
                if addresses and not right:
                    source = f"only addresses of the other family {source.removeprefix('records ')}"
                self._facts[name, kind] = dataclasses.replace(fact, addresses=right, source=source)

    def _newness(self, fact: _Fact) -> float:
        """Return about when the answer was new, by the clock of `learn`."""
        return fact.ends - self._lifetimes[fact.denial]
