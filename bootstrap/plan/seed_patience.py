"""For how long a blank pod leaves it to the seed to find all pods, and to form."""

from __future__ import annotations

from bootstrap.model.snapshot import Scope
from bootstrap.model.todo import Todo
from bootstrap.plan import size
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, durations
from bootstrap.plan.verdict import LookFurther, Phase, Plan, Wait

#: How long an expected pod leaves it to the seed to introduce it, before it looks around itself,
#: in seconds: several times what forming takes, and DNS caches are not asked meanwhile.
SEED_SECONDS = 3.0
#: When a pod stops waiting for a seed that does not answer, in seconds.
SEED_LOST_SECONDS = 10.0


def needs(facts: Facts) -> LookFurther | None:
    """The seed, once it has had its time."""
    late = facts.snapshot.timers.idle >= SEED_SECONDS
    if _expected(facts) and late and facts.snapshot.scope < Scope.SEED:
        return LookFurther(scope=Scope.SEED, why="a look at the seed")
    return None


def _expected(facts: Facts) -> bool:
    """Whether the seed waits for our pod, or may: it is not a later one."""
    topology = facts.topology
    return topology.size is None or topology.ordinal in topology.ordinals


def with_seed(facts: Facts) -> Plan | None:
    """Expected pods leave the first move to the seed, and ask for its name alone."""
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
            return None  # it is in a cluster; or it has data, and will never form one
        # However long: a pod may be late by minutes, and many that look for it are in the way.
        what = f"{seed_name}, which is up and knows no other node yet, to form the cluster"
        wait = forming(facts, what, advice.sidecar(topology, seed_name))
        return Plan(phase=Phase.WAITING, waiting=(wait,), look=Scope.SEED)
    if idle >= SEED_LOST_SECONDS:
        return None
    missing = seed and advice.missing(facts, seed)
    wait = missing or Wait(pod=seed_name, what=f"{seed_name} to appear", usual=durations.STARTED)
    return Plan(phase=Phase.WAITING, waiting=(wait,), look=Scope.SEED)


def forming(facts: Facts, what: str, fix: tuple[Todo, ...]) -> Wait:
    """The wait for the seed to form, with what keeps it from that where our size tells."""
    topology = facts.topology
    why, mend = size.hindrance(facts)
    return Wait(
        pod=topology.name_of(topology.ordinal_start),
        what=f"{what}{why}",
        fix=(*mend, *fix),
        usual=durations.FORMED if topology.size_refused is None else 0.0,
    )
