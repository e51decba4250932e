"""Kustomizations as a user writes them, in a copy of manifests/: what is tried may be refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.manifests import render
from tests.manifests.render import Build, Object


def of_user(folder: Path, files: dict[str, str], **more: Any) -> Build:
    """Render a kustomization beside a copy of manifests/, which it finds under that name.

    RenderError with what kubectl said when it refuses.
    """
    shutil.copytree(render.MANIFESTS, folder / "manifests")
    mine = folder / "mine"
    mine.mkdir()
    for name, text in files.items():
        (mine / name).write_text(text)
    text = yaml.safe_dump(
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **more}
    )
    (mine / "kustomization.yaml").write_text(text)
    return render.build(mine)


def stacked(folder: Path, upper: str, lower: str) -> Build:
    """Render an example that builds on another, as the examples' README says."""
    shutil.copytree(render.MANIFESTS, folder / "manifests")
    examples = folder / "manifests" / "examples"
    file = examples / upper / "kustomization.yaml"
    text = file.read_text()
    assert "../../base" in text
    file.write_text(text.replace("../../base", f"../{lower}"))
    return render.build(file.parent)


def third_party(**changes: Any) -> list[Object]:
    """Return the objects of others before the sidecar is added; `changes` go to spec."""
    objects = list(yaml.safe_load_all((render.THIRD_PARTY / "cache.yaml").read_text()))
    for one in objects:
        if one["kind"] == "StatefulSet":
            one["spec"] |= changes
    return objects
