"""Sets whose number of shards is wished by a file, as a ConfigMap volume has it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import redis.crc

from bootstrap.model import migration
from bootstrap.redis import parse
from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import kubelet, pod, sets

SERVERS: Final = ("valkey-9.1", "redis-8.10")
"""Those that move slots by themselves."""
OFTEN: Final = {"BOOTSTRAP_INTERVAL": "1"}
MOVED: Final = range(4096, 5461)
"""Slots that the first shard of three gives to a fourth."""


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
def formed(
    name: str, folder: Path, env: Mapping[str, str] | None = None, **more: Any
) -> Iterator[tuple[sets.LocalStatefulSet, Wish]]:
    """Six pods, three shards, with keys; three shards are wished."""
    wish = Wish(folder)
    wish.state("3")
    with keeping.formed(name, sidecar_env={**(env or {}), **wish.env}, **more) as app:
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


def slowly(some: Sequence[pod.Pod], *, slow: bool = True) -> None:
    """Let each key take a second that moves away from these pods' nodes, or no time again."""
    for one in some:
        one.ask("CONFIG", "SET", "rdb-key-save-delay", 1_000_000 * slow)


def moves(one: pod.Pod) -> list[migration.Migration]:
    """The moves that run, as a pod's node lists them."""
    words = (
        ("CLUSTER", "GETSLOTMIGRATIONS")
        if one.server.valkey
        else ("CLUSTER", "MIGRATION", "STATUS", "ALL")
    )
    return [found for found in parse.migrations(one.ask(*words), 0.0) if found.running]


def wait_moving(app: sets.LocalStatefulSet) -> tuple[pod.Pod, pod.Pod]:
    """Wait until slots move; return the source and the target."""
    found: list[tuple[pod.Pod, pod.Pod]] = []

    def moving() -> bool:
        pods = {one.node_id(): one for one in app.pods}
        for one in app.pods:
            found.extend(
                (pods[move.source_id], pods[move.target_id])
                for move in moves(one)
                if move.source_id
            )
        return bool(found)

    forming.until(moving, lambda: [forming.last(one) for one in app.pods])
    return found[0]


def wait_even(app: sets.LocalStatefulSet, shards: int) -> None:
    """Wait until so many nodes own all slots evenly, and every sidecar is content."""
    least = 16384 // shards

    def even() -> bool:
        many = owned(app).values()
        return len(many) == shards and set(many) <= {least, least + 1}

    forming.until(even, lambda: (owned(app), [forming.last(one) for one in app.pods]))
    forming.until(
        lambda: all(forming.phase(one) == "steady" for one in app.pods),
        lambda: [forming.last(one) for one in app.pods],
    )
    forming.wait_ready(app.pods)


def owned(app: sets.LocalStatefulSet) -> dict[int, int]:
    """How many slots each pod's node says that it owns, by ordinal; those with none are left out."""
    found = {}
    for one in app.pods:
        (line,) = [line for line in one.cluster_nodes().splitlines() if "myself" in line]
        spans = [span.partition("-") for span in line.split()[8:] if not span.startswith("[")]
        count = sum(int(last or first) - int(first) + 1 for first, _, last in spans)
        if count:
            found[one.ordinal] = count
    return found


def waits(one: pod.Pod) -> str:
    """What a pod's sidecar waits for now."""
    return str(forming.last(one).get("waiting"))


def wait_waits(app: sets.LocalStatefulSet, *words: str) -> None:
    """Wait until a sidecar waits for something with all these words."""
    forming.until(
        lambda: any(all(word in waits(one) for word in words) for one in app.pods),
        lambda: [forming.last(one) for one in app.pods],
    )


def looks(some: list[pod.Pod], *, more: int = 3) -> None:
    """Wait until each of these sidecars has looked some more times."""
    name = "bootstrap_ticks_total"
    before = [forming.metric(one, name) for one in some]
    forming.until(
        lambda: all(
            forming.metric(one, name) >= early + more
            for one, early in zip(some, before, strict=True)
        ),
        lambda: [forming.last(one) for one in some],
    )


def keys_that_move(many: int) -> list[str]:
    found = (f"moved-{number}" for number in range(100 * many))
    return [key for key in found if redis.crc.key_slot(key.encode()) in MOVED][:many]
