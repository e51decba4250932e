"""`scripts/image` takes a builder that works, and says what it lacks where none does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.statefulset.servers import REPOSITORY

WORKS = 'case " $*" in *" build "*) printf "%s\\n" "${0##*/}" "$@" ;; esac'
CLIENT_ONLY = '[ "$1" = buildx ] || exit 1'
NOT_THERE = "exit 127"


def run(folder: Path, builders: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script where these builders, and no others, are found."""
    for name in ("docker", "podman", "buildah"):
        stub = folder / name
        stub.write_text(f"#!/bin/sh\n{builders.get(name, NOT_THERE)}\n")
        stub.chmod(0o755)
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    script = REPOSITORY / "scripts" / "image"
    return subprocess.run([script, *words], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("builders", "taken"),
    [
        ({"docker": WORKS, "podman": WORKS, "buildah": WORKS}, ["docker", "buildx"]),
        ({"docker": CLIENT_ONLY, "podman": WORKS, "buildah": WORKS}, ["podman"]),
        ({"docker": CLIENT_ONLY, "buildah": WORKS}, ["buildah"]),
    ],
)
def test_the_first_that_works_is_taken(
    tmp_path: Path, builders: Mapping[str, str], taken: list[str]
) -> None:
    done = run(tmp_path, builders)
    assert done.returncode == 0, done.stderr
    words = done.stdout.splitlines()
    assert words[: len(taken) + 1] == [*taken, "build"]
    assert words[-3:] == ["--tag", "bootstrap:latest", "."]


def test_a_tag_of_ones_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    done = run(tmp_path, {"buildah": WORKS}, "--tag", "me/it:1", "--build-arg", "A=b")
    assert done.stdout.splitlines()[-5:] == ["--tag", "me/it:1", "--build-arg", "A=b", "."]
    assert "bootstrap:latest" not in done.stdout


def test_without_any_it_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, {"docker": CLIENT_ONLY})
    assert done.returncode == 1
    assert "apt-get install buildah" in done.stderr
