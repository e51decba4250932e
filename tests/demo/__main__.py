"""The demo from beginning to end. Exit status: 0 healthy, 1 not, 64 usage, 130 interrupted."""

from __future__ import annotations

import argparse
import contextlib
import http
import os
import sys
import time
from collections.abc import Sequence
from typing import Final, NoReturn

from tests.demo import binary, show, watch
from tests.statefulset import oracle, process, servers, sets
from tests.statefulset import pod as pods

DEFAULT_SERVER: Final = "valkey-9.1"
SPREAD: Final = 1.5
"""Seconds from the first pod's start to the last one's, about as Kubernetes would take."""
READY: Final = 15.0
"""Seconds in which the sidecars notice what the servers already say."""
LOOK: Final = 0.05
"""Seconds between two looks at the logs and at the nodes."""


class FailedError(Exception):
    """The cluster did not become what it should, and why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"demo: {message}\n")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="scripts/demo",
        description="Run a StatefulSet on loopback addresses of this machine, with a real server"
        " and a real sidecar in every pod, and show how the cluster forms.",
    )
    parser.add_argument(
        "--server",
        default=DEFAULT_SERVER,
        metavar="PATH|NAME",
        help=f"a redis-server or valkey-server, or one of {', '.join(servers.MATRIX)};"
        f" default {DEFAULT_SERVER}",
    )
    parser.add_argument("--pods", type=_count, default=6, metavar="N", help="default 6")
    parser.add_argument(
        "--replicas-per-shard", type=_replicas, default=1, metavar="N", help="default 1"
    )
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="when a cluster that is not healthy is a failure; default 60",
    )
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not 1 <= int(text) <= 500:
        raise ValueError
    return int(text)


def _replicas(text: str) -> int:
    if int(text) < 0:
        raise ValueError
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Run the demo, and return the exit status."""
    options = _options(arguments)
    try:
        server = binary.find(options.server)
        with sets.LocalStatefulSet(
            options.pods,
            server,
            replicas_per_shard=options.replicas_per_shard,
            sidecar_env={"BOOTSTRAP_LOG_LEVEL": "debug"},
            # The same addresses each time, if they are free: what was noted down stays true.
            seed="demo",
        ) as app:
            _play(app, options)
    except (binary.NoServerError, FailedError, pods.PodError, OSError) as error:
        print(f"\ndemo: FAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; everything is stopped", file=sys.stderr)
        return 130
    print("\nEverything is stopped, nothing is left behind.")
    return 0


def _play(app: sets.LocalStatefulSet, options: argparse.Namespace) -> None:
    """Start, look on, and tell the outcome; FailedError unless the cluster is healthy."""
    began = time.time()
    print(
        f"{len(app.pods)} pods, each a {app.server.name} ({show.shown(app.server.path)}) with a"
        f" sidecar, on {app.pods[0].address} and following; {app.pods[0].name} is the seed.\n",
        flush=True,
    )
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = len(app.pods[-1].name)
    looking = watch.Watch(app, watch.Screen(colours=colours, began=began, width=width))
    _start(app, looking)
    up = time.time()
    _wait_healthy(app, looking, options)
    healthy = time.time()
    _wait_ready(app, looking)
    print(f"\n{show.shards(app.pods)}\n")
    print(
        f"Healthy {healthy - up:.1f} s after the last server was up, {healthy - began:.1f} s after"
        " the first was started\n(a new server takes 2 s by itself before it says"
        " cluster_state:ok)."
    )
    if not options.keep:
        print("\nWith --keep it stays, and you can look around from another terminal:")
        print(show.ways(app))
        return
    print(f"\nLook around from another terminal, in {servers.REPOSITORY}:\n{show.ways(app)}")
    print("\nIt runs until Ctrl-C.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            looking.show_new()
            time.sleep(LOOK)


def _start(app: sets.LocalStatefulSet, looking: watch.Watch) -> None:
    """Start pod after pod, as a scheduler does, and wait for the last server."""
    for number, pod in enumerate(app.pods):
        pod.start_server()
        pod.start_sidecar()
        due = time.monotonic() + SPREAD / len(app.pods)
        while number + 1 < len(app.pods) and time.monotonic() < due:
            looking.show_new()
            time.sleep(min(LOOK, max(0.0, due - time.monotonic())))
    for pod in app.pods:
        pod.wait_server_up()


def _wait_healthy(
    app: sets.LocalStatefulSet, looking: watch.Watch, options: argparse.Namespace
) -> None:
    """By the judgement of the tests' oracle, which asks every server, and no sidecar."""
    deadline = time.monotonic() + options.timeout
    wanted = options.replicas_per_shard
    while found := oracle.problems(app.pods, replicas_per_shard=wanted):
        looking.show_new()
        _look_after(app)
        if time.monotonic() > deadline:
            listed = "\n  ".join(found[:20])
            raise FailedError(f"not healthy within {options.timeout:g} s:\n  {listed}")
        time.sleep(LOOK)
    looking.show_new()


def _wait_ready(app: sets.LocalStatefulSet, looking: watch.Watch) -> None:
    """Until every sidecar has seen for itself that nothing is left to do."""

    def unready() -> list[str]:
        looking.show_new()
        _look_after(app)
        steady = [looking.phases.get(pod.name) == "steady" for pod in app.pods]
        answers = [pod.http("/readyz") for pod in app.pods]
        return [
            f"{pod.name}: {body.strip()}"
            for pod, done, (status, body) in zip(app.pods, steady, answers, strict=True)
            if not done or status != http.HTTPStatus.OK
        ]

    try:
        process.wait_for(lambda: not unready(), READY, "every sidecar says that it is ready")
    except TimeoutError as error:
        raise FailedError(f"{error}; {'; '.join(unready())}") from error


def _look_after(app: sets.LocalStatefulSet) -> None:
    """No server and no sidecar should have ended."""
    for pod in app.pods:
        if not pod.running:
            raise FailedError(f"the server of {pod.name} ended\n{pod.server_tail()}")
        if not pod.sidecar.running:
            said = pod.sidecar.errors().strip() or pod.sidecar.output().strip()
            status = pod.sidecar.status
            raise FailedError(f"the sidecar of {pod.name} ended with status {status}:\n{said}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
