"""Builds the image as a person would, with `scripts/image`, in a storage of our own."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.image import base, tools
from tests.statefulset.servers import REPOSITORY

BASE: Final = "localhost/bootstrap-base"
NAME: Final = "localhost/bootstrap:test"
CONTEXT: Final = (
    *("Dockerfile", ".dockerignore", "bootstrap", "constraints"),
    *("docs/runbook.md", "scripts/image"),
)
WHEELS: Final = "/wheels"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image: its configuration, as OCI has it, and its files, unpacked."""

    config: Mapping[str, Any]
    rootfs: Path

    @property
    def env(self) -> dict[str, str]:
        """Return the environment that it gives to every process."""
        return dict(line.split("=", 1) for line in self.config["Env"])


def make(folder: Path) -> None:
    """Build base and image into the folder; what was there before goes."""
    archive = base.archive(folder)
    for name in ("storage", "run", "context"):
        shutil.rmtree(folder / name, ignore_errors=True)
    _configure(folder)
    _buildah(folder, "--name", "base", "scratch", verb="from")
    _buildah(folder, "base", str(archive), "/", verb="add")
    _buildah(folder, "--env", f"PATH={base.PATH}", "base", verb="config")
    _buildah(folder, "--rm", "base", BASE, verb="commit")
    context = _context(folder)
    wheels = _wheels(folder)
    pip = folder / "pip.conf"
    pip.write_text(f"[global]\nno-index = true\nfind-links = {WHEELS}\n")
    tools.run(
        [
            str(context / "scripts" / "image"),
            *("--tag", NAME, "--build-arg", f"PYTHON_IMAGE={BASE}"),
            *("--secret", f"id=pip,src={pip}", "--volume", f"{wheels}:{WHEELS}:ro"),
        ],
        env={"BUILDER": "buildah", **_environment(folder)},
    )
    _buildah(folder, "--name", "files", NAME, verb="from")


def read(folder: Path) -> Image:
    """Return what `make` built there."""
    told = json.loads(_buildah(folder, "--type", "image", NAME, verb="inspect"))
    rootfs = _buildah(folder, "files", verb="mount").strip()
    return Image(config=told["OCIv1"]["config"], rootfs=Path(rootfs))


def _buildah(folder: Path, *words: str, verb: str) -> str:
    return tools.run(["buildah", verb, *words], env=_environment(folder))


def _environment(folder: Path) -> dict[str, str]:
    return {"CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"), "BUILDAH_ISOLATION": "chroot"}


def _configure(folder: Path) -> None:
    """Keep away from the machine's own images. The driver is the one that works on any disk."""
    paths = f'graphroot = "{folder / "storage"}"\nrunroot = "{folder / "run"}"\n'
    (folder / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\n{paths}')


def _context(folder: Path) -> Path:
    """Copy what is built from, readable by its owner only, as a strict umask makes it."""
    context = folder / "context"
    for name in CONTEXT:
        source, target = REPOSITORY / name, context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(source, target)
    for path in context.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    return context


def _wheels(folder: Path) -> Path:
    """Fetch the pinned wheels with our own pip, which knows how packages are to be had here.

    All of them: the Python of the base may need one that ours does not.
    """
    wheels, pins = folder / "wheels", folder / "pins.txt"
    shutil.rmtree(wheels, ignore_errors=True)
    text = (REPOSITORY / "constraints" / "runtime.txt").read_text()
    pins.write_text(re.sub(r" ; [^\\\n]*", " ", text))
    options = ("--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:")
    where = ("--dest", str(wheels), "--requirement", str(pins))
    tools.run([sys.executable, "-m", "pip", "download", *options, *where])
    return wheels
