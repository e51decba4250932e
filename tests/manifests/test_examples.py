"""Each example keeps what it promises, and none asks for more than it says."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest
import yaml

from bootstrap.config import settings
from tests.manifests import environment, redis_conf, render
from tests.manifests.render import Build

EXAMPLES = render.MANIFESTS / "examples"
OF_NAMESPACE = {
    "Certificate",
    "ConfigMap",
    "Issuer",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "PrometheusRule",
    "Secret",
    "Service",
    "ServiceMonitor",
    "StatefulSet",
}
OF_CLUSTER = {"nfs-static": {"PersistentVolume"}, "nfs-storageclass": {"StorageClass"}}
NFS = ("nfs-static", "nfs-storageclass")


def example(name: str) -> Build:
    return render.build(EXAMPLES / name)


def test_nothing_needs_rights_beyond_the_namespace(every: Build) -> None:
    # No roles, no accounts; where volumes are made the example says who applies them.
    extra = OF_CLUSTER.get(Path(every.name).name, set())
    assert {one["kind"] for one in every.objects} - OF_NAMESPACE == extra
    for kind in extra:
        assert "an administrator of the cluster applies" in _top(Path(every.name).name), kind


def test_no_pod_speaks_to_the_api(every: Build) -> None:
    if every.name != str(render.THIRD_PARTY):
        assert every.pod["automountServiceAccountToken"] is False
        assert "serviceAccountName" not in every.pod
        assert every.pod["enableServiceLinks"] is False


def test_ready_waits_for_the_cluster_unless_pods_come_one_by_one(every: Build) -> None:
    path = every.sidecar["readinessProbe"]["httpGet"]["path"]
    policy = every.statefulset["spec"]["podManagementPolicy"]
    assert (policy, path) in {("Parallel", "/readyz"), ("OrderedReady", "/livez")}
    # Where ready says nothing of the cluster, time has to.
    assert ("minReadySeconds" in every.statefulset["spec"]) == (policy == "OrderedReady")


def test_the_image_is_said_once_and_is_this_version(every: Build) -> None:
    component = yaml.safe_load((render.MANIFESTS / "component" / "kustomization.yaml").read_text())
    (image,) = component["images"]
    assert every.sidecar["image"] == f"{image['newName']}:{image['newTag']}"
    files = [
        path for path in render.MANIFESTS.rglob("*.yaml") if image["newName"] in path.read_text()
    ]
    assert [render.short(path) for path in files] == ["component/kustomization.yaml"]


def test_the_readme_tells_of_each() -> None:
    told = set(re.findall(r"\]\(([a-z0-9-]+)\)", (EXAMPLES / "README.md").read_text()))
    assert told == {path.name for path in EXAMPLES.iterdir() if path.is_dir()}


@pytest.mark.parametrize("name", ["tls-secret", "password", "acl"])
def test_a_secret_that_nobody_wrote_does_not_work(name: str) -> None:
    # No password that everybody knows: what is not replaced keeps the servers from starting.
    (secret,) = (one for one in example(name).of("Secret"))
    for file in secret["data"]:
        text = (EXAMPLES / name / file).read_text()
        assert text.startswith("put yours here") or "#SHA256-OF-ITS-PASSWORD" in text


def test_certificates_name_every_pod(tmp_path: Path) -> None:
    build = example("tls-cert-manager")
    known = environment.read(build, tmp_path)
    certificate = build.called("Certificate", "redis-tls")["spec"]
    namespace = build.statefulset["metadata"]["namespace"]
    names = [
        name.replace(f".{namespace}.", f".{known.namespace}.") for name in certificate["dnsNames"]
    ]
    for ordinal in range(known.size or 0):
        assert any(fnmatch.fnmatch(known.hostname_of(ordinal), name) for name in names)
    assert any(name.startswith("redis-client.") for name in names)
    assert {"server auth", "client auth"} <= set(certificate["usages"])
    # A wildcard stands for one label only: a service in between would not be meant.
    assert all(name.count("*") <= 1 for name in names)


@pytest.mark.parametrize("name", NFS)
def test_nfs_waits_and_locks(name: str) -> None:
    build = example(name)
    for one in build.of("PersistentVolume", "StorageClass"):
        options = one.get("mountOptions") or one["spec"]["mountOptions"]
        assert "hard" in options
        assert any(re.fullmatch(r"nfsvers=4(\.[12])?", option) for option in options)
        assert not {"soft", "async", "nolock", "nfsvers=3"} & set(options)
        assert not any(option.startswith("local_lock") for option in options)
    exported = (EXAMPLES / "nfs" / "kustomization.yaml").read_text()
    assert "(rw,sync," in exported
    assert f"anonuid={build.pod['securityContext']['runAsUser']}" in exported


def test_on_nfs_each_pod_has_a_folder_of_its_own() -> None:
    build = example("nfs-static")
    spec = build.statefulset["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    volumes = build.of("PersistentVolume")
    pods = [f"{build.statefulset['metadata']['name']}-{one}" for one in range(spec["replicas"])]
    bound = {one["spec"]["claimRef"]["name"]: one["spec"] for one in volumes}
    assert set(bound) == {f"{claim['metadata']['name']}-{pod}" for pod in pods}
    folders = {one["spec"]["nfs"]["path"] for one in volumes}
    assert {path.rpartition("/")[2] for path in folders} == set(pods)
    for one in bound.values():
        assert one["claimRef"]["namespace"] == build.statefulset["metadata"]["namespace"]
        assert one["storageClassName"] == claim["spec"]["storageClassName"]
        assert one["accessModes"] == claim["spec"]["accessModes"]
        assert one["capacity"] == claim["spec"]["resources"]["requests"]
        assert one["persistentVolumeReclaimPolicy"] == "Retain"


def test_on_nfs_a_made_folder_is_the_claims() -> None:
    build = example("nfs-storageclass")
    (made,) = build.of("StorageClass")
    assert made["parameters"]["subDir"] == "${pvc.metadata.namespace}/${pvc.metadata.name}"
    assert (made["reclaimPolicy"], made["parameters"]["onDelete"]) == ("Retain", "retain")
    (claim,) = build.statefulset["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == made["metadata"]["name"]


def test_a_disk_far_away_is_not_taken_for_death(tmp_path: Path) -> None:
    usual = environment.read(render.build(render.MANIFESTS / "base"), tmp_path).node_timeout
    for name in NFS:
        assert int(redis_conf.effective(example(name))["cluster-node-timeout"]) > usual


def test_a_shard_has_a_pod_in_each_zone(tmp_path: Path) -> None:
    build = example("three-zones")
    known = environment.read(build, tmp_path)
    zones = build.pod["topologySpreadConstraints"][1]
    assert (zones["whenUnsatisfiable"], zones["maxSkew"]) == ("DoNotSchedule", 1)
    # A zone that is down is no reason to leave a pod of another one pending.
    assert zones["nodeTaintsPolicy"] == "Honor"
    assert "minDomains" not in zones
    assert (known.replicas_per_shard, known.shards) == (2, 3)


def test_a_classic_sidecar_stays_until_the_role_is_handed_over() -> None:
    build = example("classic-sidecar")
    assert not build.native
    assert "initContainers" not in build.pod
    assert build.redis["name"] == "redis"
    assert build.sidecar["lifecycle"]["preStop"] == build.redis["lifecycle"]["preStop"]


def test_claims_of_the_chart_are_found() -> None:
    build = example("from-bitnami")
    name = "cache-redis-cluster"
    assert build.statefulset["metadata"]["name"] == name
    assert build.statefulset["spec"]["serviceName"] == f"{name}-headless"
    (claim,) = build.statefulset["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "redis-data"
    assert build.called("Service", name)["spec"].get("clusterIP") != "None"
    # Whoever owned the files reads them, and the sidecar too.
    assert {build.pod["securityContext"][key] for key in ("runAsUser", "fsGroup")} == {1001}
    (mount,) = (one for one in build.sidecar["volumeMounts"] if one["mountPath"] == "/data")
    assert mount == {"name": "redis-data", "mountPath": "/data", "readOnly": True}


def test_valkey_is_valkey() -> None:
    build = example("valkey")
    assert build.redis["image"].startswith("valkey/valkey:9")
    assert build.redis["command"][0] == "valkey-server"


def test_ipv6_is_all_that_services_speak() -> None:
    for service in example("ipv6").of("Service"):
        assert service["spec"]["ipFamilies"] == ["IPv6"]
        assert service["spec"]["ipFamilyPolicy"] == "SingleStack"


def test_the_sidecars_user_has_the_rights_that_it_is_told_of() -> None:
    lines = (EXAMPLES / "acl" / "users.acl").read_text().splitlines()
    rules = {line.split()[1]: line.split()[2:] for line in lines}
    assert rules["default"][0] == "off"
    name = environment.variables(example("acl"))["BOOTSTRAP_REDIS_USERNAME"]
    mine = rules[name]
    assert "-@all" in mine
    assert not [right for right in mine if right.startswith(("+@", "~", "&", "allkeys"))]
    assert name in {one.example for one in settings.table() if one.name.endswith("_USERNAME")}


def _top(name: str) -> str:
    """The comment at the top of an example, in one line."""
    text = (EXAMPLES / name / "kustomization.yaml").read_text()
    lines = text.partition("apiVersion")[0].splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines)
