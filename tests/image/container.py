"""Containers of the image, run by crun as a restricted pod's are."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from tests.image import build, confinement, tools

CRUN: Final = """\
mount -t tmpfs none /sys/fs/cgroup 2>/dev/null || true
exec crun --cgroup-manager=disabled --root "$0" "$@"
"""
"""Control groups are of no use here. Where we run in a container ourselves none can be made, and
crun does not even start where it sees both of their versions: it is shown none."""


class Container:
    """One container: a context manager, so that nothing of it is left behind."""

    def __init__(
        self,
        image: build.Image,
        folder: Path,
        *,
        args: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Write its bundle into the folder; `args` go in the place of the image's own command."""
        command = list(args or [*image.config["Entrypoint"], *image.config.get("Cmd", [])])
        told = confinement.specification(image.rootfs, command, {**image.env, **(env or {})})
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(told))
        self.name = f"bootstrap-{os.getpid()}-{folder.name}"
        self.command = (*_crun(folder), "run", "--bundle", str(folder), self.name)
        self.rootfs = image.rootfs
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # It ends with its process; only where that was killed there is something to do.
        gone = [*_crun(self._folder), "delete", "--force", self.name]
        subprocess.run(gone, capture_output=True, check=False)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(self.command, capture_output=True, text=True, check=False)

    def execute(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run another command in it, as `kubectl exec` does."""
        words = [*_crun(self._folder), "exec", self.name, *argv]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    @property
    def pid(self) -> int:
        """The first process in it, by its number outside."""
        state = json.loads(tools.run([*_crun(self._folder), "state", self.name]))
        return int(state["pid"])

    def status(self) -> dict[str, str]:
        """Return what the kernel says of that process."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def mounts(self) -> dict[str, frozenset[str]]:
        """Return the options of each mount that it sees."""
        lines = Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines()
        fields = (line.split() for line in lines)
        return {words[4]: frozenset(words[5].split(",")) for words in fields}


def _crun(folder: Path) -> tuple[str, ...]:
    return ("unshare", "--mount", "sh", "-c", CRUN, str(folder.parent / "crun"))
