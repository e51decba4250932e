"""What DNS says of the pods of headless Services, by the rules of CoreDNS.

These are the rules of its plugins `kubernetes` (which records a name has) and `cache` (how long
an answer is remembered, and for whom), as read in its source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import dns.message
import dns.rcode
import dns.rrset

Records: TypeAlias = list[tuple[str, str, list[str]]]
"""Owner, type, and the data of each record, as in a zone file."""


class Endpoint(NamedTuple):
    """The place of a pod in DNS."""

    pod: str
    service: str
    namespace: str


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as it is remembered."""

    rcode: dns.rcode.Rcode
    answer: Records
    authority: Records
    additional: Records
    ends: float
    """When a cache stops giving it, by the zone's clock."""

    def fill(self, response: dns.message.Message, now: float) -> None:
        """Put it into a message; the TTLs are what is left of its time."""
        # CoreDNS subtracts whole seconds, so what is left is rounded up.
        left = max(0, -int((now - self.ends) // 1))
        response.set_rcode(self.rcode)
        for section, records in (
            (response.answer, self.answer),
            (response.authority, self.authority),
            (response.additional, self.additional),
        ):
            section.extend(
                dns.rrset.from_text_list(owner, left, "IN", kind, data)
                for owner, kind, data in records
            )


class Zone:
    """The names of one cluster domain. Not for several threads at once."""

    def __init__(
        self, domain: str, *, ttl: int, service_port: int | None, clock: Callable[[], float]
    ) -> None:
        """Make an empty zone. Without a port there is no SRV, as for a Service without ports."""
        self.ttl = ttl
        self._name = f"{domain.rstrip('.').lower()}."
        self._service_port = service_port
        self._clock = clock
        self._history: dict[Endpoint, list[tuple[float, tuple[str, ...]]]] = {}
        self._stale: dict[Endpoint, tuple[float, tuple[str, ...]]] = {}

    def publish(self, key: Endpoint, addresses: Sequence[str], after: float) -> None:
        """Let the pod have these addresses, and no others, `after` seconds from now."""
        when = self._clock() + after
        earlier = [change for change in self._history.get(key, []) if change[0] < when]
        self._history[key] = [*earlier, (when, tuple(addresses))]

    def keep(self, key: Endpoint, seconds: float) -> None:
        """Go on saying what the pod has now for so long, whatever is published meanwhile."""
        self._stale[key] = (self._clock() + seconds, self._addresses(key))

    def resolve(self, name: str, kind: str) -> Answer:
        """Answer for a lower-case absolute name and a type such as `SRV`."""
        ends = self._clock() + self.ttl
        if not f".{name}".endswith(f".{self._name}"):
            return Answer(dns.rcode.REFUSED, [], [], [], ends)  # There is nobody to forward to.
        names = self._names()
        here = [entry for entry in names.get(name, []) if kind in {entry[1], "SRV"}]
        if here and kind == "SRV" and self._service_port is not None:
            weight = max(1, 100 // len(here))
            targets = dict.fromkeys(pod for pod, _, _ in here)
            srv = [f"0 {weight} {self._service_port} {target}" for target in targets]
            additional = [(pod, type_, [address]) for pod, type_, address in here]
            return Answer(dns.rcode.NOERROR, [(name, kind, srv)], [], additional, ends)
        if here and kind in {"A", "AAAA"}:
            data = list(dict.fromkeys(address for _, _, address in here))
            return Answer(dns.rcode.NOERROR, [(name, kind, data)], [], [], ends)
        soa = f"ns.dns.{self._name} hostmaster.{self._name} 1 7200 1800 86400 {self.ttl}"
        rcode = dns.rcode.NOERROR if name in names else dns.rcode.NXDOMAIN
        return Answer(rcode, [], [(self._name, "SOA", [soa])], [], ends)

    def _addresses(self, key: Endpoint) -> tuple[str, ...]:
        now = self._clock()
        until, kept = self._stale.get(key, (now, ()))
        if now < until:
            return kept
        past = [addresses for when, addresses in self._history.get(key, []) if when <= now]
        return past[-1] if past else ()

    def _names(self) -> dict[str, list[tuple[str, str, str]]]:
        """Return what every existing name stands for: pod name, type and address of each."""
        names: dict[str, list[tuple[str, str, str]]] = {}
        for key in self._history:
            service = f"{key.service}.{key.namespace}.svc.{self._name}"
            # Without a pod's name it is the address of the Service itself, its ClusterIP.
            pod = f"{key.pod}.{service}" if key.pod else service
            for address in self._addresses(key):
                kind = "AAAA" if ":" in address else "A"
                for owner in dict.fromkeys((pod, service)):
                    names.setdefault(owner, []).append((pod, kind, address))
        # The names above these exist too, and have nothing of their own. A Service without any
        # endpoint is not among them: CoreDNS says NXDOMAIN for it.
        for owner in list(names):
            parent = owner.partition(".")[2]
            while parent.endswith(self._name):
                names.setdefault(parent, [])
                parent = parent.partition(".")[2]
        return names


class Cache:
    """Remembers every answer, missing names too, per name, type, DO and CD, for all askers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Make an empty one."""
        self._clock = clock
        self._answers: dict[tuple[str, str, bool, bool], Answer] = {}

    def resolve(self, zone: Zone, name: str, kind: str, *, do: bool, cd: bool) -> Answer:
        """Return the remembered answer while its time lasts, else a new one."""
        key = (name, kind, do, cd)
        if key not in self._answers or self._answers[key].ends <= self._clock():
            self._answers[key] = zone.resolve(name, kind)
        return self._answers[key]
