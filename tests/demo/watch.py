"""Follows the sidecars' logs, and shows what they tell as it happens."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from tests.demo import story
from tests.statefulset import sets

_COLOURS: Final = (36, 33, 35, 34, 32, 96, 93, 95, 94, 92)
_TONES: Final[dict[story.Tone, int]] = {"good": 32, "bad": 31}


class Screen:
    """Where the story goes; colours only where a person looks at a terminal."""

    def __init__(self, *, colours: bool, began: float, width: int) -> None:
        """`began` is the story's second 0, since the epoch; `width` that of the pods' names."""
        self._colours = colours
        self._began = began
        self._width = width

    def show(self, line: story.Line) -> None:
        """Print a line of the story."""
        ordinal = line.pod.rpartition("-")[2]
        hue = _COLOURS[int(ordinal) % len(_COLOURS)] if ordinal.isdecimal() else 0
        name = self._in(hue, line.pod.ljust(self._width))
        text = self._in(_TONES.get(line.tone, 0), line.text)
        print(f"{line.at - self._began:6.2f} s  {name}  {text}", flush=True)

    def _in(self, colour: int, text: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colours and colour else text


class Watch:
    """Reads on in every log file where it stopped the last time."""

    def __init__(self, app: sets.LocalStatefulSet, screen: Screen) -> None:
        """Nothing has been read yet."""
        subdomain = app.pods[0].fqdn.partition(".")[2]
        self._app = app
        self._screen = screen
        self._teller = story.Teller(subdomain)
        self._read: dict[Path, int] = {}
        self.phases: dict[str, str] = {}
        """What each pod was last seen to be about."""

    def show_new(self) -> None:
        """Show all that was logged since the last time, in the order in which it happened."""
        logs = [sidecar.out for pod in self._app.pods for sidecar in pod.sidecars]
        lines = [line for log in logs for line in self._teller.tell(self._entries(log))]
        for line in sorted(lines, key=lambda line: line.at):
            self._screen.show(line)

    def _entries(self, file: Path) -> list[dict[str, Any]]:
        with file.open("rb") as log:
            log.seek(self._read.get(file, 0))
            whole, newline, _begun = log.read().rpartition(b"\n")
        self._read[file] = self._read.get(file, 0) + len(whole) + len(newline)
        entries = [entry for text in whole.splitlines() if (entry := _entry(text)) is not None]
        self.phases |= {one["pod"]: one["phase"] for one in entries if one["event"] == "plan"}
        return entries


def _entry(text: bytes) -> dict[str, Any] | None:
    """Return a line of the log; None for what somebody else may have printed in between."""
    try:
        entry = json.loads(text)
    except ValueError:
        print(text.decode(errors="replace"), file=sys.stderr)
        return None
    return entry if isinstance(entry, dict) else None
