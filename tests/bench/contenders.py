"""The ways to form a cluster that are compared, each from the same fresh servers."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import time
from collections.abc import Mapping
from typing import Final, Literal

from tests.bench import machine, poller
from tests.statefulset import config, process, servers, sets
from tests.statefulset import pod as pods

WARM: Final = 3.0
"""Seconds for which all servers are up before anything is configured."""
GIVE_UP: Final = 180.0
"""Seconds after which a cluster counts as not formed."""
TUNED_SERVERS: Final[config.Settings] = {
    "cluster-node-timeout": 2000,
    "repl-diskless-sync-delay": 0,
}

How = Literal["redis-cli", "there", "seed", "all", "cold"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to form."""

    name: str
    about: str
    how: How
    server_config: config.Settings = dataclasses.field(default_factory=dict)
    sidecar_env: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One measurement. `others` is what the machine's processors did for others just before."""

    contender: str
    pods: int
    seconds: float | None
    others: float


REDIS_CLI: Final = Contender(
    name="redis-cli",
    about="redis-cli --cluster create, warm servers with their defaults",
    how="redis-cli",
)
TUNED_CLI: Final = Contender(
    name="redis-cli tuned",
    about="the same on servers with node time-out 2000 and sync delay 0",
    how="redis-cli",
    server_config=TUNED_SERVERS,
)
THERE: Final = Contender(
    name="bootstrap",
    about="warm; all sidecars are there, as in pods, where they start before Redis, and wait for"
    " the last pod's name; the seed's is held (SIGSTOP) until 0 s, when that name is there",
    how="there",
)
SEED: Final = Contender(
    name="bootstrap started",
    about="warm; all sidecars but the seed's wait already, and the seed's starts at 0 s: one"
    " process, as redis-cli is, but a Python",
    how="seed",
)
PLAIN: Final = Contender(
    name="bootstrap plain",
    about="as bootstrap, with BOOTSTRAP_FAST_FORM=false",
    how="there",
    sidecar_env={"BOOTSTRAP_FAST_FORM": "false"},
)
ALL: Final = Contender(
    name="bootstrap all",
    about="warm; all sidecars start at 0 s: as many Pythons start on these processors",
    how="all",
)
COLD: Final = Contender(
    name="bootstrap cold",
    about="servers and sidecars all start at 0 s; a server says ok 2 s after its start at best",
    how="cold",
)
TUNED: Final = Contender(
    name="bootstrap tuned",
    about="as bootstrap, on servers with node time-out 2000 and sync delay 0",
    how="there",
    server_config=TUNED_SERVERS,
)
EVERY: Final = (REDIS_CLI, TUNED_CLI, THERE, TUNED, SEED, PLAIN, ALL, COLD)


def measure(contender: Contender, size: int, server: servers.Server, *, busy: bool) -> Run:
    """Form one cluster of fresh servers, and say how long it took."""
    others = machine.busy(0.5)
    with sets.LocalStatefulSet(
        size,
        server,
        server_config=contender.server_config,
        sidecar_env=contender.sidecar_env,
    ) as app:
        spinning = [machine.spin(app.folder) for _ in range(2 if busy else 0)]
        began = _start(app, contender.how)
        seconds = poller.formed(
            app.pods,
            poller.Goal(nodes=size, replicas=size - size // 2),
            began=began,
            timeout=GIVE_UP,
            every=0.02 if size <= 12 else 0.05,
        )
        process.stop_all(spinning, grace=0.0)
    return Run(contender=contender.name, pods=size, seconds=seconds, others=others)


def _start(app: sets.LocalStatefulSet, how: How) -> float:
    """Bring about what is to be measured, and return when it began (monotonic)."""
    if how == "cold":
        began = time.monotonic()
        for pod in app.pods:
            pod.start_server()
        app.start_sidecars()
        return began
    seed, *others = app.pods
    if how == "there":
        app.pods[-1].publish(after=GIVE_UP)
    app.start_servers()
    up = time.monotonic()
    for pod in {"there": app.pods, "seed": others}.get(how, []):
        pod.start_sidecar()
        process.wait_for(functools.partial(_announced, pod), 120.0, f"the sidecar of {pod}")
    if how == "there":
        _hold(seed)
        app.pods[-1].publish()
    time.sleep(max(1.0, up + WARM - time.monotonic()))
    began = time.monotonic()
    match how:
        case "there":
            seed.sidecar.resume()
        case "seed":
            seed.start_sidecar()
        case "all":
            app.start_sidecars()
        case "redis-cli":
            _create(app)
    return began


def _hold(seed: pods.Pod) -> None:
    """Stop the seed's sidecar just after a look: one that takes so long would be followed by rest."""
    before = _looks(seed)
    process.wait_for(lambda: _looks(seed) > before, 10.0, f"a look of {seed}")
    seed.sidecar.pause()


def _looks(pod: pods.Pod) -> int:
    return int(json.loads(pod.http("/statusz")[1])["tick"])


def _announced(pod: pods.Pod) -> bool:
    """Whether the pod's own sidecar has told its server who it is."""
    time.sleep(0.05)
    _name, value = pod.ask("CONFIG", "GET", "cluster-announce-ip")
    return bool(value)


def _create(app: sets.LocalStatefulSet) -> None:
    client = servers.find_redis_cli()
    if client is None:
        raise FileNotFoundError("no redis-cli here: run scripts/servers")
    nodes = [f"{pod.address}:{pod.port}" for pod in app.pods]
    options = ["--cluster-replicas", "1", "--cluster-yes"]
    out = app.folder / "redis-cli.out"
    process.Child(
        [str(client), "--cluster", "create", *nodes, *options],
        env=os.environ,
        cwd=app.folder,
        out=out,
        err=out,
    )
