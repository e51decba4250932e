"""`status --wait` and `status --watch`: how they print, and how they end."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.formation import forming
from tests.shell import alone
from tests.statefulset import pod as pods
from tests.statefulset import servers, sets, terminal

HOME, CLEAR, GREEN = "\x1b[H", "\x1b[2J", "\x1b[32m"


@contextlib.contextmanager
def formed() -> Iterator[sets.LocalStatefulSet]:
    """One pod that is a whole cluster."""
    with alone.one_pod() as app:
        app.start_servers()
        app.start_sidecars()
        forming.wait_ready(app.pods)
        yield app


@contextlib.contextmanager
def watched(
    one: pods.Pod,
    rows: int = 40,
    columns: int = 200,
    env: Mapping[str, str] | None = None,
) -> Iterator[terminal.Terminal]:
    """The command on a terminal."""
    command = [sys.executable, "-m", "bootstrap", "status", "--watch"]
    environment = one.sidecar_environment(env)
    with terminal.Terminal(command, environment, rows=rows, columns=columns) as screen:
        yield screen


def wait_frames(screen: terminal.Terminal, many: int) -> list[str]:
    """The frames, once there are so many; the last one may not be whole yet."""
    forming.until(lambda: screen.said.count(HOME) > many, lambda: screen.said)
    return screen.said.split(HOME)[1:]


def test_all_is_well_at_once() -> None:
    with formed() as app:
        waiting = app[0].start_sidecar(["status", "--wait"])
        assert waiting.wait(forming.LONG) == 0
        first, empty, second, *_ = waiting.output().splitlines()
        assert re.fullmatch(rf"after \d+ s: {re.escape(second)}", first)
        assert (empty, second.partition(":")[0]) == ("", "HEALTHY")


def test_with_json_stdout_has_json_only() -> None:
    with formed() as app:
        waiting = app[0].start_sidecar(["status", "--wait", "--output", "json"])
        assert waiting.wait(forming.LONG) == 0
        assert waiting.output().startswith("{")
        assert waiting.errors().startswith("after ")
        assert waiting.errors().count(" s: HEALTHY: ") == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_wait_ends_by_a_signal(number: signal.Signals, status: int) -> None:
    with alone.one_pod(size=6) as app:
        app[0].start_server()
        waiting = app[0].start_sidecar(["status", "--wait"])
        forming.until(lambda: "after " in waiting.output(), waiting.output)
        assert waiting.stop(number) == status
        assert waiting.errors() == ""


def test_a_wait_ends_with_its_time_and_the_status_of_the_last_look() -> None:
    with formed() as app:
        waiting = app[0].start_sidecar(["status", "--wait", "--shards", "3", "--timeout", "1s"])
        assert waiting.wait(forming.LONG) == 2
        assert (
            " Wish: not all nodes show 3 shards: redis-app-0 reads no wish.\n" in waiting.output()
        )
        assert waiting.output().splitlines()[-1].startswith("exit status 2 all the same: not all")
        app[0].kill_server()
        waiting = app[0].start_sidecar(["status", "--wait"], env={"BOOTSTRAP_TIMEOUT": "1s"})
        assert waiting.wait(forming.LONG) == 1


def test_a_wait_ends_with_a_refusal() -> None:
    with alone.one_pod() as app:
        app.start_servers()
        app[0].ask("CLUSTER", "ADDSLOTS", 1)
        waiting = app[0].start_sidecar(["status", "--wait", "--timeout", "1h"])
        assert waiting.wait(forming.LONG) == 3
        assert "BLOCKED " in waiting.output()


def test_it_waits_until_all_is_well() -> None:
    with alone.one_pod() as app:
        waiting = app[0].start_sidecar(["status", "--wait"])
        forming.until(lambda: "after " in waiting.output(), waiting.output)
        app.start_servers()
        app.start_sidecars()
        assert waiting.wait(forming.LONG) == 0, waiting.output()
        said = [line for line in waiting.output().splitlines() if line.startswith("after ")]
        assert len(said) > 1
        assert " s: HEALTHY: 1 node, 1 shard. " in said[-1]


def test_a_terminal_is_redrawn_in_place() -> None:
    with formed() as app, watched(app[0]) as screen:
        first, second, *_ = wait_frames(screen, 2)
        assert screen.said.startswith(CLEAR + HOME)
        assert CLEAR not in first + second
        assert first.startswith(f"{GREEN}HEALTHY\x1b[0m: 1 node, 1 shard. ")
        assert first.endswith("Ctrl-C ends it\x1b[K\x1b[J")
        # What changes is seen, in the same place.
        app[0].kill_server()
        forming.until(
            lambda: f"{HOME}\x1b[31mACT" in screen.said or f"{HOME}\x1b[33mWAIT" in screen.said,
            lambda: screen.said,
        )
        screen.press(terminal.CTRL_C)
        assert screen.wait(forming.LONG) == 0
        assert "Traceback" not in screen.said


def test_a_small_terminal_never_scrolls() -> None:
    with formed() as app, watched(app[0], rows=6, columns=30) as screen:
        first, *_ = wait_frames(screen, 1)
        lines = first.split("\r\n")
        assert len(lines) == 6
        assert lines[-1].startswith("... and ")
        screen.resize(50, 200)
        forming.until(lambda: "Ctrl-C ends it" in screen.said, lambda: screen.said)


@pytest.mark.parametrize(
    ("name", "value", "drawn"), [("NO_COLOR", "1", True), ("TERM", "dumb", False)]
)
def test_colours_are_left_out_where_they_are_not_wanted(name: str, value: str, drawn: bool) -> None:
    with formed() as app, watched(app[0], env={name: value}) as screen:
        forming.until(lambda: "Ctrl-C ends it" in screen.said, lambda: screen.said)
        assert GREEN not in screen.said
        assert (HOME in screen.said) is drawn
        assert ("\x1b" in screen.said) is drawn


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_without_a_terminal_there_are_blocks_without_escape_codes(
    number: signal.Signals, status: int
) -> None:
    with formed() as app:
        watching = app[0].start_sidecar(["status", "--watch"])
        forming.until(lambda: watching.output().count("HEALTHY: ") > 1, watching.output)
        assert watching.stop(number) == status
        assert watching.errors() == ""
        assert "\x1b" not in watching.output()
        assert "Ctrl-C ends it\n\nHEALTHY: " in watching.output()


def test_a_reader_that_ends_is_no_error() -> None:
    with formed() as app:
        command = [sys.executable, "-m", "bootstrap", "status", "--watch"]
        with subprocess.Popen(
            command,
            env=app[0].sidecar_environment(),
            cwd=servers.REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            assert child.stdout.readline().startswith(b"HEALTHY: ")
            child.stdout.close()
            assert child.wait(forming.LONG) == 1
            assert child.stderr.read() == b""
