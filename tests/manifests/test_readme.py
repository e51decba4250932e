"""README's way into the project, followed to the letter in a clean folder."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path
from typing import Any, Final

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
WITH_IMAGES: Final = [
    render.ROOT / "docs" / "migration.md",
    render.MANIFESTS / "examples" / "README.md",
]
"""Where a reader finds a whole kustomization to write, beside README."""


def said() -> list[str]:
    """The kustomization that README tells a user to write, and what may be added to it."""
    _, _, rest = README.partition("## Add it to your StatefulSet")
    section, _, _ = rest.partition("\n## ")
    found = re.findall(r"^( *)```yaml\n(.*?)^ *```", section, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(text) for _, text in found]


def follow(folder: Path, written: dict[str, Any]) -> render.Build:
    shutil.copytree(render.MANIFESTS, folder / "bootstrap" / "manifests")
    shutil.copy(render.THIRD_PARTY / "cache.yaml", folder)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(written))
    return render.build(folder)


def test_it_takes_less_than_twenty_lines() -> None:
    assert len(said()[0].splitlines()) < 20


def test_it_makes_what_is_tested(tmp_path: Path) -> None:
    """With the image that it is shipped with: that of README is the reader's own."""
    written = yaml.safe_load(said()[0])
    (image,) = written.pop("images")
    made, tested = follow(tmp_path, written), render.build(render.THIRD_PARTY)
    assert made.objects == tested.objects
    assert tested.sidecar["image"].startswith(image["name"] + ":")


def test_what_may_be_added_gets_there(tmp_path: Path) -> None:
    first, *more = said()
    written = yaml.safe_load(first)
    for text in more:
        written["patches"] += yaml.safe_load(text)
    build = follow(tmp_path, written)
    (image,) = written["images"]
    assert build.sidecar["image"] == f"{image['newName']}:{image['newTag']}"
    variables = {one["name"]: one for one in build.sidecar["env"]}
    assert "secretKeyRef" in variables["BOOTSTRAP_REDIS_PASSWORD"]["valueFrom"]
    folder = variables["BOOTSTRAP_DATA_DIR"]["value"]
    (mount,) = build.sidecar["volumeMounts"]
    assert (mount["mountPath"], mount["readOnly"]) == (folder, True)


@pytest.mark.parametrize("file", WITH_IMAGES, ids=lambda file: file.name)
def test_what_is_applied_has_the_readers_own_image(file: Path, tmp_path: Path) -> None:
    """The image that the manifests name is nobody's: applied as they are, no pod starts."""
    shutil.copytree(render.MANIFESTS, tmp_path / "bootstrap" / "manifests")
    (text,) = (
        text
        for text in re.findall(
            r"^ *```yaml\n(.*?)^ *```", file.read_text(), re.DOTALL | re.MULTILINE
        )
        if "images:" in text
    )
    (tmp_path / "kustomization.yaml").write_text(textwrap.dedent(text))
    build = render.build(tmp_path)
    assert build.sidecar["image"] == "registry.example.com/bootstrap:0.1.0"
    assert "ghcr.io/example" not in str(build.objects)


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(render.ROOT)))
def test_whoever_is_told_to_apply_is_told_of_the_image_first(file: Path) -> None:
    for section in re.split(r"^## ", file.read_text(), flags=re.MULTILINE):
        before, applied, _ = section.partition("kubectl apply -k")
        if applied:
            assert "that you have built and" in before or "push it to your registry" in before
        # Nothing is taken away while there may be no image for what comes in its place.
        before, uninstalled, _ = section.partition("helm uninstall")
        if uninstalled:
            assert "images:" in before


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(render.ROOT)))
def test_nobody_is_told_to_apply_what_names_no_image_of_theirs(file: Path) -> None:
    assert set(re.findall(r"kubectl apply -k ([\w/.-]+)", file.read_text())) <= {"."}


def test_the_rest_of_it_is_there() -> None:
    (folder,) = re.findall(r"resources: \[bootstrap/(\S+)\]", README)
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
