"""What all pods of a local StatefulSet have in common, as its manifest would say it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias

from tests.statefulset import config, users

Environment: TypeAlias = Mapping[str, str | None]
"""Environment variables to set; None takes one away."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The StatefulSet, its headless service, and what its pods' templates say."""

    name: str
    service: str
    namespace: str
    domain: str
    size: int
    replicas_per_shard: int
    ordinal_start: int
    port: int
    nameserver: str
    """The name server's `address:port`."""
    server_config: config.Settings
    sidecar_env: Environment
    tls: config.TlsOf | None
    """The certificate of the pod of a name; None where nobody speaks TLS."""

    @property
    def login(self) -> Mapping[str, str]:
        """The words of redis-py's clients for a user who may do everything."""
        return users.login(self.server_config)

    @property
    def follower(self) -> str:
        """As whom replicas log in to their primaries."""
        return users.follower(self.server_config)

    def pod_name(self, ordinal: int) -> str:
        """Return the name of the pod with this ordinal."""
        return f"{self.name}-{ordinal}"

    def fqdn(self, ordinal: int) -> str:
        """Return the pod's absolute DNS name, without the trailing dot."""
        return f"{self.pod_name(ordinal)}.{self.service}.{self.namespace}.svc.{self.domain}"
