"""A move takes memory of the target, a buffer of the source, and a child of the source."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from pathlib import Path
from typing import Final

import pytest
import redis.exceptions

from bootstrap.model.migration import State
from bootstrap.redis import parse
from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import background, wishing
from tests.reshard.wishing import owned
from tests.statefulset import kubelet, pod, sets

MEGABYTE: Final = 1 << 20


def read(app: sets.LocalStatefulSet, keys: list[str]) -> set[object]:
    """All values that these keys have."""
    with contextlib.closing(keeping.client(app)) as client:
        return {client.get(key) for key in keys}


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_target_with_too_little_memory(name: str, policy: str, tmp_path: Path) -> None:
    """Each shard gives 5 MB or so. Without the wait redis would evict keys, or be full."""
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        big = [f"big-{number}" for number in range(64)]
        value = "v" * MEGABYTE
        with contextlib.closing(keeping.client(app)) as client:
            for key in big:
                client.set(key, value)
        wish.state("4")
        seat, replica = app.add_pod(), app.add_pod()
        kubelet.start([seat])
        for setting, text in (("maxmemory-policy", policy), ("maxmemory", 6 * MEGABYTE)):
            seat.ask("CONFIG", "SET", setting, text)
        kubelet.start([replica])
        wishing.wait_waits(
            app,
            f"{seat.name}: memory for slots 4096-5460",
            f"of {6 * MEGABYTE} bytes are used there",
            "more than 90% of maxmemory",
        )
        wishing.looks(app.pods)
        assert seat.ordinal not in owned(app)
        seat.ask("CONFIG", "SET", "maxmemory", 100 * MEGABYTE)
        wishing.wait_even(app, 4)
        assert read(app, big) == {value}
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


class Load(background.Background):
    """Writes 20 KB values to the slots that move first."""

    def __init__(self, app: sets.LocalStatefulSet) -> None:
        """Write nothing yet."""
        super().__init__()
        self.keys = wishing.keys_that_move(20)
        self.value = "v" * 20_000
        self.bytes = 0
        self._next = itertools.cycle(self.keys)
        self._client = keeping.client(app)

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        self._client.close()

    def turn(self) -> None:
        """Write one."""
        with contextlib.suppress(redis.exceptions.RedisError):
            self._client.set(next(self._next), self.value)
            self.bytes += len(self.value)


def failed(one: pod.Pod) -> list[int]:
    """How many slots each move had that has failed, the last one first."""
    words = ("GETSLOTMIGRATIONS",) if one.server.valkey else ("MIGRATION", "STATUS", "ALL")
    found = parse.migrations(one.ask("CLUSTER", *words), 0.0)
    return [
        sum(last - first + 1 for first, last in each.ranges)
        for each in found
        if each.state is State.FAILED
    ]


@pytest.mark.enumerates
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_what_is_written_meanwhile_exceeds_the_buffer(name: str, tmp_path: Path) -> None:
    """Valkey ends the move; the next one is half as large, and in the end all is even.

    redis sends at once what is written, and its target keeps it. There the move goes on.
    """
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        source = app[0]
        source.ask(
            "CONFIG", "SET", "client-output-buffer-limit", f"replica {MEGABYTE} {MEGABYTE} 0"
        )
        wishing.slowly([source])
        with Load(app) as load:
            wish.state("4")
            target, _ = wishing.scale_out(app, 2)
            commanded = source if source.server.valkey else target
            wishing.wait_moving(app)
            begun = load.bytes
            forming.until(
                lambda: bool(failed(commanded)) or load.bytes - begun > 10 * MEGABYTE,
                lambda: (load.bytes, source.server_tail(), forming.last(commanded)),
            )
            wishing.slowly([source], slow=False)
            wishing.wait_even(app, 4)
        first, *later = [*reversed(failed(commanded)), 0]
        assert first == (1365 if source.server.valkey else 0)
        assert all(count <= 1365 // 2 for count in later)
        assert read(app, load.keys) == {load.value}
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_source_that_saves_a_snapshot(name: str, tmp_path: Path) -> None:
    """A server has one child at a time, so the move begins when the snapshot has ended."""
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        source = app[0]
        wishing.slowly([source])
        source.ask("BGSAVE")
        wishing.slowly([source], slow=False)
        wish.state("4")
        wishing.scale_out(app, 2)
        assert wishing.wait_moving(app)[0] is source
        wishing.looks(app.pods)
        assert source.ask("INFO", "persistence")["rdb_bgsave_in_progress"] == 1
        assert owned(app)[0] == 5461
        end_save(source)
        wishing.wait_even(app, 4)
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


def end_save(one: pod.Pod) -> None:
    """End the child that saves, as the server itself would."""
    assert one.process is not None
    pid = one.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(child), signal.SIGUSR1)
