"""What workflows release, and what they test it on. scripts/check has linters for the rest."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.manifests import schemas

ROOT: Final = Path(__file__).resolve().parents[2]


def scripts(file: str, job: str) -> str:
    """All that a job's steps run."""
    told = yaml.safe_load((ROOT / ".github" / "workflows" / file).read_text())["jobs"][job]
    return "\n".join(step.get("run", "") for step in told["steps"])


def run(file: str, job: str) -> str:
    """The same with one blank for each gap."""
    return " ".join(scripts(file, job).replace("\\\n", " ").split())


@pytest.mark.parametrize(
    "words",
    [
        # What is pushed, and for whom.
        "scripts/image",
        "--push --platform linux/amd64,linux/arm64",
        # What it was made of and how, and who says so.
        "--provenance mode=max --sbom true",
        'cosign sign --yes "$IMAGE"',
        'cosign verify "$IMAGE" --certificate-identity "$GITHUB_SERVER_URL/$GITHUB_WORKFLOW_REF"',
        # The base by its digest, and where the sources are.
        '--build-arg "PYTHON_IMAGE=$base@$digest"',
        '--label "org.opencontainers.image.base.digest=$digest"',
        '--label "org.opencontainers.image.source=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"',
    ],
)
def test_a_release_is_what_the_docs_promise(words: str) -> None:
    assert words in run("release.yml", "image")


def test_what_is_signed_is_what_was_pushed() -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"][
        "image"
    ]["steps"]
    (push,) = (step for step in steps if step.get("id") == "push")
    (sign,) = (step for step in steps if "cosign sign" in step.get("run", ""))
    assert steps.index(push) < steps.index(sign)
    assert sign["env"]["IMAGE"] == "${{ steps.push.outputs.image }}"
    # By digest: a tag may lead elsewhere a moment later.
    assert 'echo "image=$image@$(jq' in push["run"]


def test_nothing_is_released_that_was_not_passed() -> None:
    told = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    assert set(told["image"]["needs"]) == {"check", "e2e"}
    assert {told[name]["uses"] for name in told["image"]["needs"]} == {
        "./.github/workflows/check.yml",
        "./.github/workflows/e2e.yml",
    }
    assert told["publish"]["needs"] == "image"


@pytest.mark.parametrize(("tag", "final"), [("v1.2.3", True), ("v1.2.3-rc.1", False)])
def test_a_candidate_is_not_called_the_latest(tag: str, final: bool, tmp_path: Path) -> None:
    for program, does in (("gh", 'echo "$@"'), ("scripts/release-notes", "true")):
        file = tmp_path / program
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{does}\n")
        file.chmod(0o755)
    said = subprocess.run(
        ["bash", "-eu", "-c", scripts("release.yml", "publish")],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_REF_NAME": tag},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert said[:3] == ["release", "create", tag]
    assert ("--prerelease" in said) is not final


def test_once_a_week_everything_is_passed() -> None:
    told = yaml.safe_load((ROOT / ".github" / "workflows" / "thorough.yml").read_text())
    assert {"schedule", "workflow_dispatch"} == told[True].keys()  # YAML's reading of `on`
    script = (ROOT / "scripts" / "thorough").read_text()
    for what in told["jobs"]["run"]["strategy"]["matrix"]["what"]:
        assert f"\n  {what})" in script


def test_kubernetes_is_the_oldest_and_the_newest_with_both_kinds_of_dns() -> None:
    file = ROOT / ".github" / "workflows" / "e2e.yml"
    matrix = yaml.safe_load(file.read_text())["jobs"]["kind"]["strategy"]["matrix"]
    pairs = itertools.product(matrix["kubernetes"], matrix["dns"])
    assert len(list(pairs)) == 4
    assert [one["version"] for one in matrix["kubernetes"]] == [
        schemas.versions()[0],
        schemas.versions()[-1],
    ]
    for one in matrix["kubernetes"]:
        expected = rf"kindest/node:v{re.escape(one['version'])}\.\d+@sha256:[0-9a-f]{{64}}"
        assert re.fullmatch(expected, one["node"])
    for dns in matrix["dns"]:
        assert corefile(dns)


def test_the_two_kinds_of_dns_differ_in_what_they_remember() -> None:
    cached, uncached = corefile("cached"), corefile("uncached")
    inner = " {\n        disable success cluster.local\n        disable denial cluster.local\n    }"
    assert "    cache 30\n" in cached
    assert uncached == cached.replace("    cache 30\n", f"    cache 30{inner}\n")


def corefile(dns: str) -> str:
    told = yaml.safe_load((ROOT / "tests" / "e2e" / "coredns" / f"{dns}.yaml").read_text())
    assert (told["kind"], told["metadata"]) == (
        "ConfigMap",
        {"name": "coredns", "namespace": "kube-system"},
    )
    return str(told["data"]["Corefile"])
