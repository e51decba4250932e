"""What should be. Which pods there are by name, and which of them forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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

    def name_of(self, ordinal: int) -> str:
        """Pod name of an ordinal."""
        return f"{self.statefulset}-{ordinal}"

    def hostname_of(self, ordinal: int) -> str:
        """Fully qualified name of an ordinal, without the trailing dot."""
        return f"{self.name_of(ordinal)}.{self.subdomain}"

    def ordinal_of(self, hostname: str) -> int | None:
        """The ordinal of a hostname of our StatefulSet; None when the name is not one of ours."""
        name, _, subdomain = hostname.partition(".")
        stem, _, digits = name.rpartition("-")
        if subdomain != self.subdomain or stem != self.statefulset or not digits.isdecimal():
            return None
        return int(digits) if self.name_of(int(digits)) == name else None

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
