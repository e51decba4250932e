"""README's way into the project, followed to the letter in a clean folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.manifests import render, schemas

README: Final = (render.ROOT / "README.md").read_text()
DOCS: Final = sorted(
    [
        render.ROOT / "README.md",
        *(render.ROOT / "docs").glob("*.md"),
        *render.MANIFESTS.rglob("*.md"),
    ]
)


def said() -> str:
    """The kustomization that README tells a user to write."""
    _, _, rest = README.partition("## Add it to your StatefulSet")
    (first, *_) = re.findall(r"```yaml\n(.*?)```", rest, re.DOTALL)
    return str(first)


def test_it_takes_less_than_twenty_lines() -> None:
    assert len(said().splitlines()) < 20


def test_it_makes_what_is_tested(tmp_path: Path) -> None:
    shutil.copytree(render.MANIFESTS, tmp_path / "bootstrap" / "manifests")
    shutil.copy(render.THIRD_PARTY / "cache.yaml", tmp_path)
    (tmp_path / "kustomization.yaml").write_text(said())
    assert render.build(tmp_path).objects == render.build(render.THIRD_PARTY).objects


def test_the_rest_of_it_is_there(tmp_path: Path) -> None:
    (folder,) = re.findall(r"kubectl apply -k bootstrap/(\S+)`", README)
    assert render.build(render.ROOT / folder).of("StatefulSet")
    assert f"Kubernetes {schemas.versions()[0]} or later" in README


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(render.ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text()):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        there = file.parent / path if path else file
        assert there.exists(), target
        if anchor:
            assert anchor in _anchors(there), target


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(render.ROOT)))
def test_yaml_in_the_docs_is_yaml(file: Path) -> None:
    for text in re.findall(r"```yaml\n(.*?)```", file.read_text(), re.DOTALL):
        assert yaml.safe_load(text)


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(render.ROOT)))
def test_folders_that_are_applied_are_there(file: Path) -> None:
    for folder in re.findall(
        r"(?:apply|kustomize|delete) (?:-k )?(manifests/[\w/-]+)", file.read_text()
    ):
        assert (render.ROOT / folder / "kustomization.yaml").exists() or folder.endswith("NAME"), (
            folder
        )


def _anchors(file: Path) -> set[str]:
    """Headings as GitHub turns them into anchors: lower case, no punctuation, hyphens."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found
