"""What a pod of the tests runs is complete: the image's Python and libraries suffice for it."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import pod_code, redisset, test_rolling

SCRIPTS = sorted(redisset.INSIDE.glob("*.py"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like /app of the image: bootstrap, and the libraries that it is pinned to."""
    folder = tmp_path_factory.mktemp("app")
    pins = (pod_code.ROOT / "constraints" / "runtime.txt").read_text()
    for name in re.findall(r"^([a-z-]+)==(?!.* ; python_full_version)", pins, re.MULTILINE):
        for file in importlib.metadata.files(name) or ():
            top = file.parts[0]
            if not top.endswith(".dist-info") and not (folder / top).exists():
                (folder / top).symlink_to(
                    Path(str(file.locate())).parents[len(file.parts) - 1] / top
                )
    (folder / "bootstrap").symlink_to(pod_code.ROOT / "bootstrap")
    return folder


def run(archive: Path, image: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an archive as the image does: with its libraries alone, and no other place to look."""
    environment = {"PYTHONPATH": str(image), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-S", str(archive), *words],
        env=environment, cwd=archive.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_imports_all_that_it_needs_in_an_empty_interpreter(
    script: Path, image: Path, tmp_path: Path
) -> None:
    archive = tmp_path / test_rolling.ARCHIVE
    archive.write_bytes(pod_code.archive(script))
    done = run(archive, image)
    # It wants arguments, which it looks at once everything is imported.
    assert "IndexError" in done.stderr
    assert "ModuleNotFoundError" not in done.stderr


def test_a_file_that_is_missing_is_seen(image: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import tests.nowhere\n")
    archive = tmp_path / test_rolling.ARCHIVE
    archive.write_bytes(pod_code.archive(broken))
    assert "ModuleNotFoundError" in run(archive, image).stderr


def test_nothing_of_the_image_is_carried_along() -> None:
    carried = pod_code.files(test_rolling.SCRIPT)
    assert "tests/statefulset/nursery.py" in carried
    assert not [name for name in carried if name.startswith("bootstrap")]
    assert pod_code.archive(test_rolling.SCRIPT) == pod_code.archive(test_rolling.SCRIPT)
