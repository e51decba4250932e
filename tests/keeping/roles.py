"""Who is what in a formed set, by the nodes' own words, and what the tests do with it."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from typing import Final

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import oracle, sets, views
from tests.statefulset import pod as pods

MARK: Final = "/handover"
NAME: Final = "cluster-announce-human-nodename"
SHORT: Final = {"BOOTSTRAP_HANDOVER_TIMEOUT": "4s", "BOOTSTRAP_INTERVAL": "500ms"}
"""A mark is nobody's after 4 s on a primary; on a replica it stays for a minute all the same."""


def wait_formed(app: sets.LocalStatefulSet, replicas_per_shard: int = 1) -> None:
    """Wait until the cluster is healthy, and every sidecar content."""
    with forming.told(app):
        wait_healthy(app, replicas_per_shard)
        forming.wait_ready(app.pods)


def wait_healthy(app: sets.LocalStatefulSet, replicas_per_shard: int = 1) -> None:
    """Wait until every node sees one healthy cluster."""
    forming.until(
        lambda: not oracle.problems(app.pods, replicas_per_shard=replicas_per_shard),
        lambda: oracle.problems(app.pods, replicas_per_shard=replicas_per_shard),
    )


def view(pod: pods.Pod) -> views.View:
    """What a pod's node says; it has to answer."""
    seen = views.read(pod)
    assert isinstance(seen, views.View), seen
    return seen


def primary_id(pod: pods.Pod) -> str | None:
    """The id of a replica's primary; None for a primary. By its own word."""
    seen = view(pod)
    mine = seen.line(seen.node_id)
    assert mine is not None
    return mine.primary


def primaries(app: sets.LocalStatefulSet) -> list[pods.Pod]:
    """Who says that it is a primary, by ordinal."""
    return [pod for pod in app.pods if primary_id(pod) is None]


def replicas(app: sets.LocalStatefulSet, primary: pods.Pod) -> list[pods.Pod]:
    """Who says that it follows this primary, by ordinal."""
    node_id = primary.node_id()
    return [pod for pod in app.pods if primary_id(pod) == node_id]


def human_name(pod: pods.Pod) -> str:
    """The node's human name; empty where the server has none."""
    with pod.client() as client:
        return str(dict(client.config_get(NAME)).get(NAME, ""))


def marked(some: Sequence[pods.Pod]) -> list[str]:
    """The names of those whose node bears the mark of a hand-over."""
    return [pod.name for pod in some if human_name(pod).endswith(MARK)]


def wait_unmarked(app: sets.LocalStatefulSet) -> None:
    """Wait until the sidecars have taken back the marks that primaries were left with."""
    forming.until(lambda: not marked(primaries(app)), lambda: marked(app.pods))


def unmark(some: Sequence[pods.Pod]) -> None:
    """Take back the marks of these pods, as if their minute was over."""
    for one in some:
        name = human_name(one)
        if name.endswith(MARK):
            one.ask("CONFIG", "SET", NAME, name.removesuffix(MARK))


def hand_over(pod: pods.Pod, token: str | None = None, method: str = "GET") -> tuple[int, str]:
    """Ask the pod's sidecar as the kubelet does; status and text."""
    connection = http.client.HTTPConnection(pod.address, 8080, timeout=60)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        connection.request(method, "/handover", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def beside(pod: pods.Pod, *args: str) -> tuple[int, str]:
    """Run a subcommand in a pod whose own sidecar stays the last one; exit status and output."""
    other = pod.start_sidecar(args)
    pod.sidecars.insert(0, pod.sidecars.pop())
    return other.wait(forming.LONG), other.output()


def count(pod: pods.Pod, name: str, **labels: str) -> float:
    """The value of a metric with these labels; 0 when there is none."""
    wanted = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    for line in pod.http("/metrics")[1].splitlines():
        if line.startswith(f"{name}{{{wanted}}} "):
            return float(line.rpartition(" ")[2])
    return 0.0


def failovers(one: pods.Pod) -> float:
    """How often its sidecar has sent CLUSTER FAILOVER."""
    return count(one, "bootstrap_actions_total", kind="failover", result="ok")


def next_primary(app: sets.LocalStatefulSet) -> tuple[pods.Pod, pods.Pod]:
    """A primary, and its only replica; another shard's than last time, if there is one."""
    some = primaries(app)
    fresh = [one for one in some if not marked([one, *replicas(app, one)])]
    primary = (fresh or some)[0]
    (replica,) = replicas(app, primary)
    unmark([primary, replica])
    return primary, replica


def assert_turned(app: sets.LocalStatefulSet, primary: pods.Pod, replica: pods.Pod) -> None:
    """They have changed roles, on every node, and nothing is lost."""
    assert primary_id(replica) is None
    assert primary_id(primary) == replica.node_id()
    wait_healthy(app)
    assert keeping.missing_keys(app) == []
