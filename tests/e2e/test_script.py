"""`scripts/e2e` says what it lacks before any test starts. It needs no Kubernetes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.statefulset.servers import REPOSITORY

UNREACHABLE = """\
#!/bin/sh
echo "Kustomize Version: v5.5.0"
case "$*" in *--client*) ;; *) echo "connection refused" >&2; exit 1 ;; esac
"""


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    script = REPOSITORY / "scripts" / "e2e"
    return subprocess.run([script, *words], env=env, capture_output=True, text=True, check=False)


def test_an_image_has_to_be_named() -> None:
    done = run("-k", "idle")
    assert done.returncode == 64
    assert "which image?; usage: scripts/e2e --image NAME" in done.stderr


def test_a_cluster_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    stub = tmp_path / "kubectl"
    stub.write_text(UNREACHABLE)
    stub.chmod(0o755)
    done = run("--image", "me/it:1", KUBECTL=str(stub), KUBECONFIG="/nowhere")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "connection refused" in done.stderr
    assert "expected a cluster where KUBECONFIG (/nowhere) says" in done.stderr
