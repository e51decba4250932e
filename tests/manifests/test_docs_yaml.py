"""YAML of the docs is put where its reader would put it, and what comes of that is valid."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.manifests import kustomizations, render, schemas

DOCS: Final = sorted((render.ROOT / "docs").glob("*.md"))
NAMES: Final = {"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": {"name": "redis-app"}}


def fragments() -> list[Any]:
    """Every block of YAML that is no file of its own, by the line that it begins at."""
    found = []
    for file in DOCS:
        text = file.read_text()
        for match in re.finditer(r"^ *```yaml\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
            told = yaml.safe_load(textwrap.dedent(match[1]))
            line = text[: match.start()].count("\n") + 1
            if not isinstance(told, dict) or "kind" not in told:
                found.append(pytest.param(told, id=f"{file.name}:{line}"))
    return found


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
    if isinstance(told, dict) and told.keys() <= {"images", "patches"}:
        for patch in told.get("patches", []):
            patch["target"].pop("name", None)  # the reader's own
        return told
    if isinstance(told, list):
        told = {"initContainers": [{"name": "bootstrap", "env": told}]}
    if "httpGet" in told:
        told = {"containers": [{"name": "redis", "lifecycle": {"preStop": told}}]}
    if "spec" not in told:
        told = {"spec": {"template": {"spec": told}}}
    return {"patches": [{"patch": yaml.safe_dump({**NAMES, **told})}]}
