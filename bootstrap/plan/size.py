"""The seed refuses to form if `BOOTSTRAP_SIZE` is missing, or too small for a cluster.

Only forming needs a size: a pod runs, joins and heals without one. A size that is too small comes
with scaling in, if manifests take it from `.spec.replicas`, and must not stop a running cluster. So
the size is judged only here.
"""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.snapshot import Pod, Scope
from bootstrap.model.todo import Todo, todos
from bootstrap.model.topology import LEAST_SHARDS
from bootstrap.model.wish import Wish
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Block, Phase, Plan


def refusal(facts: Facts) -> Plan:
    """Refuse to form without a valid size."""
    seen = facts.topology.size_refused
    block = _missing(facts) if seen is None else _too_small(facts, seen)
    return Plan(phase=Phase.BLOCKED, look=Scope.ALL, blocked=(block,))


def hindrance(facts: Facts) -> tuple[str, tuple[Todo, ...]]:
    """Return why the seed may not form, and what helps; empty if our pod has a valid size.

    If our pod has none, the seed probably has none either, since all pods share the variable.
    """
    if facts.topology.size is not None:
        return "", ()
    (refused,) = refusal(facts).blocked
    return f"; {refused.why}", todos(refused.fix)


def _missing(facts: Facts) -> Block:
    return Block(
        code=Code.SIZE_MISSING,
        why="BOOTSTRAP_SIZE: expected the number of pods that form the cluster, saw none,"
        " and there is no cluster yet",
        fix=_set(facts, "set BOOTSTRAP_SIZE to .spec.replicas"),
    )


def _too_small(facts: Facts, seen: int) -> Block:
    replicas = facts.topology.replicas_per_shard
    of_shard = 1 + replicas
    each = f"a primary and {slots.many(replicas, 'replica')} each"
    lower = "raise it together with .spec.replicas, or lower BOOTSTRAP_REPLICAS_PER_SHARD"
    shards = seen // of_shard
    if shards < 1:
        expected, fix = f"at least {of_shard}, one shard of {each}", lower
    else:
        expected = (
            f"at least {LEAST_SHARDS * of_shard}, {LEAST_SHARDS} shards of {each} (with fewer, no"
            " majority is left to replace a lost primary)"
        )
        fix = f"{lower}, or set BOOTSTRAP_ALLOW_FEWER_SHARDS=true"
    there = len(_found(facts))
    if there >= LEAST_SHARDS * of_shard:
        fix = f"set BOOTSTRAP_SIZE={there}, the number of pods that were found; or else {fix}"
    makes = slots.many(shards, "shard") if shards else "no shard"
    return Block(
        code=Code.SIZE_TOO_SMALL,
        why=f"BOOTSTRAP_SIZE: expected {expected}, saw {seen}, which makes {makes},"
        " and there is no cluster yet",
        fix=_set(facts, fix),
    )


def short(facts: Facts, wish: Wish) -> Block | None:
    """Refuse to form more shards than the pods of first formation make; None if they do."""
    topology = facts.topology
    needed = (wish.shards or 0) * (1 + topology.replicas_per_shard)
    if topology.size is None or needed <= topology.size:
        return None
    replicas = slots.many(topology.replicas_per_shard, "replica")
    return Block(
        code=Code.SIZE_TOO_SMALL,
        why=f"BOOTSTRAP_SIZE: expected at least {needed}, {slots.many(wish.shards or 0, 'shard')}"
        f" as wished, of a primary and {replicas} each; saw {topology.size}, and there is no"
        " cluster yet",
        fix=_set(facts, "raise BOOTSTRAP_SIZE together with .spec.replicas, or wish for fewer"),
    )


def _set(facts: Facts, what: str) -> tuple[Todo, ...]:
    """Say how many pods there are, and where the size is set."""
    topology = facts.topology
    name, said = topology.statefulset, topology.size_refused or topology.size
    found = _found(facts)
    many = f"{slots.many(len(found), 'pod')} {'was' if len(found) == 1 else 'were'} found"
    return (
        Todo(
            what=f"{many}, BOOTSTRAP_SIZE {f'says {said}' if said else 'is not set'}. How many pods"
            " are there to be?",
            command=commands.get(topology, f"statefulset {name}", "-o jsonpath='{.spec.replicas}'"),
            expect="BOOTSTRAP_SIZE is to be this number",
        ),
        Todo(
            what=what,
            command=f"kubectl edit statefulset{commands.namespace(topology)} {name}",
            expect="under env of the container bootstrap",
        ),
        Todo(
            what="then delete the pods: no pod is ready before the cluster is formed, so a rolling"
            " update does not get beyond the first pod that it replaces",
            command=f"kubectl delete pod{commands.namespace(topology)}"
            f" {' '.join(pod.name for pod in found)}",
            expect="expected: the pods come back with the new size, and the seed forms the cluster",
            destructive=any(pod.view.keys for pod in found if pod.view),  # they may be on no volume
        ),
    )


def _found(facts: Facts) -> list[Pod]:
    """Return the pods that answer, or that DNS names."""
    return [pod for pod in facts.snapshot.pods if pod.view or pod.resolved.state == "found"]
