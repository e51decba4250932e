"""How long a blank pod waits for the seed to find all pods and form, before it looks around.

An expected pod looks at nothing for 3 s, then only at the seed. It waits for a blank seed however
long. If the seed does not answer for 10 s, is in a cluster, or holds keys, the pod looks at all
pods. A pod beyond `BOOTSTRAP_SIZE` does not wait, since no seed waits for it.
"""

from __future__ import annotations

from bootstrap.model.snapshot import Scope
from bootstrap.model.todo import Todo
from bootstrap.plan import size
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, durations, unread
from bootstrap.plan.verdict import LookFurther, Phase, Plan, Wait

SEED_SECONDS = 3.0
"""Seconds for which an expected pod asks for no other pod, so DNS caches are not asked either.

That is several times what forming takes.
"""
SEED_LOST_SECONDS = 10.0
"""Seconds after which a pod stops waiting for a seed that does not answer."""


def needs(facts: Facts) -> LookFurther | None:
    """Ask for a look at the seed, once the seed has had its time."""
    late = facts.snapshot.timers.idle >= SEED_SECONDS
    if _expected(facts) and late and facts.snapshot.scope < Scope.SEED:
        return LookFurther(scope=Scope.SEED, why="a look at the seed")
    return None


def _expected(facts: Facts) -> bool:
    """Whether our pod is, or may be, one of those that the seed waits for."""
    topology = facts.topology
    return topology.size is None or topology.ordinal in topology.ordinals


def wait_for_seed(facts: Facts) -> Plan | None:
    """Wait for the seed; None if our pod should look at all pods instead."""
    topology, idle = facts.topology, facts.snapshot.timers.idle
    seed_name = topology.name_of(topology.ordinal_start)
    if not _expected(facts):
        return None
    if idle < SEED_SECONDS:
        wait = Wait(pod=seed_name, what=f"{seed_name} to form the cluster", usual=durations.FORMED)
        return Plan(phase=Phase.WAITING, waiting=(wait,))
    seed = facts.snapshot.pod(seed_name)
    if seed is not None and seed.view is not None:
        if not seed.view.alone or seed.view.keys:
            return None  # the seed is in a cluster, or it has data and will never form one
        # However long: the seed may wait minutes for a late pod. If all pods looked for it, they
        # would be in the seed's way.
        what = f"{seed_name}, which is up and knows no other node yet, to form the cluster"
        wait = wait_for_forming(facts, what, advice.sidecar(topology, seed_name))
        return Plan(phase=Phase.WAITING, waiting=(wait,), look=Scope.SEED)
    if idle >= SEED_LOST_SECONDS:
        return None
    missing = seed and unread.missing(facts, seed)
    wait = missing or Wait(pod=seed_name, what=f"{seed_name} to appear", usual=durations.STARTED)
    return Plan(phase=Phase.WAITING, waiting=(wait,), look=Scope.SEED)


def wait_for_forming(facts: Facts, what: str, fix: tuple[Todo, ...]) -> Wait:
    """Return the wait for the seed to form; a refused or missing size of ours is named as well.

    The seed probably has the same size, since all pods share the variable.
    """
    topology = facts.topology
    why, mend = size.hindrance(facts)
    return Wait(
        pod=topology.name_of(topology.ordinal_start),
        what=f"{what}{why}",
        fix=(*mend, *fix),
        usual=durations.FORMED if topology.size_refused is None else 0.0,
    )
