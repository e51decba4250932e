"""What should be: which pods there are, by name, and which of them forms the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bootstrap.model import hostnames
from bootstrap.model.wish import Wish

LEAST_SHARDS: Final = 3
"""With fewer primaries no majority is left after the loss of one, to elect its successor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What should be. `run.setup` fills it from the settings of this pod's sidecar."""

    statefulset: str
    """The StatefulSet's name."""
    ordinal: int
    """The ordinal of our own pod."""
    subdomain: str
    """The part after `redis-app-3.` in a hostname: `redis-service.default.svc.cluster.local`."""
    size: int | None
    """Pods at first formation; None if no size is set, or it was refused."""
    size_refused: int | None = None
    """The size that was set, if it is too small to form a cluster; `size` is None then."""
    replicas_per_shard: int = 1
    ordinal_start: int = 0
    """The ordinal of the first pod, which is the seed."""
    address: str | None = None
    """The address that our node announces (POD_IP); None: the server chooses."""
    port: int = 6379
    """The client port of all servers."""
    host: str | None = None
    """The Kubernetes node of our pod; None: not known."""
    zone: str | None = None
    """The zone of our pod; None: not known."""
    with_password: bool = False
    """Whether the sidecar has a password for the servers."""
    tls: bool = False
    """Whether the sidecar speaks TLS with the servers."""
    username: str = ""
    """The ACL user as which the sidecar logs in; empty: `default`."""
    dns_source: str = "/etc/resolv.conf"
    """Where the name servers were read from: a file, or a variable."""
    fast_form: bool = True
    """Whether temporary settings make forming quicker."""
    node_timeout: int = 15000
    """The servers' own node time-out in ms, to put back one that no sidecar remembers."""
    handover_timeout: float = 20.0
    """Seconds that a hand-over takes at most."""
    gate_seconds: float = 45.0
    """Seconds after which a start gate that is still shut is for a person, or opens."""
    gate_opens: bool = False
    """Whether the start gate opens after that time."""
    allow_fewer_shards: bool = False
    """Whether there may be fewer shards than `LEAST_SHARDS`."""
    wish: Wish | None = None
    """How many shards are wished, if a variable says it; None: it does not."""
    wish_file: str = ""
    """The file that says it instead, and may change at any time; empty: none."""
    guarded: bool = True
    """Whether the sidecar can read our node's volume, without which the start gate cannot work."""
    adopted: str = ""
    """The set whose cluster is adopted, which wrote our volumes: a hostname of one of its pods
    without the ordinal, `redis-app.redis-service.prod.svc.cluster.local`. Empty: none."""

    def name_of(self, ordinal: int) -> str:
        """Return the pod name of an ordinal."""
        return f"{self.statefulset}-{ordinal}"

    def hostname_of(self, ordinal: int) -> str:
        """Return the full DNS name of an ordinal, without the trailing dot."""
        return f"{self.name_of(ordinal)}.{self.subdomain}"

    def own_ordinal_of(self, hostname: str) -> int | None:
        """Return the ordinal of a full hostname of our StatefulSet; None for other names."""
        subdomain = hostname.partition(".")[2]
        return self._ordinal_in(hostname, self.statefulset) if subdomain == self.subdomain else None

    def ordinal_of(self, hostname: str) -> int | None:
        """Return the same; a name of the adopted set means our pod of the same ordinal."""
        if self.adopted and hostnames.owner(hostname) == self.adopted:
            return self._ordinal_in(hostname, self.adopted.partition(".")[0])
        return self.own_ordinal_of(hostname)

    def form_of(self, hostname: str) -> int | None:
        """Return the ordinal for a full or short hostname, or one in an outside domain; else None.

        This is only a hint: a pod of another namespace may have the same short name.
        """
        ordinal = self._ordinal_in(hostname, self.statefulset)
        if ordinal is None:
            return None
        full = self.hostname_of(ordinal)
        return ordinal if hostname == full or hostnames.other_form(hostname, full) else None

    def meant_by(self, hostname: str) -> int | None:
        """Return the ordinal of our pod in which to look for a node of this hostname; else None."""
        ordinal = self.ordinal_of(hostname)
        return self.form_of(hostname) if ordinal is None else ordinal

    @staticmethod
    def _ordinal_in(hostname: str, statefulset: str) -> int | None:
        """Return the ordinal of a pod of this StatefulSet, whatever follows the pod's name."""
        name = hostname.partition(".")[0]
        stem, _, digits = name.rpartition("-")
        if stem != statefulset or not digits.isdecimal() or str(int(digits)) != digits:
            return None
        return int(digits)

    @property
    def name(self) -> str:
        """The name of our own pod."""
        return self.name_of(self.ordinal)

    @property
    def wishing(self) -> bool:
        """Whether a number of shards is stated, by a variable or by a file."""
        return self.wish is not None or bool(self.wish_file)

    @property
    def seed(self) -> bool:
        """Whether our pod is the one that may form the cluster."""
        return self.ordinal == self.ordinal_start

    @property
    def shards(self) -> int:
        """Shards at first formation if no number is wished; 0 without a size."""
        return (self.size or 0) // (1 + self.replicas_per_shard)

    @property
    def ordinals(self) -> range:
        """Ordinals at first formation, primaries first; empty without a size."""
        return range(self.ordinal_start, self.ordinal_start + (self.size or 0))
