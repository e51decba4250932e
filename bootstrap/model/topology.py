"""What should be. Which pods there are by name, and which of them forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bootstrap.model import hostnames

LEAST_SHARDS: Final = 3
"""With fewer primaries, the loss of one leaves no majority that could elect its successor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What should be, as the settings of this pod say."""

    statefulset: str
    ordinal: int
    #: What follows `redis-app-3.` in a hostname: `redis-service.default.svc.cluster.local`.
    subdomain: str
    size: int | None
    #: The size that was set, where it is too small to form with; there is no `size` then.
    size_refused: int | None = None
    replicas_per_shard: int = 1
    ordinal_start: int = 0
    #: The address that our node announces; None leaves the server's own choice.
    address: str | None = None
    port: int = 6379
    host: str | None = None
    zone: str | None = None
    with_password: bool = False
    #: Whether the servers are spoken with over TLS.
    tls: bool = False
    #: The user of the servers' ACL as which the sidecar logs in; empty: `default`.
    username: str = ""
    #: Where the name servers were read: a file, or a variable.
    dns_source: str = "/etc/resolv.conf"
    fast_form: bool = True
    #: The server's own node time-out in ms, should it have to be put back without a memory of it.
    node_timeout: int = 15000
    #: The longest that a hand-over takes, in seconds.
    handover_timeout: float = 20.0
    #: How long the start gate waits for others, in seconds, and whether it opens then.
    gate_seconds: float = 45.0
    gate_opens: bool = False
    #: Whether our node's volume can be looked at, so that the start gate can do its work.
    guarded: bool = True
    #: The set that our volumes were written by, as a person has said: a hostname of one of its pods
    #: without the ordinal, `redis-app.redis-service.prod.svc.cluster.local`. Empty: none was.
    adopted: str = ""

    def name_of(self, ordinal: int) -> str:
        """Pod name of an ordinal."""
        return f"{self.statefulset}-{ordinal}"

    def hostname_of(self, ordinal: int) -> str:
        """Fully qualified name of an ordinal, without the trailing dot."""
        return f"{self.name_of(ordinal)}.{self.subdomain}"

    def own_ordinal_of(self, hostname: str) -> int | None:
        """The ordinal of a full hostname of our StatefulSet; None when the name is no such."""
        subdomain = hostname.partition(".")[2]
        return self._ordinal_in(hostname, self.statefulset) if subdomain == self.subdomain else None

    def ordinal_of(self, hostname: str) -> int | None:
        """The same; a name of the set that was adopted is that of our pod of the same ordinal."""
        if self.adopted and hostnames.owner(hostname) == self.adopted:
            return self._ordinal_in(hostname, self.adopted.partition(".")[0])
        return self.own_ordinal_of(hostname)

    def form_of(self, hostname: str) -> int | None:
        """The ordinal of our pod that a hostname names in full, in short, or in a domain outside.

        A hint alone: a pod of another namespace may have the same short name.
        """
        ordinal = self._ordinal_in(hostname, self.statefulset)
        if ordinal is None:
            return None
        full = self.hostname_of(ordinal)
        return ordinal if hostname == full or hostnames.other_form(hostname, full) else None

    def meant_by(self, hostname: str) -> int | None:
        """The ordinal of our pod in which a node of this hostname is to be looked for."""
        ordinal = self.ordinal_of(hostname)
        return self.form_of(hostname) if ordinal is None else ordinal

    @staticmethod
    def _ordinal_in(hostname: str, statefulset: str) -> int | None:
        """The ordinal of a pod of this StatefulSet, whatever stands behind the pod's name."""
        name = hostname.partition(".")[0]
        stem, _, digits = name.rpartition("-")
        if stem != statefulset or not digits.isdecimal() or str(int(digits)) != digits:
            return None
        return int(digits)

    @property
    def name(self) -> str:
        """Our own pod's name."""
        return self.name_of(self.ordinal)

    @property
    def seed(self) -> bool:
        """Whether this pod is the one that may form."""
        return self.ordinal == self.ordinal_start

    @property
    def shards(self) -> int:
        """Number of shards at first formation; 0 without a size."""
        return (self.size or 0) // (1 + self.replicas_per_shard)

    @property
    def ordinals(self) -> range:
        """Ordinals expected at first formation, primaries first; empty without a size."""
        return range(self.ordinal_start, self.ordinal_start + (self.size or 0))
