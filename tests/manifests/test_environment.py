"""The sidecar takes the variables that it is given, and they fit the rest of the manifests."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import pytest

from bootstrap.config import errors, settings
from tests.manifests import environment, render
from tests.manifests.render import Build

BASE = render.MANIFESTS / "base"


def test_every_variable_is_known_and_valid(every: Build, tmp_path: Path) -> None:
    names = {one.name for one in settings.table()}
    assert environment.variables(every).keys() <= names
    assert environment.read(every, tmp_path).unknown == ()


def test_the_size_is_the_replicas(every: Build, tmp_path: Path) -> None:
    assert environment.read(every, tmp_path).size == every.statefulset["spec"]["replicas"]


def test_the_first_ordinal_is_the_sets(every: Build, tmp_path: Path) -> None:
    start = every.statefulset["spec"].get("ordinals", {}).get("start", 0)
    assert environment.read(every, tmp_path).ordinal_start == start


def test_the_host_and_the_zone_are_the_pods(every: Build, tmp_path: Path) -> None:
    found = environment.read(every, tmp_path)
    assert (found.node_name, found.zone) == ("worker-1", "zone-1")


def test_the_port_is_the_servers(every: Build, tmp_path: Path) -> None:
    ports = [port["containerPort"] for port in every.redis["ports"]]
    assert environment.read(every, tmp_path).redis_port == ports[0]
    assert ports[1] == ports[0] + 10000


def test_no_secret_stands_in_the_manifest(every: Build) -> None:
    secret = {one.name for one in settings.table() if one.secret}
    given = {one["name"] for one in every.sidecar["env"] if "value" in one}
    assert not secret & given


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("BOOTSTRAP_SIZE", "the replicas", errors.ConfigurationError),
        ("BOOTSTRAP_DATA_DIR", "/elsewhere", environment.NotMountedError),
    ],
)
def test_what_does_not_fit_is_found(
    name: str, value: str, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        environment.read(_changed(name, value), tmp_path)


def test_what_nobody_reads_is_found(tmp_path: Path) -> None:
    assert environment.read(_changed("BOOTSTRAP_SIZES", "6"), tmp_path).unknown


def _changed(name: str, value: str) -> Build:
    objects = copy.deepcopy(render.build(BASE).objects)
    changed = dataclasses.replace(render.build(BASE), objects=objects)
    kept = [one for one in changed.sidecar["env"] if one["name"] != name]
    changed.sidecar["env"] = [*kept, {"name": name, "value": value}]
    return changed
