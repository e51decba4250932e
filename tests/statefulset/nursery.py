"""Sidecars forked from a process that has imported what they import.

Python takes 0.26 s of processor time to import it all, and tests of formation and keeping start some
three thousand sidecars. With SIDECARS=forked each of them is a fork of one process that has done
that, and from there on runs as `python -m bootstrap` does. Without, each is started as in a pod.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import bootstrap

WANTED: Final = os.environ.get("SIDECARS") == "forked"
MODULES: Final = ("bootstrap", "tests.formation.killer")
_PYTHON: Final = ("PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONFAULTHANDLER")
"""What every sidecar of the tests has in its environment, and this process too."""
_OUTPUTS: Final = ((1, "out"), (2, "err"))
PR_SET_PDEATHSIG: Final = 1


def module_of(argv: Sequence[str], env: Mapping[str, str]) -> str | None:
    """Return the module that a command runs, if it would not run otherwise as a fork."""
    python, *rest = argv
    plain = all(not name.startswith(("PYTHON", "COVERAGE_")) or name in _PYTHON for name in env)
    if WANTED and plain and python == sys.executable and rest[:1] == ["-m"]:
        return rest[1] if rest[1] in MODULES else None
    return None


class Forked:
    """What tests need of subprocess.Popen, for a process that is a grandchild of ours."""

    def __init__(self, pid: int) -> None:
        """It has just been forked."""
        self.pid = pid
        self._status = 0
        self._ended = threading.Event()

    def end(self, status: int) -> None:
        """Its end was reported, with its status, or minus the number of a signal."""
        self._status = status
        self._ended.set()

    def poll(self) -> int | None:
        """Return its status; None while it runs."""
        return self._status if self._ended.is_set() else None

    def wait(self, timeout: float) -> int:
        """Return its status; subprocess.TimeoutExpired when it has not ended by then."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("a forked sidecar", timeout)
        return self._status

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self._ended.is_set():
            os.kill(self.pid, number)


class Nursery:
    """The process that forks, as those see it who want something forked."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """`process` runs this module, with pipes to and from it."""
        self._process = process
        self._turn = threading.Lock()
        self._born = threading.Semaphore(0)
        self._last: Forked | None = None
        self._alive: dict[int, Forked] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def fork(self, module: str, args: Sequence[str], **where: Any) -> Forked:
        """Have the module run; `where` are its `env`, `cwd`, and what it writes `out` and `err` to."""
        asked = json.dumps({"module": module, "args": list(args), **where}, default=str)
        with self._turn:
            assert self._process.stdin is not None
            self._process.stdin.write(f"{asked}\n".encode())
            self._process.stdin.flush()
            self._born.acquire()
            if self._last is None:
                raise ChildProcessError("the process that forks has ended; its words are above")
            return self._last

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            pid, status = json.loads(line)
            if status is None:
                self._last = self._alive[pid] = Forked(pid)
                self._born.release()
            else:
                self._alive.pop(pid).end(status)
        # It has ended, as all do that it has forked: nothing comes of a question any more.
        self._last = None
        self._born.release()


def command() -> list[str]:
    """Return how the process that forks is started."""
    return [sys.executable, "-u", "-m", __name__]


def _serve() -> dict[str, Any]:
    """Fork whenever that is asked for, and report ends; returns in each fork what it is to be."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(0, selectors.EVENT_READ)
        children: dict[int, int] = {}
        rest = b""
        while True:
            for key, _ in waiting.select():
                if key.fd in children:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    pid, status = os.waitpid(children.pop(key.fd), 0)
                    _say(pid, os.waitstatus_to_exitcode(status))
                    continue
                got = os.read(0, 1 << 16)
                if not got:
                    sys.exit(0)
                *lines, rest = (rest + got).split(b"\n")
                for line in lines:
                    pid = os.fork()
                    if not pid:
                        return dict(json.loads(line))
                    opened = os.pidfd_open(pid)
                    children[opened] = pid
                    waiting.register(opened, selectors.EVENT_READ)
                    _say(pid, None)


def _say(pid: int, status: int | None) -> None:
    os.write(1, f"{json.dumps([pid, status])}\n".encode())


def _become(asked: dict[str, Any], parent: int) -> None:
    """Be as a process that was started so, but for what has been imported."""
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    files = {0: (os.devnull, os.O_RDONLY)}
    files |= {fd: (asked[name], os.O_WRONLY | os.O_APPEND | os.O_CREAT) for fd, name in _OUTPUTS}
    for fd, (path, flags) in files.items():
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, fd)
        os.close(opened)
    faulthandler.enable()  # as PYTHONFAULTHANDLER does for one that is started
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv = [asked["module"], *asked["args"]]


if __name__ == "__main__":
    # What this process is for. A sidecar loads most of it late, and some of it never.
    for one in ("hmac", "structlog", "tenacity"):
        importlib.import_module(one)
    for found in pkgutil.walk_packages(bootstrap.__path__, "bootstrap."):
        if found.name != "bootstrap.__main__":
            importlib.import_module(found.name)
    # Else the first collection of each fork would copy all of it.
    gc.freeze()

    us = os.getpid()
    _become(_serve(), us)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
