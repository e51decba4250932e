"""A process on a real terminal, as `kubectl exec -it` gives it one."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from tests.statefulset import servers

CTRL_C: Final = b"\x03"


class Terminal:
    """Starts a command with a terminal of its own, and gathers what it writes there."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], *, rows: int, columns: int
    ) -> None:
        """Start it. `env` is its whole environment, but for TERM."""
        self._ours, theirs = pty.openpty()
        self.resize(rows, columns)
        # setsid makes it the terminal's own session, so that Ctrl-C reaches it.
        self._child = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *argv],
            env={"TERM": "xterm", **env},
            cwd=servers.REPOSITORY,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._said = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, if it still runs."""
        self.press(CTRL_C)
        try:
            self._child.wait(10.0)
        except subprocess.TimeoutExpired:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait(10.0)
        os.close(self._ours)

    def resize(self, rows: int, columns: int) -> None:
        """Change the terminal's size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._ours, keys)

    def wait(self, seconds: float) -> int:
        """Wait for its end, and return the exit status."""
        status = self._child.wait(seconds)
        self._reader.join(seconds)
        return status

    @property
    def said(self) -> str:
        """All that it wrote so far, escape codes included."""
        return bytes(self._said).decode(errors="replace")

    def _read(self) -> None:
        while True:
            try:
                some = os.read(self._ours, 65536)
            except OSError:  # EIO: the other side is closed
                return
            if not some:
                return
            self._said += some
