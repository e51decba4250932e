"""The smallest cluster, of one pod, for tests of one sidecar's process."""

from __future__ import annotations

from typing import Final

from tests.statefulset import needs, sets
from tests.statefulset import spec as specs

OFTEN: Final = {"BOOTSTRAP_INTERVAL": "200ms"}
"""So that what changes is soon seen."""


def one_pod(size: int = 1, **env: str | None) -> sets.LocalStatefulSet:
    """A set whose only pod is a whole cluster, or waits for the rest of a bigger one."""
    extra: specs.Environment = {**OFTEN, "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true", **env}
    replicas = 0 if size == 1 else 1
    return sets.LocalStatefulSet(
        size, needs.any_server(), replicas_per_shard=replicas, sidecar_env=extra
    )
