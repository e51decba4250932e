"""`scripts/demo`, run as a person would run it; and the story that it tells."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import test_local_statefulset as local
from tests.demo import story
from tests.statefulset import needs, process, servers

SCRIPT = servers.REPOSITORY / "scripts" / "demo"
FORMED = re.compile(r"Healthy [0-9.]+ s after the last server was up")


def start(*options: str, folder: Path) -> subprocess.Popen[str]:
    """Start the demo as the environment that these tests run in would be made by it.

    Its sidecars are its own processes there, and not forks (`nursery`).
    """
    env = {name: value for name, value in os.environ.items() if name != "SIDECARS"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.demo", *options],
        env=env | {"PYTHONPATH": str(servers.REPOSITORY), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def test_six_pods_form_and_a_person_sees_it(tmp_path: Path) -> None:
    needs.server("valkey-9.1")
    with start(folder=tmp_path) as demo:
        out, err = demo.communicate(timeout=90)
    assert demo.returncode == 0, err
    assert not err
    for told in (
        r"redis-app-0 +found [1-6] of 6, and waits for the others",
        r"redis-app-0 +found 6 of 6, and forms the cluster",
        r"redis-app-2 +is given the slots 10922-16383",
        r"redis-app-3 +joined as replica of redis-app-0",
        r"redis-app-5 +healthy, nothing left to do",
        r"\n3 +10922-16383 +redis-app-2 +127\S+:6379 +redis-app-5 \(127\S+:6379\)",
        FORMED,
        r"nothing is left behind",
    ):
        assert re.search(told, out), f"{told}\n{out}"
    assert "\033" not in out
    assert not list(tmp_path.iterdir())


def test_kept_it_can_be_looked_at_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    server = needs.any_server()
    with start("--keep", "--pods", "3", "--replicas-per-shard", "0", "--server", str(server.path),
               folder=tmp_path) as demo:  # fmt: skip
        assert demo.stdout is not None
        out = "".join(iter(demo.stdout.readline, "It runs until Ctrl-C.\n"))
        assert FORMED.search(out)
        pids = children(demo.pid)
        commands = [line.strip() for line in out.splitlines() if line.startswith("    ")]
        assert len(commands) >= 4
        said = [run(command) for command in commands]
        demo.send_signal(signal.SIGINT)
        rest, err = demo.communicate(timeout=20)
    assert any("nothing to do" in text for text in said), said
    assert any("ready" in text for text in said), said
    assert (demo.returncode, err) == (0, ""), rest
    assert len(pids) == 6
    assert not any(map(local.alive, pids))
    assert not list(tmp_path.iterdir())


def run(command: str) -> str:
    """Run a command that the demo printed; it has to work as it stands."""
    done = subprocess.run(
        command, shell=True, cwd=servers.REPOSITORY, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def children(pid: int) -> list[int]:
    """Processes that this one has started, by any of its threads."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    needs.server("valkey-9.1")
    with start(folder=tmp_path) as demo:
        assert demo.stdout is not None
        process.wait_for(lambda: len(children(demo.pid)) >= 4, 30, "two pods")
        pids = children(demo.pid)
        demo.send_signal(number)
        _, err = demo.communicate(timeout=20)
    assert demo.returncode == 130
    assert "interrupted" in err
    assert not any(map(local.alive, pids))
    assert not list(tmp_path.iterdir())


def dying_server(folder: Path) -> Path:
    """Make something that says it is a server, and then is none."""
    path = folder / "valkey-server"
    path.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "Valkey server v=9.1.0" && exit\n'
        "echo no such thing; exit 1\n"
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        ("--server /bin/false", 1, "not a Redis or Valkey server"),
        ("--server /no/such/file", 1, "no program at /no/such/file; known by name: valkey-9.1"),
        ("--server {dying}", 1, "no such thing"),
        ("--pods 4", 1, "ended with status 78"),
        ("--timeout 0.01", 1, "not healthy within 0.01 s:"),
        ("--pods none", 64, "--pods"),
        ("--loud", 64, "unrecognized arguments: --loud"),
    ],
)
def test_a_failure_is_loud(tmp_path: Path, options: str, status: int, reason: str) -> None:
    needs.server("valkey-9.1")
    folder = tmp_path / "run"
    folder.mkdir()
    words = shlex.split(options.format(dying=dying_server(tmp_path)))
    with start(*words, folder=folder) as demo:
        out, err = demo.communicate(timeout=60)
    assert demo.returncode == status
    assert reason in err
    assert not FORMED.search(out)
    assert not list(folder.iterdir())


def test_the_script_finds_its_way_from_anywhere(tmp_path: Path) -> None:
    """It makes the environment, so that this is the one test that may take a download."""
    done = subprocess.run(
        [SCRIPT, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, "--keep" in done.stdout) == (0, True), done.stderr


# The story


def entry(event: str, pod: str = "app-0", at: int = 0, **facts: object) -> story.Entry:
    when = f"2026-01-01T00:00:{at:02}.5Z"
    return {"timestamp": when, "level": "info", "event": event, "pod": pod, **facts}


def told(*entries: story.Entry) -> list[tuple[str, str]]:
    return [(line.pod, line.text) for line in story.Teller("svc.x").tell(entries)]


def test_what_is_done_to_several_nodes_alike_is_one_line() -> None:
    slower = "config-set cluster-ping-interval=100 repl-diskless-sync-delay=0 (quick)"
    assert told(
        entry("done", action=f"app-0: {slower}"),
        entry("done", action=f"app-1: {slower}"),
        entry("done", action="app-1: set-config-epoch 2 (distinct)"),
        entry("done", action="app-1: meet app-2 127.0.0.3 6379 16379 (gossip)"),
        entry("done", action="app-1: meet app-3 127.0.0.4 6379 16379 (gossip)"),
    ) == [
        ("app-0", "tells 2 nodes: hurry while the cluster forms, ping every 100 ms"),
        ("app-1", "meets app-2, app-3"),
    ]


def test_a_plan_is_told_when_it_changes_for_a_person() -> None:
    waiting = entry("plan", phase="waiting", found="2 of 6", waiting="the name app-2.svc.x")
    again = entry("plan", phase="waiting", found="2 of 6", waiting="the name app-3.svc.x")
    lone = entry("plan", pod="app-1", phase="waiting", waiting="a look at app-0.svc.x; b")
    passing = entry("plan", pod="app-1", phase="waiting", waiting="handshakes with x to end")
    assert told(waiting, again, lone, passing) == [
        ("app-0", "found 2 of 6, and waits for the others"),
        ("app-1", "waits for a look at app-0"),
    ]


def test_refusals_and_troubles_are_told_whole() -> None:
    blocked = entry("plan", phase="blocked", blocked="pod-has-keys: 3 keys", fix="empty it")
    refused = {**entry("refused", action="x", reason="ERR y"), "level": "warning"}
    lines = story.Teller("svc.x").tell([blocked, refused])
    assert [(line.text, line.tone) for line in lines] == [
        ("REFUSES: pod-has-keys: 3 keys; to do: empty it", "bad"),
        ("refused: action=x reason=ERR y", "bad"),
    ]
