"""`scripts/release-notes` prints a version's notes, unless something else means another version."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.statefulset.servers import REPOSITORY

KUSTOMIZATION = "manifests/component/kustomization.yaml"
FILES = {
    "bootstrap/__init__.py": '__version__ = "1.2.3"\n',
    KUSTOMIZATION: "images:\n  - name: bootstrap\n    newTag: 1.2.3\n",
    "CHANGELOG.md": "# Changelog\n\n## 1.2.3 - a day\n\n### Added\n- This.\n\n## 1.2\n- That.\n",
}


def notes(folder: Path, tag: str, **others: str) -> subprocess.CompletedProcess[str]:
    """Run it in a repository that has these files, `others` in the place of some."""
    for name, text in {**FILES, **others}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "scripts").mkdir()
    script = shutil.copy2(REPOSITORY / "scripts" / "release-notes", folder / "scripts")
    return subprocess.run([script, tag], capture_output=True, text=True, check=False)


def test_a_versions_own_section_is_printed(tmp_path: Path) -> None:
    done = notes(tmp_path, "v1.2.3")
    assert (done.returncode, done.stdout) == (0, "## 1.2.3 - a day\n\n### Added\n- This.\n")


@pytest.mark.parametrize(
    ("tag", "others", "named"),
    [
        ("v1.2.4", {}, "bootstrap/__init__.py: expected v1.2.4, saw v1.2.3"),
        ("v1.2.3", {KUSTOMIZATION: "newTag: 1.2\n"}, f"{KUSTOMIZATION}: expected v1.2.3, saw v1.2"),
        ("v1.2.3", {"CHANGELOG.md": "## Unreleased\n- This.\n"}, 'expected a section "## 1.2.3"'),
    ],
)
def test_what_means_another_version_is_named(
    tmp_path: Path, tag: str, others: dict[str, str], named: str
) -> None:
    done = notes(tmp_path, tag, **others)
    assert (done.returncode, done.stdout) == (1, "")
    assert named in done.stderr
