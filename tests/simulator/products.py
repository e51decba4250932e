"""The servers that are imitated: which settings each knows, with their defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

_OLD: Final = {
    "bind": "",
    "protected-mode": "no",
    "cluster-allow-replica-migration": "yes",
    "cluster-announce-bus-port": "0",
    "cluster-announce-ip": "",
    "cluster-announce-port": "0",
    "cluster-announce-tls-port": "0",
    "cluster-node-timeout": "15000",
    "repl-diskless-load": "disabled",
    "repl-diskless-sync-delay": "5",
}
_NAMED: Final = {
    **_OLD,
    "cluster-announce-hostname": "",
    "cluster-port": "0",
    "repl-diskless-sync-max-replicas": "0",
}
_PACED: Final = {
    **_NAMED,
    "cluster-announce-human-nodename": "",
    "cluster-ping-interval": "0",
}
_ZONED: Final = {**_PACED, "availability-zone": ""}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One server version."""

    name: str
    version: str
    settings: Mapping[str, str]
    kind: Literal["redis", "valkey"] = "redis"
    diskless: bool = True
    """Waits for company before a sync."""

    @property
    def names(self) -> bool:
        """Whether nodes tell each other their hostnames."""
        return "cluster-announce-hostname" in self.settings

    @property
    def spreads_forget(self) -> bool:
        """Whether a CLUSTER FORGET is passed on to all others, since 7.2."""
        return "cluster-announce-human-nodename" in self.settings

    @property
    def repoints(self) -> bool:
        """Whether replication follows a primary that gossip says has moved."""
        return self.kind == "valkey"


PRODUCTS: Final = {
    product.name: product
    for product in (
        Product(name="redis-6.2", version="6.2.5", settings=_OLD, diskless=False),
        Product(name="redis-7.0", version="7.0.15", settings=_NAMED),
        Product(name="redis-8.2", version="8.2.3", settings=_PACED),
        Product(name="redis-8.10", version="8.10.2", settings=_PACED),
        Product(name="valkey-8.1", version="8.1.8", settings=_ZONED, kind="valkey"),
        Product(name="valkey-9.1", version="9.1.2", settings=_ZONED, kind="valkey"),
    )
}
