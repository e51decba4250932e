"""Three shards become four, six and three again, under a writer and a reader, spread over zones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import redis.exceptions

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import background, leaving, wishing
from tests.statefulset import kubelet, oracle, pod, sets

HOSTS, ZONES = 4, 3
READS: Final = frozenset(
    f"cluster|{word}"
    for word in ("info", "nodes", "links", "myid", "slots", "getslotmigrations", "migration")
)
"""What sidecars, clients and this test ask a server without changing anything."""
Wished = Callable[[fire.Fire, int], None]
"""States how many shards are wished, once the pods for them are there."""


def host(ordinal: int) -> str:
    return f"host-{ordinal % HOSTS}"


def zone(ordinal: int) -> str:
    return f"zone-{ordinal % ZONES}"


class Reader(background.Background):
    """Reads the keys of a formed set."""

    pause = 0.05

    def __init__(self, app: sets.LocalStatefulSet) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.rounds = 0
        self._app = app

    def turn(self) -> None:
        """Read all of them."""
        # Pods that restart may turn a reader away; what they answer has to be right.
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            self.wrong += keeping.missing_keys(self._app)
            self.rounds += 1


@contextlib.contextmanager
def by_file(name: str, folder: Path) -> Iterator[tuple[sets.LocalStatefulSet, Wished]]:
    with wishing.formed(name, folder, host_of=host, zone_of=zone) as (app, wish):

        def state(burning: fire.Fire, shards: int) -> None:
            wish.state(str(shards))
            kubelet.start(one for one in app.pods if not one.running)

        yield app, state


@contextlib.contextmanager
def by_env(name: str, folder: Path) -> Iterator[tuple[sets.LocalStatefulSet, Wished]]:
    """Each pod that is there is replaced, from the last to the first, as the wish is in its spec."""
    del folder
    env = {**wishing.OFTEN, "BOOTSTRAP_SHARDS": "3"}
    with keeping.formed(name, sidecar_env=env, host_of=host, zone_of=zone) as app:

        def state(burning: fire.Fire, shards: int) -> None:
            wished = {"BOOTSTRAP_SHARDS": str(shards)}
            old = [one for one in app.pods if one.running]
            kubelet.start((one for one in app.pods if not one.running), env=wished)
            for one in reversed(old):
                burning.roll(one, env=wished)

        yield app, state


def together(app: sets.LocalStatefulSet) -> list[tuple[pod.Pod, pod.Pod]]:
    """Primaries with slots, each with a replica of its host or zone."""
    owners = [app[ordinal] for ordinal in wishing.owned(app)]
    return [
        (primary, one)
        for primary in owners
        for one in app.pods
        if wishing.follows(one, primary)
        and (
            host(one.ordinal) == host(primary.ordinal) or zone(one.ordinal) == zone(primary.ordinal)
        )
    ]


def written(app: sets.LocalStatefulSet) -> list[dict[str, int]]:
    """How often each server was sent what changes its settings or the cluster."""
    found = []
    for one in app.pods:
        said = one.ask("INFO", "commandstats")
        counts = {
            word.removeprefix("cmdstat_"): int(stats["calls"]) for word, stats in said.items()
        }
        found.append(
            {
                word: count
                for word, count in counts.items()
                if word == "config|set" or (word.startswith("cluster|") and word not in READS)
            }
        )
    return found


@pytest.mark.enumerates
@pytest.mark.parametrize("stated", [by_file, by_env])
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_three_four_six_and_three_again(
    name: str,
    stated: Callable[
        [str, Path], contextlib.AbstractContextManager[tuple[sets.LocalStatefulSet, Wished]]
    ],
    tmp_path: Path,
) -> None:
    with stated(name, tmp_path) as (app, state), fire.Fire(app) as burning, Reader(app) as reading:
        for shards, more in ((4, 2), (6, 4)):
            for _ in range(more):
                app.add_pod()
            state(burning, shards)
            wishing.wait_even(app, shards)
            oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
            assert together(app) == []
        state(burning, 3)
        wishing.wait_even(app, 3)
        leaving.wait_may_go(app, [f"redis-app-{ordinal}" for ordinal in range(6, 12)])
        leaving.scale_in(app, 6)
        leaving.wait_forgotten(app)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        assert together(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()
        print(f"{name}: {burning.writer.report()}, {reading.rounds} rounds of reads")
        assert (reading.wrong, reading.rounds > 0) == ([], True)
        # Now all is well, and nothing is written any more.
        forming.until(
            lambda: all(forming.phase(one) == "steady" for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        before = written(app)
        wishing.looks(app.pods, more=4)
        assert written(app) == before
