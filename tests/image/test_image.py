"""The image as it is shipped: built for real, and run as a restricted pod runs it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import bootstrap
from tests.bench import machine
from tests.image import build, confinement, container
from tests.statefulset import needs, oracle, process, sets
from tests.statefulset.servers import REPOSITORY

PROBES = ("startupz", "livez", "readyz", "metrics", "statusz")
LEFT_OUT = ("PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "COVERAGE_PROCESS_START")
"""What the tests' sidecars need to run from here; the image has its own."""

Record = Callable[[str, object], None]


def test_it_says_what_it_is(image: build.Image) -> None:
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in image.config["Labels"].items()
    }
    assert labels["title"] == "bootstrap"
    assert labels["licenses"] == "MIT"
    assert labels["version"] == bootstrap.__version__
    assert labels["base.name"] == build.BASE
    assert [labels[name] for name in ("revision", "created") if name in labels] == _commit()
    assert image.config["User"] == "65532:65532"
    # A list, so that no shell has to be there to take it apart.
    assert image.config["Entrypoint"] == ["python", "-m", "bootstrap"]


def _commit() -> list[str]:
    """The commit that the sources are of, and its time; nothing where they have no history."""
    words = ["git", "-C", str(REPOSITORY), "log", "-1", "--format=%H %cI"]
    if not shutil.which("git"):
        return []
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()


def test_its_files_are_read_by_anybody_and_written_by_root(image: build.Image) -> None:
    faults = [
        f"{path} {stat.filemode(path.stat().st_mode)}"
        for path in [image.rootfs / "app", *(image.rootfs / "app").rglob("*")]
        if path.stat().st_uid != 0
        or path.stat().st_mode & 0o022
        or not path.stat().st_mode & (0o001 if path.is_dir() else 0o004)
    ]
    assert not faults
    assert not list((image.rootfs / "app").rglob("tests"))


def test_the_runbook_is_in_it(image: build.Image) -> None:
    """For `explain`: the package has a link, and what that leads to is there too."""
    entries = (image.rootfs / "app" / "bootstrap" / "runbook.md").read_text()
    assert entries == (REPOSITORY / "docs" / "runbook.md").read_text()


def test_nothing_is_compiled_when_it_starts(image: build.Image, tmp_path: Path) -> None:
    verbose = ["python", "-v", "-m", "bootstrap", "--version"]
    with container.Container(image, tmp_path / "verbose", args=verbose) as running:
        ended = running.run()
    assert ended.stdout == f"bootstrap {bootstrap.__version__}\n", ended.stderr
    assert not re.findall(r"^# code object from (.*\.py)$", ended.stderr, re.MULTILINE)
    taken = re.findall(r"^# (\S+) matches", ended.stderr, re.MULTILINE)
    assert taken
    assert all(one.startswith("/app/.pycache/") for one in taken)


def test_a_cluster_forms_with_it(
    image: build.Image, tmp_path: Path, record_property: Record
) -> None:
    needs.insecurity("a container has no volume with certificates here")
    server = needs.any_server()
    with (
        sets.LocalStatefulSet(3, server, replicas_per_shard=0) as app,
        _started(image, app) as all_,
    ):
        oracle.wait_healthy(app.pods, 60.0)
        for pod in app.pods:
            process.wait_for(lambda pod=pod: pod.http("/readyz")[0] == 200, 30.0, f"{pod} ready")  # type: ignore[misc]
        for one in all_:
            _assert_confined(one)
            shown = one.execute("python", "-m", "bootstrap", "--dry-run", "--output", "json")
            assert shown.returncode == 0, shown.stdout + shown.stderr
            assert json.loads(shown.stdout)["phase"] == "steady"
        for pod in app.pods:
            assert [pod.http(f"/{path}")[0] for path in PROBES] == [200] * len(PROBES)
        sizes = [machine.memory(one.pid) for one in all_]
        assert [pod.stop_sidecar() for pod in app.pods] == [0, 0, 0]
    record_property("measured", _words(image, sizes))


@contextlib.contextmanager
def _started(image: build.Image, app: sets.LocalStatefulSet) -> Iterator[list[container.Container]]:
    """Start servers, and a container beside each."""
    with contextlib.ExitStack() as stack:
        app.start_servers()
        containers = []
        for pod in app.pods:
            env = pod.sidecar_environment()
            for name in LEFT_OUT:
                env.pop(name, None)
            one = container.Container(image, app.folder / f"container-{pod.ordinal}", env=env)
            containers.append(stack.enter_context(one))
            pod.start_sidecar(command=one.command)
        yield containers


def _assert_confined(one: container.Container) -> None:
    status = one.status()
    assert status["Uid"].split() == [str(confinement.NOBODY)] * 4
    assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert "ro" in one.mounts()["/"]
    shells = confinement.shells(one.rootfs)
    assert shells
    assert not [path for path in shells if one.execute(path, "-c", "exit 0").returncode == 0]


def _words(image: build.Image, sizes: list[tuple[float, float]]) -> str:
    everything, ours = (_mib(image.rootfs / part) for part in (".", "app"))
    resident, proportional = sorted(sizes)[len(sizes) // 2]
    return (
        f"image: {everything:.0f} MiB unpacked, {ours:.0f} of them ours;"
        f" idle: {resident:.1f} MiB resident, {proportional:.1f} proportional"
    )


def _mib(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 2**20
