"""Sets whose number of shards is wished by a file, as a ConfigMap volume has it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import kubelet, pod, sets

SERVERS: Final = ("valkey-9.1", "redis-8.10")
"""Those that move slots by themselves."""
OFTEN: Final = {"BOOTSTRAP_INTERVAL": "1"}


class Wish:
    """The file, which all pods of a set read, and files of single pods."""

    def __init__(self, folder: Path) -> None:
        """Nothing is wished yet."""
        self.file = folder / "shards"

    @property
    def env(self) -> dict[str, str]:
        """What the sidecars are told."""
        return {**OFTEN, "BOOTSTRAP_SHARDS_FILE": str(self.file)}

    def state(self, wish: str) -> None:
        """Replace the file at once, as the kubelet does."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{wish}\n")
        new.replace(self.file)


@contextlib.contextmanager
def formed(name: str, folder: Path, **more: Any) -> Iterator[tuple[sets.LocalStatefulSet, Wish]]:
    """Six pods, three shards, with keys; three shards are wished."""
    wish = Wish(folder)
    wish.state("3")
    with keeping.formed(name, sidecar_env=wish.env, **more) as app:
        yield app, wish


def scale_out(app: sets.LocalStatefulSet, many: int) -> list[pod.Pod]:
    """Add pods and start them, as a Parallel StatefulSet does."""
    new = [app.add_pod() for _ in range(many)]
    kubelet.start(new)
    return new


def follows(one: pod.Pod, primary: pod.Pod) -> bool:
    """Whether a pod is a linked replica of another."""
    said = one.ask("INFO", "replication")
    return (said["role"], said.get("master_host"), said.get("master_link_status")) == (
        "slave",
        primary.address,
        "up",
    )


def wait_follows(one: pod.Pod, primary: pod.Pod) -> None:
    """Wait for that."""
    forming.until(
        lambda: follows(one, primary), lambda: (one.cluster_nodes(), one.sidecar.log()[-2:])
    )
