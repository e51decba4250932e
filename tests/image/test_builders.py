"""`scripts/image` takes a builder that works, and says what it lacks where none does."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.statefulset.servers import REPOSITORY

SCRIPT = REPOSITORY / "scripts" / "image"
WORKS = 'case " $*" in *" build "*) printf "%s\\n" "${0##*/}" "$@" ;; esac'
CLIENT_ONLY = '[ "$1" = buildx ] || exit 1'
NOT_THERE = "exit 127"


def run(
    folder: Path, builders: Mapping[str, str], *words: str, script: Path = SCRIPT
) -> subprocess.CompletedProcess[str]:
    """Run the script where these builders, and no others, are found."""
    for name in ("docker", "podman", "buildah"):
        stub = folder / name
        stub.write_text(f"#!/bin/sh\n{builders.get(name, NOT_THERE)}\n")
        stub.chmod(0o755)
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
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


def test_it_is_labelled_with_the_commit_that_it_is_of(tmp_path: Path) -> None:
    for name in ("scripts", "bootstrap"):
        (tmp_path / "sources" / name).mkdir(parents=True)
    script = Path(shutil.copy2(SCRIPT, tmp_path / "sources" / "scripts"))
    (tmp_path / "sources" / "bootstrap" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    version = "org.opencontainers.image.version=1.2.3"
    assert labels(run(tmp_path, {"buildah": WORKS}, script=script)) == [version]
    commit = {"GIT_COMMITTER_DATE": "2026-01-02T03:04:05+00:00"}
    git(tmp_path / "sources", "init", "--quiet")
    git(tmp_path / "sources", "commit", "--allow-empty", "--quiet", "--message", "One", **commit)
    revision = git(tmp_path / "sources", "rev-parse", "HEAD")
    assert labels(run(tmp_path, {"buildah": WORKS}, script=script)) == [
        version,
        f"org.opencontainers.image.revision={revision}",
        "org.opencontainers.image.created=2026-01-02T03:04:05+00:00",
    ]


def test_labels_of_the_caller_are_added(tmp_path: Path) -> None:
    """As a release says where its sources are."""
    source = "org.opencontainers.image.source=https://example.com/it"
    done = run(tmp_path, {"buildah": WORKS}, "--label", source)
    assert labels(done)[-1] == source
    assert labels(done)[0].startswith("org.opencontainers.image.version=")


def labels(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What the builder was told."""
    words = done.stdout.splitlines()
    return [value for word, value in itertools.pairwise(words) if word == "--label"]


def git(folder: Path, *words: str, **more: str) -> str:
    """Run git as somebody who has no settings."""
    if not shutil.which("git"):
        pytest.skip("no git here")
    who = {
        f"GIT_{role}_{what}": "one@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, **who, **more}
    return subprocess.check_output(["git", "-C", str(folder), *words], env=env, text=True).strip()


def test_without_any_it_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, {"docker": CLIENT_ONLY})
    assert done.returncode == 1
    assert "apt-get install buildah" in done.stderr
