"""`python -m bootstrap explain CODE`: the runbook's entry, where no browser is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.config.errors import Exit
from bootstrap.plan.codes import Code
from bootstrap.show import causes, runbook
from tests.statefulset.servers import REPOSITORY


def ask(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask as in a pod: no settings, no server, another folder."""
    return subprocess.run(
        [sys.executable, "-m", "bootstrap", "explain", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def test_an_entry_is_printed_without_any_settings(tmp_path: Path) -> None:
    answer = ask(tmp_path, "lost-slots")
    assert (answer.returncode, answer.stderr) == (Exit.REACHED, "")
    assert answer.stdout.startswith("lost-slots\n\n**Meaning.** ")
    assert "**How it ends.**" in answer.stdout


def test_every_code_that_the_code_has_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    known = {*Code, *causes.ACTS}
    for code in known:
        assert runbook.explain(code) is Exit.REACHED
        assert capsys.readouterr().out.startswith(f"{code}\n")


def test_without_a_code_all_of_them_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert runbook.explain(None) is Exit.REACHED
    lines = capsys.readouterr().out.splitlines()
    known = runbook.entries(runbook.RUNBOOK.read_text())
    assert [line.split()[0] for line in lines] == list(known)
    assert all(line.endswith(".") and len(line.split()) > 3 for line in lines)


def test_an_unknown_code_is_a_fault_of_usage_with_near_ones(tmp_path: Path) -> None:
    near, far = ask(tmp_path, "lost-slot"), ask(tmp_path, "zzzz")
    assert (near.returncode, far.returncode) == (Exit.USAGE, Exit.USAGE)
    assert "did you mean lost-slots" in near.stderr
    assert "did you mean" not in far.stderr
    assert "python -m bootstrap explain" in far.stderr


def test_other_commands_take_no_code(tmp_path: Path) -> None:
    wrong = subprocess.run(
        [sys.executable, "-m", "bootstrap", "status", "lost-slots"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert wrong.returncode == Exit.USAGE
    assert "status takes no code" in wrong.stderr


def test_the_runbook_goes_wherever_the_package_goes() -> None:
    """The package has a link to the one text; image and wheel are told of what it leads to."""
    link = REPOSITORY / "bootstrap" / "runbook.md"
    assert link.is_symlink()
    assert link.resolve() == REPOSITORY / "docs" / "runbook.md"
    assert (
        "\nCOPY docs/runbook.md /app/docs/runbook.md\n" in (REPOSITORY / "Dockerfile").read_text()
    )
    assert "!docs/runbook.md" in (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert 'bootstrap = ["runbook.md"]' in (REPOSITORY / "pyproject.toml").read_text()
