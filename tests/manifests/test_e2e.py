"""What the end-to-end tests apply beside a StatefulSet is as valid as what they test."""

from __future__ import annotations

from typing import Final

import pytest
import yaml

from tests.e2e import kubectl, test_base, test_restore, test_sets
from tests.e2e import test_rolling as rolling
from tests.manifests import render, restricted, schemas

CASES: Final = {
    "test_forms_and_gets_ready",
    "test_pods_that_are_not_restricted_are_kept_out",
    "test_a_dry_run_in_every_pod_has_nothing_to_do",
    "test_one_pod_is_deleted",
    "test_all_pods_are_deleted_at_once",
    "test_a_pod_is_deleted_with_its_claim",
    "test_the_seed_is_deleted_with_its_claim",
    "test_nothing_is_written_while_all_is_well",
    "test_a_rolling_restart_loses_no_acknowledged_write",
    "test_pods_that_are_added_join_as_replicas",
    "test_pods_that_were_forgotten_together_come_back",
    "test_a_copy_is_held_beside_its_original_and_lives_on_after_it",
    "test_two_sets_in_one_namespace_stay_apart",
    "test_the_component_completes_a_set_of_others",
    "test_an_ordered_set_forms_and_keeps_its_keys",
}
"""What a cluster has to bear. They need one, so that here nobody would miss one that is gone."""


def test_no_case_is_gone() -> None:
    found = [
        name
        for module in (test_base, rolling, test_sets, test_restore)
        for name in vars(module)
        if name.startswith("test_")
    ]
    assert sorted(found) == sorted(CASES)


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


def test_the_image_that_is_replaced_is_the_one_that_is_shipped(every: render.Build) -> None:
    assert every.sidecar["image"] == kubectl.SHIPPED
