"""Who may reach the pods, how many may be away, and what the containers may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests import render
from tests.manifests.render import Build, Object

OURS = [folder for folder in render.folders() if folder != render.THIRD_PARTY]
ours = pytest.mark.parametrize("folder", OURS, ids=render.short)
# What the end-to-end tests put on top has no clients of its own.
shipped = pytest.mark.parametrize(
    "folder", [folder for folder in OURS if "e2e" not in folder.parts], ids=render.short
)
CLIENT = {"redis-client": "true"}
STRANGER = {"app": "other"}


def reached(build: Build, labels: Object, namespace: Object | None = None) -> set[int]:
    """The ports that a pod with these labels reaches; of another namespace, with labels too.

    Only what the policies use is known here: an unknown word would mean something else.
    """
    found = set()
    for policy in build.of("NetworkPolicy"):
        assert policy["spec"]["policyTypes"] == ["Ingress"]
        for rule in policy["spec"]["ingress"]:
            assert rule.keys() == {"from", "ports"}, "without `from` everybody is let in"
            if any(_matches(peer, labels, namespace) for peer in rule["from"]):
                found |= {port["port"] for port in rule["ports"]}
    return found


def _matches(peer: Object, labels: Object, namespace: Object | None) -> bool:
    assert peer.keys() <= {"podSelector", "namespaceSelector"}
    of_namespace = peer.get("namespaceSelector")
    if (of_namespace is None) != (namespace is None):
        return False
    if of_namespace and not of_namespace["matchLabels"].items() <= (namespace or {}).items():
        return False
    wanted = peer["podSelector"]["matchLabels"]
    assert wanted, "all pods would be let in"
    return bool(wanted.items() <= labels.items())


@shipped
def test_clients_reach_redis_and_nothing_else(folder: Path) -> None:
    build = render.build(folder)
    client, bus = (port["containerPort"] for port in build.redis["ports"])
    assert reached(build, CLIENT) == {client}
    assert reached(build, build.template["metadata"]["labels"]) == {client, bus}
    assert reached(build, STRANGER) == set()
    assert reached(build, CLIENT, {"kubernetes.io/metadata.name": "elsewhere"}) == set()


def test_prometheus_reaches_the_metrics() -> None:
    monitoring = {"kubernetes.io/metadata.name": "monitoring"}
    prometheus = {"app.kubernetes.io/name": "prometheus"}
    for folder in OURS:
        wanted = {8080} if folder.name == "prometheus" else set()
        assert reached(render.build(folder), prometheus, monitoring) == wanted
        assert reached(render.build(folder), prometheus) == set()


@ours
def test_one_pod_may_be_away(folder: Path) -> None:
    (budget,) = render.build(folder).of("PodDisruptionBudget")
    assert budget["spec"].keys() == {"maxUnavailable", "selector"}
    assert budget["spec"]["maxUnavailable"] == 1


def test_the_sidecar_writes_nothing(every: Build) -> None:
    assert every.sidecar["securityContext"]["readOnlyRootFilesystem"] is True
    assert all(one["readOnly"] for one in every.sidecar.get("volumeMounts", []))


def test_memory_is_bounded_and_processors_are_not(every: Build) -> None:
    limits = every.sidecar["resources"]["limits"]
    assert limits.keys() == {"memory"}, "probes of a throttled sidecar fail"
    assert {"cpu", "memory"} == every.sidecar["resources"]["requests"].keys()
