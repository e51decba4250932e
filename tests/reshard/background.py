"""What a test does beside all else, over and over."""

from __future__ import annotations

import threading
from typing import Self


class Background:
    """Calls `turn` with a pause before each call, until it is left. A context manager."""

    pause = 0.02
    """Seconds."""

    def __init__(self) -> None:
        """Do nothing yet."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped.set()
        self._thread.join()

    def turn(self) -> None:
        """Do it once."""
        raise NotImplementedError

    def _run(self) -> None:
        while not self._stopped.wait(self.pause):
            self.turn()
