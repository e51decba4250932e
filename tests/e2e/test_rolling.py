"""Pods are replaced one by one while somebody writes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e import kubectl, pod_code, redisset

ROLLED: Final = 1200.0
"""Seconds for all pods to be replaced, each of which may take its minute to stop."""
ENDED: Final = 120.0
"""Seconds for the writer to look for all that it wrote."""
SCRIPT: Final = redisset.INSIDE / "write.py"
ARCHIVE: Final = "writer.pyz"
FOLDER: Final = Path(__file__).parent / "writer"
END: Final = "import os, signal; os.kill(1, signal.SIGTERM)"

Record = Callable[[str, object], None]


class Writer:
    """The tests' writer in a pod of its own."""

    def __init__(self, control: kubectl.Kubectl) -> None:
        """Nothing is made yet."""
        self._kubectl = control

    def start(self, image: str) -> None:
        """Make the pod, and wait until something was written."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / ARCHIVE
            file.write_bytes(pod_code.archive(SCRIPT))
            self._kubectl("create", "configmap", "writer", f"--from-file={file}")
        self._kubectl.apply(FOLDER, image)
        self._kubectl.until_nothing(self._silent, redisset.FORMED, "the writer writes")

    def _silent(self) -> str:
        try:
            return "" if "writing" in self._log() else "its log is empty"
        except kubectl.KubectlError as error:
            return str(error)

    def _log(self) -> list[str]:
        return self._kubectl("logs", "writer").splitlines()

    def finish(self) -> dict[str, Any]:
        """Let it stop, look for what it wrote, and say what it found."""
        self._kubectl("exec", "writer", "--", "python", "-c", END)
        self._kubectl.until_nothing(self._running, ENDED, "the writer ends")
        told: dict[str, Any] = json.loads(self._log()[-1])
        return told

    def _running(self) -> str:
        phase = self._kubectl.json("get", "pod/writer")["status"]["phase"]
        return "" if phase == "Succeeded" else f"its phase is {phase}"

    def close(self) -> None:
        """Remove what was made."""
        self._kubectl("delete", "pod/writer", "configmap/writer", "--ignore-not-found")


@pytest.fixture
def writer(base: redisset.RedisSet, image: str) -> Iterator[Writer]:
    """A writer that is at work."""
    made = Writer(base.kubectl)
    try:
        made.start(image)
        yield made
    finally:
        made.close()


def test_a_rolling_restart_loses_no_acknowledged_write(
    base: redisset.RedisSet, writer: Writer, record_property: Record
) -> None:
    before = base.pods()
    base.kubectl("rollout", "restart", f"statefulset/{base.name}")
    base.wait_ready(other_than=before.values(), timeout=ROLLED)
    base.wait_healthy()
    told = writer.finish()
    record_property("measured", f"rolling restart: longest gap {told['longest']:.2f} s")
    assert told["acknowledged"] > 0
    assert told["lost"] == [], told["report"]
    assert base.missing("base") == []
