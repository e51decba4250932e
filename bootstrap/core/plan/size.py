"""Refusals of the seed for want of a number of pods that a cluster can be formed with.

Nobody needs one to run, to join or to heal. So a size that is too small is judged only here: it
comes with scaling in, where manifests take the size from `.spec.replicas`.
"""

from __future__ import annotations

from bootstrap.core.model import Scope
from bootstrap.core.plan.outcome import Block, Phase, Plan
from bootstrap.core.topology import LEAST_SHARDS, Topology

#: For these the process ends as for any other fault of the configuration.
CODES = frozenset({"size-missing", "size-too-small"})


def refusal(topology: Topology) -> Plan:
    """Why nothing is formed without a size."""
    seen = topology.size_refused
    block = _missing() if seen is None else _too_small(topology, seen)
    return Plan(phase=Phase.BLOCKED, look=Scope.ALL, blocked=(block,))


def _missing() -> Block:
    return Block(
        code="size-missing",
        why="BOOTSTRAP_SIZE: expected the number of pods that form the cluster, saw none,"
        " and there is no cluster yet",
        fix="set BOOTSTRAP_SIZE to .spec.replicas of the StatefulSet",
    )


def _too_small(topology: Topology, seen: int) -> Block:
    replicas = topology.replicas_per_shard
    of_shard = 1 + replicas
    each = f"a primary and {replicas} replica{'' if replicas == 1 else 's'} each"
    lower = "raise it together with the StatefulSet's replicas, lower BOOTSTRAP_REPLICAS_PER_SHARD"
    shards = seen // of_shard
    if shards < 1:
        expected, fix = f"at least {of_shard}, one shard of {each}", lower
    else:
        expected = (
            f"at least {LEAST_SHARDS * of_shard}, {LEAST_SHARDS} shards of {each} (with fewer, no"
            " majority is left to replace a lost primary)"
        )
        fix = f"{lower}, or set BOOTSTRAP_ALLOW_FEWER_SHARDS=true"
    return Block(
        code="size-too-small",
        why=f"BOOTSTRAP_SIZE: expected {expected}, saw {seen}, which makes {shards or 'none'},"
        " and there is no cluster yet",
        fix=fix,
    )
