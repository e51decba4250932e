"""The component adds the sidecar to whatever StatefulSet there is, and changes nothing else."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests import kustomizations, render, restricted
from tests.manifests.render import Build, Object

COMPONENT = ["../manifests/component"]


@pytest.fixture
def mine() -> Build:
    return render.build(render.THIRD_PARTY)


def test_nothing_else_is_changed(mine: Build) -> None:
    found: Any = copy.deepcopy(mine.objects)
    (ours,) = (one for one in found if one["kind"] == "StatefulSet")
    spec, pod = ours["spec"], ours["spec"]["template"]["spec"]
    assert pod["initContainers"].pop(0)["name"] == "bootstrap"
    assert pod["containers"][0]["lifecycle"].pop("preStop")["httpGet"]["path"] == "/handover"
    assert spec.pop("podManagementPolicy") == "Parallel"
    theirs = kustomizations.third_party()
    (before,) = (one for one in theirs if one["kind"] == "StatefulSet")
    before["spec"]["template"]["spec"]["containers"][0]["lifecycle"].pop("preStop")
    (headless,) = (one for one in theirs if one["metadata"]["name"] == "cache-headless")
    headless["spec"]["publishNotReadyAddresses"] = True
    assert _by_name(found) == _by_name(theirs)


def test_what_reads_the_kustomization_is_not_sent_to_a_cluster(mine: Build) -> None:
    assert {one["kind"] for one in mine.objects} == {"Service", "StatefulSet"}


def test_a_sidecar_that_is_mentioned_is_completed() -> None:
    base = yaml.safe_load((render.MANIFESTS / "base" / "statefulset.yaml").read_text())
    (mentioned,) = base["spec"]["template"]["spec"]["initContainers"]
    found = render.build(render.MANIFESTS / "base").sidecar
    assert mentioned["volumeMounts"] == found["volumeMounts"]
    assert [one for one in found["env"] if one in mentioned["env"]] == mentioned["env"]
    assert found["image"]


def test_two_sets_in_one_kustomization_are_refused(tmp_path: Path) -> None:
    second = copy.deepcopy(kustomizations.third_party()[-1])
    second["metadata"]["name"] = "other"
    text = yaml.safe_dump_all([*kustomizations.third_party(), second])
    with pytest.raises(render.RenderError, match="multiple matches for selector StatefulSet"):
        kustomizations.of_user(
            tmp_path, {"sets.yaml": text}, resources=["sets.yaml"], components=COMPONENT
        )


def test_a_set_that_does_not_say_its_replicas_is_refused(tmp_path: Path) -> None:
    objects = kustomizations.third_party()
    del objects[-1]["spec"]["replicas"]
    text = yaml.safe_dump_all(objects)
    with pytest.raises(render.RenderError, match=re.escape("`spec.replicas` is missing")):
        kustomizations.of_user(
            tmp_path, {"set.yaml": text}, resources=["set.yaml"], components=COMPONENT
        )


def test_more_replicas_later_restart_nobody(tmp_path: Path) -> None:
    # The size is that of the first formation. Were it to follow, every pod would be replaced.
    build = kustomizations.of_user(
        tmp_path,
        {},
        resources=["../manifests/base"],
        replicas=[{"name": "redis-app", "count": 8}],
    )
    assert build.statefulset["spec"]["replicas"] == 8
    assert build.template == render.build(render.MANIFESTS / "base").template


def test_two_bases_in_one_namespace_stay_apart(tmp_path: Path) -> None:
    build = kustomizations.of_user(
        tmp_path,
        {},
        resources=["../manifests/base"],
        namePrefix="second-",
        labels=[{"pairs": {"app": "second"}, "includeSelectors": True}],
    )
    first = render.build(render.MANIFESTS / "base")
    assert build.statefulset["spec"]["serviceName"] == "second-redis-service"
    assert build.template["metadata"]["labels"] == {"app": "second"}
    for one, other in zip(_selectors(first), _selectors(build), strict=True):
        assert one.keys() == other.keys()
        assert one != other


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        ("acl", "tls-secret"),
        ("valkey", "acl"),
        ("prometheus", "three-zones"),
        ("valkey", "nfs-static"),
    ],
)
def test_examples_build_on_each_other(upper: str, lower: str, tmp_path: Path) -> None:
    build = kustomizations.stacked(tmp_path, upper, lower)
    assert restricted.violations(build.pod) == []
    for name in (upper, lower):
        alone = render.build(render.MANIFESTS / "examples" / name)
        both, one = ({_text(env) for env in some.sidecar["env"]} for some in (build, alone))
        assert one <= both | {_text({"name": "BOOTSTRAP_SIZE", "value": "6"})}
        assert _config(alone) <= _config(build)


def _by_name(objects: Any) -> dict[tuple[str, str], Object]:
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def _selectors(build: Build) -> list[Object]:
    """Every selector of the build, that of the StatefulSet first."""
    found = [build.statefulset["spec"]["selector"]["matchLabels"]]
    found += [one["spec"]["selector"] for one in build.of("Service")]
    found += [one["spec"]["selector"]["matchLabels"] for one in build.of("PodDisruptionBudget")]
    for policy in build.of("NetworkPolicy"):
        found.append(policy["spec"]["podSelector"]["matchLabels"])
        found.append(policy["spec"]["ingress"][1]["from"][0]["podSelector"]["matchLabels"])
    for spread in build.pod["topologySpreadConstraints"]:
        found.append(spread["labelSelector"]["matchLabels"])
    return found


def _config(build: Build) -> set[str]:
    return {key for one in build.of("ConfigMap") for key in one["data"]}


def _text(env: Object) -> str:
    return yaml.safe_dump(env)
