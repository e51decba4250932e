"""What kubectl makes of each folder of manifests, and the parts of it that tests ask for."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

Object: TypeAlias = dict[str, Any]
"""An object of Kubernetes, or a part of one. What is rendered is shared: copy before changing."""

ROOT: Final = Path(__file__).resolve().parents[2]
MANIFESTS: Final = ROOT / "manifests"
THIRD_PARTY: Final = Path(__file__).parent / "third-party"
E2E: Final = ROOT / "tests" / "e2e"
SIDECAR: Final = "bootstrap"


class RenderError(Exception):
    """What kubectl said of a folder that it cannot render."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Build:
    """All objects that one folder renders to."""

    name: str
    objects: tuple[Object, ...]

    def of(self, *kinds: str) -> tuple[Object, ...]:
        """Return the objects of these kinds."""
        return tuple(one for one in self.objects if one["kind"] in kinds)

    def called(self, kind: str, name: str) -> Object:
        """Return this object; KeyError with those that are there."""
        for one in self.of(kind):
            if one["metadata"]["name"] == name:
                return one
        there = [one["metadata"]["name"] for one in self.of(kind)]
        raise KeyError(f"{self.name}: expected {kind} {name}, saw {there}")

    @property
    def statefulset(self) -> Object:
        """The one StatefulSet."""
        (found,) = self.of("StatefulSet")
        return found

    @property
    def template(self) -> Object:
        """What its pods are made from: metadata and spec."""
        found: Object = self.statefulset["spec"]["template"]
        return found

    @property
    def pod(self) -> Object:
        """The spec of its pods."""
        found: Object = self.template["spec"]
        return found

    @property
    def sidecar(self) -> Object:
        """The sidecar's container, native or not."""
        (found,) = (one for one in containers(self.pod) if one["name"] == SIDECAR)
        return found

    @property
    def redis(self) -> Object:
        """The server's container: the first."""
        found: Object = self.pod["containers"][0]
        return found

    @property
    def native(self) -> bool:
        """Whether the sidecar is one that starts before Redis and stops after it."""
        return self.sidecar in self.pod.get("initContainers", [])


def containers(pod: Object) -> Iterator[Object]:
    """All containers of a pod's spec, in the order in which they start."""
    yield from pod.get("initContainers", [])
    yield from pod["containers"]


@functools.cache
def build(folder: Path) -> Build:
    """Render a folder; RenderError when kubectl refuses."""
    done = subprocess.run(
        [_kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RenderError(done.stderr.strip())
    objects = tuple(one for one in yaml.safe_load_all(done.stdout) if one)
    return Build(name=str(folder), objects=objects)


def folders() -> list[Path]:
    """Every folder that can be applied and has a StatefulSet.

    Those of manifests/, the user's that README describes, and what the end-to-end tests vary.
    """
    files = [
        *MANIFESTS.rglob("kustomization.yaml"),
        THIRD_PARTY / "kustomization.yaml",
        *(E2E / "overlays").rglob("kustomization.yaml"),
    ]
    whole = [file for file in files if yaml.safe_load(file.read_text())["kind"] == "Kustomization"]
    return sorted(file.parent for file in whole)


def short(folder: Path) -> str:
    """A folder's name in a test's id."""
    return str(folder.relative_to(MANIFESTS if folder.is_relative_to(MANIFESTS) else ROOT))


@functools.cache
def _kubectl() -> str:
    return subprocess.check_output([ROOT / "scripts" / "kubectl"], text=True).strip()
