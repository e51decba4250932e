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


def test_a_folder_is_unpacked_as_it_was_packed(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    (original / "appendonlydir").mkdir(parents=True)
    (original / "lost+found").mkdir()
    copy.mkdir()
    texts = {"nodes.conf": b"vars currentEpoch 6\n", "appendonlydir/a.rdb": b"REDIS0011\xfa\x00"}
    for name, data in texts.items():
        (original / name).write_bytes(data)
    (original / "temp-1.rdb").write_bytes(b"half of a dump")
    packed = inside(redisset.INSIDE / "pack.py", "127.0.0.1", str(original))
    unpack = (redisset.INSIDE / "unpack.py").read_text()
    command = (sys.executable, "-c", unpack, str(copy))
    subprocess.run(command, input=json.dumps(packed), text=True, check=True)
    files = {file for file in copy.rglob("*") if file.is_file()}
    assert {str(file.relative_to(copy)): file.read_bytes() for file in files} == texts
    assert not (copy / "lost+found").exists()


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
