"""The wished number of shards comes from one ConfigMap, and a new number restarts no pod."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from bootstrap.model import wish
from tests.manifests import environment, kustomizations, render, test_docs_yaml, test_readme
from tests.manifests.render import Build

BASE: Final = render.MANIFESTS / "base"
FILE: Final = "BOOTSTRAP_SHARDS_FILE"


def stated(build: Build) -> str:
    """Return what the sidecar's file holds; fails where the kubelet would not renew the file."""
    path = PurePosixPath(environment.variables(build)[FILE])
    (mount,) = (
        one for one in build.sidecar["volumeMounts"] if one["mountPath"] == f"{path.parent}"
    )
    assert mount.keys() == {"name", "mountPath", "readOnly"}, "a subPath is never renewed"
    (volume,) = (one for one in build.pod["volumes"] if one["name"] == mount["name"])
    assert volume["configMap"]["optional"] is True, "no pod waits for the ConfigMap"
    data: dict[str, str] = build.called("ConfigMap", volume["configMap"]["name"])["data"]
    return data[path.name]


def test_the_number_is_that_of_the_pods_which_form(every: Build, tmp_path: Path) -> None:
    if every.name == str(render.THIRD_PARTY):
        return
    found, known = wish.parse(stated(every)), environment.read(every, tmp_path)
    taken_over = "from-bitnami" in every.name
    assert known.size is not None
    shards = known.size // (1 + known.replicas_per_shard)
    assert found == (wish.HOLD if taken_over else wish.Wish(shards))


def test_without_a_configmap_the_component_wishes_for_nothing() -> None:
    found = environment.variables(render.build(render.THIRD_PARTY))
    assert not {name for name in found if "SHARDS" in name}


def test_more_shards_restart_nobody(tmp_path: Path) -> None:
    told = _of_docs("replicas")
    build = kustomizations.of_user(tmp_path, {}, resources=["../manifests/base"], **told)
    assert (stated(build), build.statefulset["spec"]["replicas"]) == ("4", 8)
    assert build.template == render.build(BASE).template


def test_the_number_is_there_before_the_pods() -> None:
    """Pods that come first would be replicas, which get no slots."""
    kinds = [one["kind"] for one in render.build(BASE).objects]
    assert kinds.index("ConfigMap") < kinds.index("StatefulSet")


def test_two_bases_have_two_numbers(tmp_path: Path) -> None:
    build = kustomizations.of_user(
        tmp_path, {}, resources=["../manifests/base"], namePrefix="second-"
    )
    assert build.called("ConfigMap", "second-redis-shards")
    assert stated(build) == "3"


def test_a_set_of_others_is_told_by_what_the_docs_say(tmp_path: Path) -> None:
    """After what README says of the data volume, which stays mounted."""
    first, *more = test_readme.said()
    written = yaml.safe_load(first)
    (volume,) = (text for text in more if "BOOTSTRAP_DATA_DIR" in text)
    written["patches"] += yaml.safe_load(volume)
    told = _of_docs("configMapGenerator")
    written["configMapGenerator"] = told["configMapGenerator"]
    written["patches"] += told["patches"]
    build = test_readme.follow(tmp_path, written)
    assert stated(build) == "3"
    assert {one["mountPath"] for one in build.sidecar["volumeMounts"]} == {
        "/data",
        str(PurePosixPath(environment.variables(build)[FILE]).parent),
    }


def _of_docs(key: str) -> Any:
    """Return the one block of docs/operations.md that has this field."""
    page = render.ROOT / "docs" / "operations.md"
    (found,) = (
        told for _, told in test_docs_yaml.blocks(page) if isinstance(told, dict) and key in told
    )
    return found
