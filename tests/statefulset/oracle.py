"""Judge a cluster by the nodes' own words, and tell everything that is wrong with it."""

from __future__ import annotations

import collections
import functools
import itertools
import os
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from tests.statefulset import pod as pods
from tests.statefulset import process, servers, views

BAD_FLAGS: Final = frozenset({"handshake", "fail", "fail?", "noaddr"})
TEMPORARY: Final = (
    "cluster-ping-interval",
    "cluster-node-timeout",
    "repl-diskless-load",
    "repl-diskless-sync-delay",
    "repl-diskless-sync-max-replicas",
)
"""Settings that forming a cluster may change for a while."""

Views = Sequence[views.View]

_TURNS: Final = 10
"""In every tenth turn of a wait everybody is asked: one pod's trouble may be another's."""


class UnhealthyError(AssertionError):
    """The cluster did not become healthy in time; the message lists what is wrong."""


def problems(pods: Sequence[pods.Pod], *, replicas_per_shard: int | None = None) -> list[str]:
    """Return everything that keeps these pods from being one healthy cluster; empty if none.

    With `replicas_per_shard` every primary must own slots and have at least so many replicas.
    """
    return _told({pod.name: views.read(pod) for pod in pods}, replicas_per_shard)


def _told(answers: Mapping[str, views.View | str], replicas_per_shard: int | None) -> list[str]:
    """What the answers of all pods come to; a string says why there was none."""
    found, seen = [], []
    for name, view in answers.items():
        if isinstance(view, str):
            found.append(f"{name}: cannot be asked: {view}")
        else:
            seen.append(view)
    return found + judge(seen, nodes=len(answers), replicas_per_shard=replicas_per_shard)


def judge(seen: Views, *, nodes: int, replicas_per_shard: int | None = None) -> list[str]:
    """Return what is wrong with the views that were had of a cluster of so many nodes."""
    found = [*_identities(seen, nodes)]
    for view in seen:
        found += [f"{view.pod}: {problem}" for problem in _membership(view, seen)]
        found += [f"{view.pod}: {problem}" for problem in _slots(view)]
        found += [f"{view.pod}: {problem}" for problem in _replication(view, seen)]
    found += _agreement(seen)
    if replicas_per_shard is not None:
        found += _replicas(seen, replicas_per_shard)
    return found


def wait_healthy(
    pods: Sequence[pods.Pod], timeout: float, *, replicas_per_shard: int | None = None
) -> float:
    """Wait until there are no problems; return the seconds it took, or UnhealthyError.

    While one pod has a problem the others are asked seldom: the servers need the processors.
    """
    start = time.monotonic()
    named = {pod.name: pod for pod in pods}
    answers: dict[str, views.View | str] = {}
    suspect = ""
    for turn in itertools.count():
        alone = suspect if turn % _TURNS else ""
        answers |= {name: views.read(named[name]) for name in ([alone] if alone else named)}
        found = _told(answers, replicas_per_shard)
        if not (found or alone):
            break
        names = [problem.partition(":")[0] for problem in found]
        suspect = alone if alone in names else "" if alone else next(_known(names, named), "")
        waited = time.monotonic() - start
        if waited > timeout:
            listed = "\n".join(found[:30])
            raise UnhealthyError(f"{len(found)} problems after {timeout:g} s:\n{listed}")
        time.sleep(min(0.1, 0.01 + waited / 100) if suspect else process.POLL)
    return time.monotonic() - start


def _known(names: Iterable[str], pods: Collection[str]) -> Iterator[str]:
    return (name for name in names if name in pods)


def redis_cli_check(pod: pods.Pod) -> tuple[bool, str]:
    """Run `redis-cli --cluster check` at the pod: whether it is content, and all it wrote.

    FileNotFoundError where there is no client. It never looks at replicas.
    """
    client = servers.find_redis_cli()
    if client is None:
        raise FileNotFoundError("no redis-cli here: run scripts/servers")
    words, secret = redis_cli_login(pod)
    done = subprocess.run(
        [client, *words, "--cluster", "check", f"{pod.address}:{pod.port}"],
        env=os.environ | secret,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0 and "[ERR]" not in done.stdout, done.stdout


def redis_cli_login(pod: pods.Pod) -> tuple[list[str], dict[str, str]]:
    """Return what redis-cli is told to be let in by a pod: words, and what its environment has."""
    login = pod.spec.login
    secret = {"REDISCLI_AUTH": login["password"]} if login else {}
    words = ["--user", login["username"]] if "username" in login else []
    if files := pod.tls:
        named = {"--cacert": files.ca, "--cert": files.cert, "--key": files.key}
        words += ["--tls", *(word for key, path in named.items() for word in (key, str(path)))]
    return words, secret


def temporary_settings(pods: Sequence[pods.Pod]) -> dict[str, Mapping[str, str]]:
    """Return, by pod, the values of the settings in TEMPORARY that its server knows."""
    return {pod.name: _settings(pod) for pod in pods}


def _settings(pod: pods.Pod) -> Mapping[str, str]:
    with pod.client() as client:
        # One by one: servers before 7.0 take one name only.
        answers = [dict(client.config_get(name)) for name in TEMPORARY]
    return {key: str(value) for answer in answers for key, value in answer.items()}


def _identities(seen: Views, nodes: int) -> Iterator[str]:
    owners = collections.defaultdict(list)
    for view in seen:
        owners[view.node_id].append(view.pod)
    for node_id, names in owners.items():
        if len(names) > 1:
            yield f"{', '.join(names)} have one node id, {node_id}"
    known = frozenset().union(*(view.ids for view in seen))
    if len(known) != nodes:
        yield f"{len(known)} nodes are known in all, not {nodes}"


def _membership(view: views.View, seen: Views) -> Iterator[str]:
    """Whether the node knows exactly the others, and each at its place."""
    if view.state != "ok":
        yield f"cluster_state:{view.state}"
    names = {other.node_id: other for other in seen}
    for node_id in sorted(names.keys() - view.ids):
        yield f"does not know {names[node_id].pod}"
    for line in view.lines:
        other = names.get(line.node_id)
        called = other.pod if other else f"the unknown node {line.node_id}"
        if other is None:
            yield f"knows {called}, which none of the pods is"
        if bad := line.flags & BAD_FLAGS:
            yield f"says {','.join(sorted(bad))} of {called}"
        mine = line.node_id == view.node_id
        dialled = view.dialled is None or mine or line.node_id in view.dialled
        if not (line.connected and dialled):
            yield f"is not connected to {called}"
        unaware = line.node_id == view.node_id and line.address.startswith(":")
        if other and not unaware and line.address != other.address:
            yield f"believes {called} at {line.address}, it is at {other.address}"


def _slots(view: views.View) -> Iterator[str]:
    lost, twice = _coverage(tuple(sorted(part for line in view.lines for part in line.slots)))
    if lost:
        yield f"{lost} slots have no owner"
    if twice:
        yield f"{twice} slots have two owners"
    if moving := [slot for line in view.lines for slot in line.moving]:
        yield f"slots are being moved: {' '.join(moving)}"


@functools.lru_cache(maxsize=64)  # In a healthy cluster every view says the same.
def _coverage(ranges: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """Count the slots that are in no range, and those in more than one."""
    counts = collections.Counter(slot for first, last in ranges for slot in range(first, last + 1))
    return views.SLOTS - len(counts), sum(count > 1 for count in counts.values())


def _replication(view: views.View, seen: Views) -> Iterator[str]:
    """Whether a replica really follows the primary that it names."""
    own = view.line(view.node_id)
    if own is None:
        yield "does not list itself"
    elif own.primary is None:
        if view.follows is not None:
            yield f"calls itself a primary, but replicates from {view.follows}"
    else:
        primary = next((other for other in seen if other.node_id == own.primary), None)
        if primary is None:
            yield f"follows {own.primary}, which none of the pods is"
        elif primary.follows is not None:
            yield f"follows {primary.pod}, which is a replica itself"
        elif view.follows != primary.address:
            yield f"replicates from {view.follows}, {primary.pod} is at {primary.address}"
        if view.link != "up":
            yield f"master_link_status:{view.link}"


def _agreement(seen: Views) -> Iterator[str]:
    """Whether all say the same of who owns which slots, and of who follows whom."""
    sayings = collections.defaultdict(list)
    for view in seen:
        saying = frozenset((line.node_id, line.primary, line.slots) for line in view.lines)
        sayings[saying].append(view.pod)
    if len(sayings) > 1:
        parties = " | ".join(", ".join(names) for names in sayings.values())
        yield f"views of slots and roles differ: {parties}"


def _replicas(seen: Views, wanted: int) -> Iterator[str]:
    lines = {view.pod: view.line(view.node_id) for view in seen}
    followers = collections.Counter(line.primary for line in lines.values() if line)
    for name, line in lines.items():
        if line and line.primary is None:
            if not line.slots:
                yield f"{name}: is a primary without slots"
            if followers[line.node_id] < wanted:
                yield f"{name}: has {followers[line.node_id]} replicas, not {wanted}"
