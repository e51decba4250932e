"""What the tests run inside of pods, run on a cluster here: it needs no Kubernetes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import redisset
from tests.e2e.inside import write
from tests.statefulset import answers, needs, oracle, process, servers, sets, views


@pytest.fixture(scope="module")
def app() -> Iterator[sets.LocalStatefulSet]:
    """Three primaries."""
    needs.insecurity("what runs inside of pods knows no certificates")
    with sets.LocalStatefulSet(3, needs.any_server(), replicas_per_shard=0) as made:
        made.start_servers()
        made.start_sidecars()
        oracle.wait_healthy(made.pods, 60.0)
        yield made


def inside(script: Path, *arguments: str) -> Any:
    """Run a script as `kubectl exec` does in a pod."""
    words = (sys.executable, "-c", script.read_text(), *arguments)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_answers_make_the_view_that_is_had_from_outside(app: sets.LocalStatefulSet) -> None:
    pod = app[1]
    told = inside(Path(answers.__file__), pod.address)
    seen = views.build(pod.name, f"{pod.address}:{pod.port}", told)
    assert seen == views.read(pod)


def test_keys_that_are_gone_are_named(app: sets.LocalStatefulSet) -> None:
    script = redisset.INSIDE / "keys.py"
    assert inside(script, app[0].address, "missing", "k", "3") == ["k:0", "k:1", "k:2"]
    assert inside(script, app[0].address, "fill", "k", "3") == []
    assert inside(script, app[1].address, "missing", "k", "4") == ["k:3"]


def test_the_writer_tells_what_was_lost(app: sets.LocalStatefulSet, tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    command = [sys.executable, "-m", write.__name__, app[0].address, str(app[0].port)]
    running = process.Child(command, env={}, cwd=servers.REPOSITORY, out=out, err=err)
    process.wait_for(lambda: "writing" in out.read_text(), 30.0, "the writer writes")
    for pod in app.pods:
        pod.ask("FLUSHALL")
    running.send(signal.SIGTERM)
    assert running.wait(60.0) == 0, err.read_text()
    told = json.loads(out.read_text().splitlines()[-1])
    assert told["acknowledged"] > 0
    assert 0 in told["lost"]
    assert f"{told['acknowledged']} writes" in told["report"]
