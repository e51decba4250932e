"""A quarter of all keys moves from three shards to a fourth, under writers and readers."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from tests.bench import course, machine, stalls, stored, traffic
from tests.reshard import wishing
from tests.statefulset import folders, kubelet, oracle, process, servers, sets, views
from tests.statefulset import pod as pods

CALM: Final = 2.0
"""Seconds of traffic before the move, to compare with, and after it."""
LONG: Final = 120.0
"""Seconds after which something counts as stuck that is only prepared."""
SIZE: Final = 8
"""Pods in the end."""
LEAST: Final = 4096
"""Slots that have to move, of all 16384: those of the fourth shard."""
MANY: Final = 20
"""Hand-offs of which one can't be told from the next: servers that are asked key by key have more."""

How = Literal["redis-cli", "wish", "pods"]


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
    " the file that the sidecars look at every 10 s",
    how="wish",
)
PODS: Final = Contender(
    name="bootstrap, pods last",
    about="8 sidecars; 4 shards are wished already, and the link of the new shard's replica, which"
    " is the last thing that was missing, is up at 0 s",
    how="pods",
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
    return [*found, WISH, PODS]


def measure(contender: Contender, server: servers.Server, keys: int) -> Moved:
    """Move once, in a cluster of fresh servers."""
    others = machine.busy(0.5)
    with folders.temporary() as folder, _three_shards(server, folder, keys) as (app, wish):
        seat = _seat(app, wish, contender)
        with _clients(app, keys) as clients:
            time.sleep(CALM)
            began, failed = _begin(contender, app, wish, seat)
            seen = course.follow(app.pods, seat, failed)
            time.sleep(CALM)
        records = [one.record() for one in clients]
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


@contextlib.contextmanager
def _three_shards(
    server: servers.Server, folder: Path, keys: int
) -> Iterator[tuple[sets.LocalStatefulSet, wishing.Wish]]:
    """Six pods with so many keys. Three shards are wished."""
    wish = wishing.Wish(folder)
    wish.state("3")
    env = {"BOOTSTRAP_SHARDS_FILE": str(wish.file)}
    with sets.LocalStatefulSet(6, server, sidecar_env=env) as app:
        app.start_servers()
        app.start_sidecars()
        oracle.wait_healthy(app.pods, LONG, replicas_per_shard=1)
        stored.load(app.pods, keys)
        yield app, wish


def _seat(app: sets.LocalStatefulSet, wish: wishing.Wish, contender: Contender) -> pods.Pod:
    """Add the new shard's primary, and its replica unless that is to come last; return the first.

    While other sidecars wish for three shards, those of new pods that wish for four leave them
    empty primaries. So the replica is made one by hand.
    """
    if contender.how == "pods":
        wish.state("4")
        seat = app.add_pod()
        kubelet.start([seat])
        _wait(lambda: all(_empty(pod, seat) for pod in app.pods), f"{seat} to be known as empty")
        return seat
    ahead = wish.file.with_name("ahead")
    ahead.write_text("4\n")
    seat, replica = app.add_pod(), app.add_pod()
    kubelet.start([seat, replica], env={"BOOTSTRAP_SHARDS_FILE": str(ahead)})
    for one in (seat, replica):
        _wait(lambda one=one: all(_empty(pod, one) for pod in app.pods), f"{one} to be known")  # type: ignore[misc]
    replica.ask("CLUSTER", "REPLICATE", seat.node_id())
    _wait(lambda: wishing.follows(replica, seat), f"{replica} to follow {seat}")
    _wait(lambda: not _problems(app, seat), "the others to know it")
    if contender.how == "redis-cli":
        for pod in app.pods:
            pod.stop_sidecar()
    return seat


def _begin(
    contender: Contender, app: sets.LocalStatefulSet, wish: wishing.Wish, seat: pods.Pod
) -> tuple[float, Callable[[], str]]:
    """Let slots move; return when that was, and what tells why they will not arrive any more."""
    if contender.how == "wish":
        began = time.monotonic()
        wish.state("4")
        return began, str
    if contender.how == "pods":
        replica = app.add_pod()
        kubelet.start([replica])
        _wait(lambda: wishing.follows(replica, seat), f"{replica} to follow {seat}")
        return time.monotonic(), str
    out = app.folder / "redis-cli.out"
    words = ["--cluster", "rebalance", f"{app[0].address}:{app[0].port}"]
    began = time.monotonic()
    command = [str(contender.client), *words, "--cluster-use-empty-masters"]
    child = process.Child(command, env=os.environ, cwd=app.folder, out=out, err=out)
    return began, lambda: process.tail(out, 5) if child.status else ""


@dataclasses.dataclass(frozen=True)
class _Running:
    """A client's process, and where it will write its record."""

    child: process.Child
    file: Path

    def record(self) -> traffic.Record:
        return traffic.read(self.file)


@contextlib.contextmanager
def _clients(app: sets.LocalStatefulSet, keys: int) -> Iterator[list[_Running]]:
    """Writers and readers of all clients that are here. At the end their records are there."""
    running = [
        _client(app, client, job, keys) for client in traffic.installed() for job in traffic.JOBS
    ]
    for one in running:
        _wait(lambda one=one: "ready" in one.child.out.read_text(), "clients to be connected")  # type: ignore[misc]
    try:
        yield running
    finally:
        for one in running:
            one.child.stop(grace=LONG)


def _client(app: sets.LocalStatefulSet, client: str, job: traffic.Job, keys: int) -> _Running:
    stem = app.folder / f"{client}-{job}"
    file = stem.with_suffix(".json")
    places = [f"{pod.address}:{pod.port}" for pod in app.pods]
    command = [sys.executable, "-P", "-m", traffic.__name__, client, job, str(keys), str(file)]
    child = process.Child(
        [*(_by_names(app) if client == traffic.GLIDE else ()), *command, *places],
        env={"PYTHONPATH": str(servers.REPOSITORY), "PATH": os.environ["PATH"]},
        cwd=app.folder,
        out=stem.with_suffix(".out"),
        err=stem.with_suffix(".err"),
    )
    return _Running(child, file)


def _by_names(app: sets.LocalStatefulSet) -> list[str]:
    """Return the words before a command that let it find all pods by their names."""
    hosts = app.folder / "hosts"
    lines = [f"{app.addresses.of(one)} {app.spec.fqdn(one)}\n" for one in range(SIZE)]
    hosts.write_text("".join(lines))
    bind = 'mount --bind "$0" /etc/hosts && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", bind, str(hosts)]


def _lost(app: sets.LocalStatefulSet, records: Sequence[traffic.Record]) -> int:
    """How many keys of writers hold less than was acknowledged, or are not there."""
    wanted = {name: number for one in records for name, number in one.acknowledged.items()}
    found = stored.numbers(app.pods, wanted)
    return sum(found.get(name, -1) < number for name, number in wanted.items())


def _empty(one: pods.Pod, new: pods.Pod) -> bool:
    """Whether a pod's node knows another pod's as a primary without slots, and both are connected."""
    lines = [views.parse_line(line) for line in one.cluster_nodes().splitlines()]
    mine = [line for line in lines if line.node_id == new.node_id()]
    return [(line.primary, line.slots, line.connected) for line in mine] == [(None, (), True)]


def _problems(app: sets.LocalStatefulSet, seat: pods.Pod) -> list[str]:
    """What is wrong, but that a primary has no slots yet."""
    return [one for one in oracle.problems(app.pods) if not one.endswith("without slots")]


def _wait(condition: Callable[[], bool], what: str) -> None:
    process.wait_for(condition, LONG, what)


def _version(client: Path) -> str:
    said = subprocess.run([client, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()
