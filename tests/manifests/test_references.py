"""What one object says of another is true: no schema looks at that."""

from __future__ import annotations

from collections.abc import Iterator

from tests.manifests import render
from tests.manifests.render import Build, Object


def test_volumes_that_are_mounted_are_there(every: Build) -> None:
    claims = every.statefulset["spec"].get("volumeClaimTemplates", [])
    there = [one["name"] for one in every.pod.get("volumes", [])]
    there += [one["metadata"]["name"] for one in claims]
    used = {
        mount["name"]
        for one in render.containers(every.pod)
        for mount in one.get("volumeMounts", [])
    }
    assert len(there) == len(set(there))
    assert used == set(there)


def test_config_maps_and_secrets_are_there(every: Build) -> None:
    for volume in every.pod.get("volumes", []):
        if "configMap" in volume:
            every.called("ConfigMap", volume["configMap"]["name"])
        if "secret" in volume:
            assert volume["secret"]["secretName"] in set(_secrets(every))


def test_the_headless_service_names_pods_before_they_are_ready(every: Build) -> None:
    service = every.called("Service", every.statefulset["spec"]["serviceName"])["spec"]
    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"] is True


def test_services_lead_to_ports_of_the_pods(every: Build) -> None:
    there: dict[object, int] = {}
    for one in render.containers(every.pod):
        for port in one.get("ports", []):
            there[port["name"]] = there[port["containerPort"]] = port["containerPort"]
    for service in every.of("Service"):
        for port in service["spec"]["ports"]:
            assert port.get("targetPort", port["port"]) in there, service["metadata"]["name"]


def test_names_of_ports_belong_to_ordinary_containers(every: Build) -> None:
    # Not everybody looks for them among the init containers, where a native sidecar is.
    named = {port["name"] for one in every.pod["containers"] for port in one.get("ports", [])}
    for service in every.of("Service"):
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            assert isinstance(target, int) or target in named


def test_selectors_mean_these_pods(every: Build) -> None:
    labels = every.template["metadata"]["labels"]
    selectors = list(_selectors(every))
    assert selectors
    for what, selector in selectors:
        assert selector, f"{what} means everything"
        assert selector.items() <= labels.items(), what


def test_replicas_are_kept_apart_where_it_is_ours_to_say(every: Build) -> None:
    if every.name == str(render.THIRD_PARTY):
        return
    keys = [one["topologyKey"] for one in every.pod["topologySpreadConstraints"]]
    assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]


def _selectors(every: Build) -> Iterator[tuple[str, Object]]:
    yield "StatefulSet", every.statefulset["spec"]["selector"]["matchLabels"]
    for one in every.of("Service"):
        yield f"Service {one['metadata']['name']}", one["spec"]["selector"]
    for one in every.of("PodDisruptionBudget"):
        yield "PodDisruptionBudget", one["spec"]["selector"]["matchLabels"]
    for one in every.of("NetworkPolicy"):
        yield "NetworkPolicy", one["spec"]["podSelector"]["matchLabels"]
    for one in every.pod.get("topologySpreadConstraints", []):
        yield one["topologyKey"], one["labelSelector"]["matchLabels"]


def _secrets(every: Build) -> Iterator[str]:
    for one in every.of("Secret"):
        yield one["metadata"]["name"]
    for one in every.of("Certificate"):
        yield one["spec"]["secretName"]
