"""YAML of the docs is put where its reader would put it, and what comes of that is valid."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.manifests import kustomizations, render, schemas

DOCS: Final = sorted((render.ROOT / "docs").glob("*.md"))
NAMES: Final = {"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": {"name": "redis-app"}}
KUSTOMIZATION: Final = {"configMapGenerator", "images", "patches", "replicas"}
"""Fields of a kustomization that fragments have."""


def blocks(file: Path) -> Iterator[tuple[int, Any]]:
    """Yield every block of YAML of a page, with the line that it begins at."""
    text = file.read_text()
    for match in re.finditer(r"^ *```yaml\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        yield text[: match.start()].count("\n") + 1, yaml.safe_load(textwrap.dedent(match[1]))


def fragments() -> list[Any]:
    """Every block of YAML that is no file of its own, by the line that it begins at."""
    return [
        pytest.param(told, id=f"{file.name}:{line}")
        for file in DOCS
        for line, told in blocks(file)
        if not isinstance(told, dict) or "kind" not in told
    ]


@pytest.mark.parametrize("told", fragments())
def test_what_a_fragment_makes_of_the_base_is_valid(told: Any, tmp_path: Path) -> None:
    build = kustomizations.of_user(
        tmp_path, {}, resources=["../manifests/base"], **_kustomization(told)
    )
    for version in (schemas.versions()[0], schemas.versions()[-1]):
        for obj in build.objects:
            assert schemas.faults(obj, version) == []


def _kustomization(told: Any) -> dict[str, Any]:
    """Where it belongs: what it begins with tells."""
    if isinstance(told, dict) and told.keys() <= KUSTOMIZATION:
        for patch in told.get("patches", []):
            if patch["target"]["kind"] != "ConfigMap":
                patch["target"].pop("name", None)  # the reader's own
        return told
    if isinstance(told, list):
        told = {"initContainers": [{"name": "bootstrap", "env": told}]}
    if "httpGet" in told:
        told = {"containers": [{"name": "redis", "lifecycle": {"preStop": told}}]}
    if "spec" not in told:
        told = {"spec": {"template": {"spec": told}}}
    return {"patches": [{"patch": yaml.safe_dump({**NAMES, **told})}]}
