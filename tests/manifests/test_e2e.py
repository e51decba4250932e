"""What the end-to-end tests apply beside a StatefulSet is as valid as what they test."""

from __future__ import annotations

import pytest

from tests.e2e import kubectl
from tests.e2e import test_rolling as rolling
from tests.manifests import render, restricted, schemas


@pytest.mark.parametrize("version", schemas.versions())
def test_the_writer_is_valid(version: str) -> None:
    build = render.build(rolling.FOLDER)
    assert [one["kind"] for one in build.objects] == ["Pod"]
    assert [schemas.faults(one, version) for one in build.objects] == [[]]


def test_the_writer_is_restricted() -> None:
    (pod,) = render.build(rolling.FOLDER).of("Pod")
    assert restricted.violations(pod["spec"]) == []


def test_the_writer_gets_every_file_that_it_runs() -> None:
    (pod,) = render.build(rolling.FOLDER).of("Pod")
    assert [one["image"] for one in pod["spec"]["containers"]] == [kubectl.SHIPPED]
    (volume,) = pod["spec"]["volumes"]
    paths = {one["key"]: one["path"] for one in volume["configMap"]["items"]}
    assert paths == {file.name: str(file.relative_to(render.ROOT)) for file in rolling.FILES}


def test_the_image_that_is_replaced_is_the_one_that_is_shipped(every: render.Build) -> None:
    assert every.sidecar["image"] == kubectl.SHIPPED
