"""Child processes that never outlive us.

The kernel kills each child when its parent dies (PR_SET_PDEATHSIG), so that even SIGKILL of the
test process leaves nothing behind. That signal is tied to the *thread* that made the child:
every child is therefore made by one thread that lives as long as this process, and any
thread may ask for one.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.statefulset import nursery

PR_SET_PDEATHSIG: Final = 1
STILL_OURS: Final = 'test "$PPID" = "$1" && shift && exec "$@"'
"""Run a program only if the parent is alive once the leash is on: nobody else would tell."""
POLL: Final = 0.005
"""Seconds between two looks at a condition."""

Result = TypeVar("Result")


def wait_for(condition: Callable[[], Result], timeout: float, what: str) -> Result:
    """Poll until the condition is true, and return its value; TimeoutError after `timeout` s."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}")
        time.sleep(POLL)
    return value


class Child:
    """One child process, its output in files."""

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, out: Path, err: Path
    ) -> None:
        """Start it; OSError when the program cannot be run. Output is appended to the files."""
        self.argv = tuple(argv)
        self.out = out
        self.err = err
        self._popen = _start(self.argv, env, cwd, out, err)
        self.pid = self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended; a paused process is running."""
        return self._popen.poll() is None

    @property
    def status(self) -> int | None:
        """The exit status; minus the signal's number when one killed it, None while it runs."""
        return self._popen.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(number)

    def pause(self) -> None:
        """Stop it where it stands: it keeps its sockets and answers nothing."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self.send(signal.SIGCONT)

    def wait(self, timeout: float) -> int:
        """Return the exit status; subprocess.TimeoutExpired when it has not ended by then."""
        return self._popen.wait(timeout)

    def stop(self, number: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> int:
        """Send the signal, after `grace` seconds SIGKILL; return the exit status."""
        self.send(number)
        try:
            return self.wait(grace)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return self.wait(grace)


def stop_all(children: Iterable[Child], grace: float) -> None:
    """End children together: SIGTERM, and SIGKILL for who is there after `grace` s in all.

    Without a grace there is no SIGTERM: they have no time to do anything.
    """
    alive = [child for child in children if child.running]
    for child in alive if grace else ():
        child.send(signal.SIGTERM)
        child.resume()
    deadline = time.monotonic() + grace
    for child in alive if grace else ():
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
    for child in alive:
        child.send(signal.SIGKILL)
    for child in alive:
        child.wait(timeout=10.0)


def tail(path: Path, lines: int = 20) -> str:
    """Return the last lines of a file, for messages; empty when there is no such file."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


@functools.cache
def _spawner() -> futures.ThreadPoolExecutor:
    """Return the one thread that makes children; its end, at our exit, ends them all."""
    return futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def _leash() -> Callable[[], None]:
    libc = ctypes.CDLL(None)  # Loaded here: after the fork, as little as possible is done.
    parent = os.getpid()

    def put_on() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return put_on


def _start(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, out: Path, err: Path
) -> subprocess.Popen[bytes] | nursery.Forked:
    out.touch()
    err.touch()
    module = nursery.module_of(argv, env)
    if module is not None:
        return _nursery().fork(module, argv[3:], env=dict(env), cwd=cwd, out=out, err=err)
    with out.open("ab") as stdout, err.open("ab") as stderr:
        files = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": stderr}
        return _spawner().submit(_spawn, argv, env=env, cwd=cwd, **files).result()


@functools.cache
def _nursery() -> nursery.Nursery:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    return nursery.Nursery(_spawner().submit(_spawn, nursery.command(), env=env, **pipes).result())


def _spawn(argv: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
    # setpriv and sh (1 ms each) execute the program in their own place, so the pid is the
    # program's. They spare us code between fork and exec, which may deadlock where other threads
    # hold locks; that is only for systems without util-linux.
    setpriv = shutil.which("setpriv")
    check = ("sh", "-c", STILL_OURS, "leash", str(os.getpid()))
    leash = [setpriv, "--pdeathsig", "KILL", "--", *check] if setpriv else []
    return subprocess.Popen(
        [*leash, *argv],
        process_group=0,  # A Ctrl-C on the terminal is ours to handle, not theirs.
        preexec_fn=None if setpriv else _leash(),  # noqa: PLW1509 - see above
        **more,
    )
