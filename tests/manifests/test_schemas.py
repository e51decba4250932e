"""Everything that is applied is valid in every version of Kubernetes that we support."""

from __future__ import annotations

import copy
from collections.abc import Iterator
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


def test_what_is_for_older_versions_is_valid_there() -> None:
    older = [one for one in schemas.versions((1, 25)) if one not in schemas.versions()]
    assert older == ["1.25", "1.26", "1.27", "1.28"]
    build = render.build(render.MANIFESTS / "examples" / "classic-sidecar")
    assert [schemas.faults(obj, version) for version in older for obj in build.objects] == [
        [] for _ in older for _ in build.objects
    ]


def customs() -> list[Any]:
    """Of each kind that is not Kubernetes' own, one that is applied."""
    found = {
        obj["kind"]: obj
        for folder in render.folders()
        for obj in render.build(folder).objects
        if schemas.custom(obj)
    }
    return [pytest.param(obj, id=kind) for kind, obj in sorted(found.items())]


@pytest.mark.parametrize("obj", customs())
def test_whatever_is_misspelt_in_a_kind_of_others_is_found(obj: render.Object) -> None:
    assert schemas.faults(obj, schemas.versions()[-1]) == []
    places = list(_places(obj["spec"], ("spec",)))
    assert places
    for *path, last in places:
        broken: Any = copy.deepcopy(obj)
        part = broken
        for name in path:
            part = part[name]
        part[f"{last}x"] = part.pop(last)
        assert schemas.faults(broken, schemas.versions()[-1]), (*path, last)


def test_there_is_one_of_each_kind_that_has_a_schema() -> None:
    files = (render.ROOT / "tests" / "manifests" / "schemas").glob("*.json")
    kinds = {file.stem.partition("_")[2] for file in files}
    assert {str(one.id).lower() for one in customs()} == kinds


FREE = {"labels", "annotations", "matchLabels"}
"""Whose keys are anybody's."""


def _places(part: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Every field of an object, by the way that leads there."""
    entries = part.items() if isinstance(part, dict) else enumerate(part)
    for name, value in entries:
        if isinstance(part, dict):
            yield (*path, name)
        if isinstance(value, dict | list) and name not in FREE:
            yield from _places(value, (*path, name))


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
