"""A quarter of all keys moves from three shards to a fourth, under writers and readers."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

from tests.bench import clients, course, fourth, machine, stalls, stored, traffic
from tests.reshard import wishing
from tests.statefulset import folders, process, servers, sets

CALM: Final = 2.0
"""Seconds of traffic before the move, to compare with, and after it."""
LEAST: Final = 4096
"""Slots that have to move, of all 16384: those of the fourth shard."""
MANY: Final = 20
"""Hand-offs of which one can't be told from the next: servers that are asked key by key have more."""

How = Literal["redis-cli", "wish", "stated"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to move."""

    name: str
    about: str
    how: How
    client: Path | None = None
    """The redis-cli that moves."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Moved:
    """One move. Times in seconds since the command, or since the wish."""

    contender: str
    keys: int
    seconds: float | None
    """Until all nodes agree that four own all slots evenly; None: never."""
    first: float | None
    """Until the new shard owned its first slots."""
    moved: float
    """How often a slot changed its owner, by how often that has to be."""
    hand_offs: int
    """How many times slots were seen to come, at 50 looks a second."""
    gaps: list[float]
    """The longest time of all writers without an acknowledged write, at each hand-off; empty if
    these are too many to tell them apart."""
    calm: dict[traffic.Job, stalls.Stalls]
    """What clients met before the move."""
    during: dict[traffic.Job, stalls.Stalls]
    failed: dict[str, dict[str, int]]
    """By client, how many operations failed, by what was said."""
    wrong: int
    """Answers to readers that were not what had been loaded."""
    missing: int
    """Loaded keys that could not be read back."""
    lost: int
    """Keys of writers that had less in the end than was acknowledged."""
    others: float
    """Processors that were busy with something else just before."""
    said: str = ""
    """The last words of a command that failed."""


WISH: Final = Contender(
    name="bootstrap",
    about="8 sidecars; the new primary and its replica are there, and 4 shards are wished at 0 s, by"
    " the file that the sidecars look at each second",
    how="wish",
)
STATED: Final = Contender(
    name="bootstrap stated",
    about="the same, but 0 s is when the last of the 8 sidecars has read the file, and its node shows"
    " the wish",
    how="stated",
)


def moves(server: servers.Server) -> bool:
    """Whether a server moves slots by itself."""
    return server.name in wishing.SERVERS


def contenders(server: servers.Server) -> list[Contender]:
    """Return the ways there are to move slots of this server, those of redis-cli first."""
    found = []
    system = servers.find_redis_cli()
    own = server.path.with_name("redis-cli")
    if system is not None:
        what = "its own --cluster rebalance --cluster-use-empty-masters, no sidecars"
        found.append(
            Contender(
                name="redis-cli",
                about=f"{_version(system)}: {what}",
                how="redis-cli",
                client=system,
            )
        )
    if own.exists():
        found.append(
            Contender(
                name="redis-cli atomic",
                about=f"{_version(own)}: the same, which moves by CLUSTER MIGRATION",
                how="redis-cli",
                client=own,
            )
        )
    return [*found, WISH, STATED]


def measure(contender: Contender, server: servers.Server, keys: int) -> Moved:
    """Move once, in a cluster of fresh servers."""
    others = machine.busy(0.5)
    with folders.temporary() as folder, fourth.three_shards(server, folder, keys) as (app, wish):
        seat = fourth.with_replica(app, wish)
        if contender.how == "redis-cli":
            process.stop_all((pod.sidecar for pod in app.pods), grace=fourth.LONG)
        with clients.running(app, keys) as some:
            time.sleep(CALM)
            began, failed = _begin(contender, app, wish)
            seen = course.follow(app.pods, seat, failed)
            time.sleep(CALM)
        records = [one.record() for one in some]
        ended = seen.ended or time.monotonic()
        few = len(seen.hand_offs) <= MANY
        return Moved(
            contender=contender.name,
            keys=keys,
            seconds=seen.ended and seen.ended - began,
            first=seen.hand_offs[0] - began if seen.hand_offs else None,
            moved=seen.changes / LEAST,
            hand_offs=len(seen.hand_offs),
            gaps=stalls.at(records, seen.hand_offs) if few else [],
            calm={job: stalls.met(records, job, began - CALM, began) for job in traffic.JOBS},
            during={job: stalls.met(records, job, began, ended) for job in traffic.JOBS},
            failed=traffic.failed(records),
            wrong=sum(one.wrong for one in records),
            missing=stored.missing(app.pods, keys),
            lost=_lost(app, records),
            others=others,
            said=failed(),
        )


def _begin(
    contender: Contender, app: sets.LocalStatefulSet, wish: wishing.Wish
) -> tuple[float, Callable[[], str]]:
    """Let slots move; return when that was, and what tells why they will not arrive any more."""
    if contender.how != "redis-cli":
        began = time.monotonic()
        wish.state("4")
        if contender.how == "stated":
            fourth.wait_stated(app, "4")
            began = time.monotonic()
        return began, str
    out = app.folder / "redis-cli.out"
    words = ["--cluster", "rebalance", f"{app[0].address}:{app[0].port}"]
    began = time.monotonic()
    command = [str(contender.client), *words, "--cluster-use-empty-masters"]
    child = process.Child(command, env=os.environ, cwd=app.folder, out=out, err=out)
    return began, lambda: process.tail(out, 5) if child.status else ""


def _lost(app: sets.LocalStatefulSet, records: Sequence[traffic.Record]) -> int:
    """How many keys of writers hold less than was acknowledged, or are not there."""
    wanted = {name: number for one in records for name, number in one.acknowledged.items()}
    found = stored.numbers(app.pods, wanted)
    return sum(found.get(name, -1) < number for name, number in wanted.items())


def _version(client: Path) -> str:
    said = subprocess.run([client, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()
