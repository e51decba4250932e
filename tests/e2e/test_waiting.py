"""Waits of the end-to-end tests, against a kubectl that answers what a real one has answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import kubectl, redisset, test_rolling, waiting
from tests.statefulset.servers import REPOSITORY

FAKE = """\
#!{python}
import pathlib, sys
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(" ".join(words) + "\\n")
asked = " ".join(word for word in words if not word.startswith("--namespace="))
for file in sorted(here.glob("*.answer")):
    wanted, _, text = file.read_text().partition("\\n")
    if wanted in asked:
        print(text)
        sys.exit(0)
sys.exit(0)
"""
BACK_OFF = "back-off 10s restarting failed container=redis pod=redis-app-4_x(1)"


def status(phase: str, **state: Any) -> dict[str, Any]:
    """What Kubernetes says of a pod called writer with one container."""
    one = {"name": "writer", "state": state, "ready": False, "restartCount": 0}
    told = {"phase": phase, "containerStatuses": [one]}
    return {"metadata": {"name": "writer"}, "status": told}


FAILED = {
    "error": status("Failed", terminated={"exitCode": 1, "reason": "Error"}),
    "crash": status("Running", waiting={"reason": "CrashLoopBackOff", "message": BACK_OFF}),
    "image": status("Pending", waiting={"reason": "ImagePullBackOff", "message": "not found"}),
    "config": status(
        "Pending", waiting={"reason": "CreateContainerConfigError", "message": "no configmap"}
    ),
    "evicted": {
        "metadata": {"name": "writer"}, "status": {"phase": "Failed", "reason": "Evicted"},
    },
}  # fmt: skip
FINE = {
    "creating": status("Pending", waiting={"reason": "ContainerCreating"}),
    "first pull": status("Pending", waiting={"reason": "ErrImagePull", "message": "timeout"}),
    "restarting": status("Running", terminated={"exitCode": 1, "reason": "Error"}),
    "running": status("Running", running={"startedAt": "2026-11-26T10:00:00Z"}),
    "done": status("Succeeded", terminated={"exitCode": 0, "reason": "Completed"}),
    "new": {"metadata": {"name": "writer"}, "status": {"phase": "Pending"}},
}


class Fake:
    """A kubectl that answers from files, and notes what it was asked."""

    def __init__(self, folder: Path) -> None:
        """Write the program."""
        self.folder = folder
        self.program = folder / "kubectl"
        self.program.write_text(FAKE.format(python=sys.executable))
        self.program.chmod(0o755)

    def answers(self, words: str, text: str) -> None:
        """From now on a call with these words prints this."""
        (self.folder / f"{words.replace('/', '_')}.answer").write_text(f"{words}\n{text}")

    @property
    def calls(self) -> list[str]:
        """What it was asked so far."""
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake(tmp_path)
    monkeypatch.setenv("KUBECTL", str(made.program))
    return made


@pytest.mark.parametrize("case", FAILED)
def test_a_pod_that_has_failed_ends_the_wait_with_its_log(fake: Fake, case: str) -> None:
    fake.answers("get pods", json.dumps({"items": [FAILED[case]]}))
    fake.answers("logs writer", "ModuleNotFoundError: No module named 'nursery'")
    with pytest.raises(waiting.PodFailedError, match="writer has failed") as seen:
        kubectl.Kubectl("here").until_nothing(
            lambda: "its log is empty", 600.0, "the writer writes"
        )
    assert "No module named 'nursery'" in str(seen.value)
    assert any("--previous" in call for call in fake.calls)


@pytest.mark.parametrize("case", FINE)
def test_a_pod_that_may_come_right_does_not(case: str) -> None:
    assert waiting.failures({"items": [FINE[case]]}) == {}


def test_sidecars_are_looked_at_too() -> None:
    one = {"name": "bootstrap", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    pod = {
        "metadata": {"name": "redis-app-0"},
        "status": {"phase": "Pending", "initContainerStatuses": [one]},
    }
    told = waiting.failures({"items": [pod]})
    assert told == {"redis-app-0": "bootstrap: CrashLoopBackOff: no message"}


def test_the_rolling_test_sees_its_writer_fail(fake: Fake) -> None:
    image = f"image: {kubectl.SHIPPED}"
    fake.answers("kustomize", image)
    fake.answers("get pods", json.dumps({"items": [FAILED["error"]]}))
    with pytest.raises(waiting.PodFailedError, match="the writer writes: writer has failed"):
        test_rolling.Writer(kubectl.Kubectl("here")).start("me/it:1")
    assert any("create configmap writer --from-file=" in call for call in fake.calls)


def test_the_set_sees_its_pods_fail(fake: Fake) -> None:
    fake.answers("get statefulset", json.dumps({"spec": {"replicas": 1}}))
    fake.answers("get pods", json.dumps({"items": []}))
    fake.answers("get pods --output=json", json.dumps({"items": [FAILED["crash"]]}))
    with pytest.raises(waiting.PodFailedError, match="CrashLoopBackOff"):
        redisset.RedisSet(kubectl.Kubectl("here")).wait_ready()


CASES = """\
import pytest

@pytest.fixture
def base(formed):
    return formed

@pytest.fixture(scope="session")
def formed(image):
    from tests.e2e.conftest import _namespace
    with _namespace("formed", "restricted") as control:
        yield control

def test_a(base): assert FAILS != "base"
def test_b(restricted): assert FAILS != "restricted"
def test_c(lenient): assert FAILS != "lenient"
"""


@pytest.mark.parametrize(
    ("keep", "fails", "kept"), [("1", "restricted", 1), ("1", "base", 1), ("", "restricted", 0)]
)
def test_only_the_namespace_of_what_failed_is_kept(
    fake: Fake, tmp_path: Path, keep: str, fails: str, kept: int
) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(f'FAILS = "{fails}"\n{CASES}')
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.e2e.conftest", str(file)],
        env={**os.environ, "E2E_IMAGE": "me/it:1", "E2E_KEEP": keep},
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("kept: namespace") == kept
    made = [call for call in fake.calls if "create --filename=-" in call]
    gone = [call for call in fake.calls if "delete namespace" in call]
    assert (len(made), len(gone)) == (3, 3 - kept)
