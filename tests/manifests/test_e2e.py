"""What the end-to-end tests apply beside a StatefulSet is as valid as what they test."""

from __future__ import annotations

import pytest
import yaml

from bootstrap.model import migration
from tests.e2e import kubectl, redisset, test_restore, test_shards
from tests.e2e import test_rolling as rolling
from tests.manifests import render, restricted, schemas


@pytest.mark.parametrize("version", schemas.versions())
def test_both_kinds_of_dns_are_valid(version: str) -> None:
    files = sorted((render.E2E / "coredns").glob("*.yaml"))
    assert len(files) == 2
    for file in files:
        assert schemas.faults(yaml.safe_load(file.read_text()), version) == [], file


@pytest.mark.parametrize("version", schemas.versions())
def test_the_writer_is_valid(version: str) -> None:
    build = render.build(rolling.FOLDER)
    assert [one["kind"] for one in build.objects] == ["Pod"]
    assert [schemas.faults(one, version) for one in build.objects] == [[]]


@pytest.mark.parametrize("version", schemas.versions())
def test_the_loader_and_what_adopts_its_volumes_are_valid(version: str) -> None:
    for folder in (test_restore.LOADER, test_restore.ADOPTED):
        faults = [schemas.faults(one, version) for one in render.build(folder).objects]
        assert not any(faults), folder


def test_the_loader_is_restricted_and_fills_the_volumes_that_the_set_looks_for() -> None:
    build = render.build(test_restore.LOADER)
    (pod,) = build.of("Pod")
    assert restricted.violations(pod["spec"]) == []
    (adopted,) = render.build(test_restore.ADOPTED).of("StatefulSet")
    (template,) = adopted["spec"]["volumeClaimTemplates"]
    (container,) = pod["spec"]["containers"]
    paths = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    claims = {
        paths[one["name"]]: one["persistentVolumeClaim"]["claimName"]
        for one in pod["spec"]["volumes"]
    }
    name, count = adopted["metadata"]["name"], adopted["spec"]["replicas"]
    wanted = f"{template['metadata']['name']}-{name}"
    assert claims == {f"/data/{ordinal}": f"{wanted}-{ordinal}" for ordinal in range(count)}
    made = {one["metadata"]["name"] for one in build.of("PersistentVolumeClaim")}
    assert made == {*claims.values()}
    assert container["image"] == kubectl.SHIPPED


def test_the_writer_is_restricted() -> None:
    (pod,) = render.build(rolling.FOLDER).of("Pod")
    assert restricted.violations(pod["spec"]) == []


def test_the_writer_runs_the_archive_that_the_test_makes() -> None:
    (pod,) = render.build(rolling.FOLDER).of("Pod")
    (container,) = pod["spec"]["containers"]
    assert container["image"] == kubectl.SHIPPED
    (mount,) = container["volumeMounts"]
    assert container["command"][:2] == ["python", f"{mount['mountPath']}/{rolling.ARCHIVE}"]
    (volume,) = pod["spec"]["volumes"]
    assert (volume["name"], volume["configMap"]) == (mount["name"], {"name": "writer"})


def test_the_wish_that_is_patched_is_there_and_the_servers_can_fulfil_it() -> None:
    build = render.build(redisset.OVERLAYS / "valkey")
    assert test_shards.KEY in build.called("ConfigMap", test_shards.CONFIG)["data"]
    product, _, version = build.redis["image"].rpartition("/")[2].partition(":")
    major, minor = map(int, version.split("."))
    assert migration.way(product, (major, minor, 0)) is not None


def test_the_image_that_is_replaced_is_the_one_that_is_shipped(every: render.Build) -> None:
    assert every.sidecar["image"] == kubectl.SHIPPED
