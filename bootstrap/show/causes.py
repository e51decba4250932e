"""The root cause of trouble: to mend it mends the rest.

The rules are in the order of causes. What a person must decide comes first. Then follow our own
server, without which nothing is seen; DNS, without which no other pod is found; pods that are down,
for which others wait; and last the waits and steps themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bootstrap.model import slots
from bootstrap.plan.alarms import replication_refused
from bootstrap.plan.messages import dns_names, durations
from bootstrap.plan.verdict import Phase, Wait
from bootstrap.show import missed, sidecars
from bootstrap.show.cause import Cause, Situation, Verdict
from bootstrap.show.shards import Cluster

ACTS: Final = frozenset(
    {"dns", "pod-down", "scaled-away", "disputed-slots", "unserved", "node-trouble", "outside"}
)
"""Further codes, besides those of refusals and alarms, with which a headline may say ACT."""


def root(situation: Situation) -> Cause | None:
    """Return the root cause; None if all is well."""
    found = next((found for rule in _RULES if (found := rule(situation)) is not None), None)
    if found is None or found.verdict is Verdict.WAIT:
        return sidecars.to_act(situation) or found
    return found


def _refused(situation: Situation) -> Cause | None:
    for block in situation.plan.blocked:
        return Cause(
            verdict=Verdict.ACT, code=block.code, pod=situation.facts.topology.name, what=block.why
        )
    return None


def _alarmed(situation: Situation) -> Cause | None:
    for alarm in sorted(situation.plan.alarms, key=lambda one: one.serves):
        return Cause(verdict=Verdict.ACT, code=alarm.code, pod=alarm.pod, what=alarm.why)
    return None


def _own_server(situation: Situation) -> Cause | None:
    if situation.facts.me.view is not None or not situation.plan.waiting:
        return None
    wait = situation.plan.waiting[0]
    return _of_wait(situation, wait, (wait.pod,))


def _dns(situation: Situation) -> Cause | None:
    """Names for which DNS gives no answer; NXDOMAIN is an answer."""
    what = dns_names.failing(situation.facts)
    if not what:
        return None
    fix = dns_names.dns_fix(situation.facts.topology)
    return Cause(verdict=Verdict.ACT, code="dns", pod="", what=what, fix=fix)


def _waiting(situation: Situation) -> Cause | None:
    """What the plan waits for; a missing pod comes before what waits for it."""
    if not situation.plan.waiting:
        return None
    groups = folded(situation.plan.waiting)
    rooted = [(wait, pods) for wait, pods in groups if wait.shared[1]]
    causes = [(_of_wait(situation, wait, pods), len(pods)) for wait, pods in rooted or groups]
    found, many = min(causes, key=lambda one: one[0].verdict is not Verdict.ACT)
    return sidecars.behind(situation, found) if many == 1 else found


def folded(waits: tuple[Wait, ...]) -> list[tuple[Wait, tuple[str, ...]]]:
    """Return waits for the same thing as one: the first of them, with the pods of all."""
    groups: dict[object, list[Wait]] = {}
    for wait in waits:
        groups.setdefault(wait.shared if wait.shared[1] else wait, []).append(wait)
    return [(some[0], tuple(wait.pod for wait in some)) for some in groups.values()]


def _of_wait(situation: Situation, wait: Wait, pods: tuple[str, ...]) -> Cause:
    facts = situation.facts
    view = facts.me.view
    # Before a cluster is formed, the age of our own server is the time that the others had.
    late = not situation.effect.formed and view is not None and view.uptime > durations.LATE
    if situation.effect.formed and wait.usual:
        late = facts.snapshot.timers.unwell > 2 * wait.usual
    act = not wait.passes and (late or (bool(wait.fix) and not wait.usual))
    return Cause(
        verdict=Verdict.ACT if act else Verdict.WAIT,
        code="waiting",
        pod=wait.pod,
        what=told(wait, pods, facts.snapshot.names),
        usual=0.0 if act else wait.usual,
    )


def told(wait: Wait, pods: tuple[str, ...], every: tuple[str, ...]) -> str:
    """Return the text of a wait for `pods`, of `every` pod that was looked at."""
    if len(pods) == 1:
        return f"waiting for {wait.text}"
    noun, what = wait.shared
    others = [name for name in every if name not in pods]
    which = f"all but {others[0]}" if len(others) == 1 else slots.few(pods)
    those = f" ({which})" if others else ""
    return f"{len(pods)} of {len(every)} {noun}{those}: {what}"


_DOING: Final = {
    Phase.FORM: ("the cluster is being formed", durations.FORMED),
    Phase.JOIN: ("{pod} joins the cluster", durations.COPIED),
    Phase.HEAL: ("{pod} is being mended", durations.LOOK),
    Phase.RESHARD: ("the shards are being changed", durations.GOSSIP),
}


def _doing(situation: Situation) -> Cause | None:
    if situation.plan.reached:
        return None
    pod = situation.facts.topology.name
    what, seconds = _DOING.get(situation.plan.phase, ("{pod} has something to do", durations.LOOK))
    until = situation.plan.steps[0].until if situation.plan.steps else ""
    what = f"{what}, until {until}" if until else what
    return Cause(
        verdict=Verdict.WAIT,
        code=situation.plan.phase.value,
        pod=pod,
        what=what.format(pod=pod),
        usual=seconds,
    )


def _unserved(situation: Situation) -> Cause | None:
    """Clients lack something, though our own node waits for nothing: the last rule for that."""
    if not situation.effect.harms:
        return None
    lost = situation.effect.unserved
    what = f"no node that answers serves {slots.named(lost)}" if lost else "all nodes say fail"
    return Cause(verdict=Verdict.ACT, code="unserved", pod="", what=what)


def _unwell(situation: Situation) -> Cause | None:
    """Trouble that only the shards show, while our own node lacks nothing."""
    cluster = situation.cluster
    if cluster is None:
        return None
    if cluster.disputed:
        what = f"several nodes claim {slots.named(cluster.disputed)}"
        return Cause(verdict=Verdict.ACT, code="disputed-slots", pod="", what=what)
    rows = [row for shard in cluster.shards for row in shard.rows]
    for row in rows:
        if row.trouble:
            what = f"{row.pod}: {row.trouble}"
            return Cause(verdict=Verdict.ACT, code="node-trouble", pod=row.pod, what=what)
    for row in rows:
        if row.link == "down":
            return _without_link(situation, row.pod, cluster)
    for row in rows:
        if row.state != "ok":
            what = f"{row.pod} says cluster_state:fail"
            return Cause(
                verdict=Verdict.WAIT, code="state", pod=row.pod, what=what, usual=durations.REJOINED
            )
    for pod, why in cluster.outside:
        what = f"{pod} is in no shard: {why}"
        new = why in ("new", "in no shard")
        return Cause(
            verdict=Verdict.WAIT if new else Verdict.ACT,
            code="outside",
            pod=pod,
            what=what,
            usual=durations.FORMED if new else 0.0,
        )
    return _seat_on_hold(cluster)


def _seat_on_hold(cluster: Cluster) -> Cause | None:
    """An empty primary, while it is wished that no slot moves: else the plan says what moves."""
    for shard in cluster.shards:
        if shard.waits:
            pod = shard.rows[0].pod
            what = f"{pod} waits for slots, and hold is stated: state a number of shards to go on"
            return Cause(verdict=Verdict.ACT, code="waiting", pod=pod, what=what)
    return None


def _without_link(situation: Situation, pod: str, cluster: Cluster) -> Cause:
    """Replicas without a link: they copy, or they cannot. Only the sidecar of each knows which."""
    down = [
        f"{row.pod} has no link to its primary {shard.rows[0].pod} at {shard.rows[0].address}"
        for shard in cluster.shards
        for row in shard.rows
        if row.link == "down"
    ]
    return Cause(
        verdict=Verdict.WAIT,
        code="sync",
        pod=pod,
        what=f"{'; '.join(down)}, or copies its data",
        usual=durations.COPIED,
        fix=replication_refused.ask_its_sidecar(situation.facts, pod),
    )


_RULES: Final[tuple[Callable[[Situation], Cause | None], ...]] = (
    _refused,
    _alarmed,
    _own_server,
    _dns,
    missed.missed,
    _waiting,
    _doing,
    _unserved,
    _unwell,
)
