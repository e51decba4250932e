"""Everything that is applied is valid in every version of Kubernetes that we support."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.manifests import render, schemas


def test_all_is_valid_in_every_version(every: render.Build) -> None:
    found = {
        f"{version} {obj['kind']}/{obj['metadata']['name']}": faults
        for version in schemas.versions()
        for obj in every.objects
        if (faults := schemas.faults(obj, version))
    }
    assert not found


def test_versions_go_from_the_first_to_the_newest() -> None:
    found = schemas.versions()
    assert found[0] == "1.29"
    assert found == [f"1.{minor}" for minor in range(29, 29 + len(found))]
    assert len(found) >= 9, "kubernetes-validate knew 1.37 when this was written"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "replicas"), "6"),
        (("spec", "replica"), 6),
        (("spec", "template", "spec", "initContainers", 0, "restartPolicy"), ["Always"]),
        (("spec", "template", "spec", "initContainers", 0, "env", 0, "vlue"), "6"),
        (("spec", "template", "spec", "initContainers", 0, "env", 0, "value"), 6),
    ],
)
@pytest.mark.parametrize("version", schemas.versions())
def test_what_is_misspelt_or_of_another_type_is_found(
    path: tuple[str | int, ...], value: Any, version: str
) -> None:
    broken: Any = copy.deepcopy(render.build(render.MANIFESTS / "base").statefulset)
    part = broken
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    assert schemas.faults(broken, version)


def test_a_kind_without_a_schema_is_found() -> None:
    unheard: render.Object = {"apiVersion": "example.com/v1", "kind": "Unheard", "metadata": {}}
    assert schemas.faults(unheard, schemas.versions()[-1])
