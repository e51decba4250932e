"""The command line: what to run, and how it ends."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
import time
from collections.abc import Sequence
from typing import Literal, NoReturn

from bootstrap import (
    __version__,
    discovery,
    errors,
    identity,
    logs,
    loop,
    node,
    observe,
    server,
    settings,
    status,
    variables,
)
from bootstrap.core import plan as planning
from bootstrap.core import render
from bootstrap.core.model import Scope, Snapshot, Topology
from bootstrap.core.plan.outcome import Plan
from bootstrap.errors import Exit

#: How long `--once` tries when BOOTSTRAP_TIMEOUT does not say, in seconds.
_ONCE_SECONDS = 300.0
#: How long a dry run asks DNS again for names that it has no word of yet, in seconds.
_DRY_SECONDS = 3.0

#: How long a look that is under way may go on after SIGTERM, in seconds.
_STOP_SECONDS = 0.5

_EPILOG = """\
exit status:
  0   the goal is reached (dry run: nothing to do)
  1   could not observe, or timed out
  2   dry run: not there yet; steps are pending, or something is waited for
  3   blocked: refuses to act, reasons printed
  64  usage
  78  configuration; all faults are listed at once

environment (empty means unset; what is unset is derived or has the default in parentheses):
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Usage errors end with the status that sysexits.h has for them."""
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"bootstrap: {message}; see --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m bootstrap",
        description="Forms a Redis or Valkey Cluster on a StatefulSet and keeps it whole, from"
        " inside every pod. Proves before it acts, or refuses and says why.",
        epilog=_EPILOG + variables.as_help(settings.table()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["run"],
        default="run",
        help="run: stay and look after the pod's Redis (the default)",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--once", action="store_true", help="form, join or heal, then exit")
    mode.add_argument(
        "--dry-run",
        action="store_true",
        help="show what is seen and what would be done; never write",
    )
    parser.add_argument(
        "--output", choices=["text", "json"], default="text", help="how --dry-run prints"
    )
    parser.add_argument("--version", action="version", version=f"bootstrap {__version__}")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run, and return the exit status."""
    wanted = _parser().parse_args(arguments)
    try:
        known = settings.read(os.environ, identity.Files(), tty=sys.stdout.isatty())
        tls = _tls(known)
    except errors.ConfigurationError as error:
        for fault in error.faults:
            print(f"bootstrap: {fault}", file=sys.stderr)
        return Exit.CONFIGURATION
    logs.configure(known.log_level, known.log_format, sys.stderr if wanted.dry_run else sys.stdout)
    for warning in known.unknown:
        logs.get().warning(logs.UNKNOWN_VARIABLE, what=warning)
    observer = _observer(known, tls)
    if wanted.dry_run:
        return asyncio.run(_dry_run(observer, wanted.output))
    return asyncio.run(_run(observer, known, once=wanted.once))


def _tls(known: settings.Settings) -> ssl.SSLContext | None:
    if not known.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=known.tls_ca_file)
        if known.tls_cert_file:
            context.load_cert_chain(known.tls_cert_file, known.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        fault = f"BOOTSTRAP_TLS_*: expected certificates and a key in PEM; saw {error}"
        raise errors.ConfigurationError([fault]) from error
    return context


def topology(known: settings.Settings) -> Topology:
    """What should be, from the settings."""
    return Topology(
        statefulset=known.statefulset,
        ordinal=known.ordinal,
        subdomain=known.service_fqdn.removesuffix("."),
        size=known.size,
        replicas_per_shard=known.replicas_per_shard,
        ordinal_start=known.ordinal_start,
        address=known.pod_ip,
        port=known.redis_port,
        host=known.node_name,
        zone=known.zone,
        with_password=known.credentials.password is not None
        or known.credentials.password_file is not None,
        fast_form=known.fast_form,
        node_timeout=known.node_timeout,
    )


def _observer(known: settings.Settings, tls: ssl.SSLContext | None) -> observe.Observer:
    family: Literal[4, 6] | None = None
    if known.pod_ip is not None:
        family = 6 if ":" in known.pod_ip else 4
    return observe.Observer(
        topology(known),
        known.redis_host,
        node.Access(credentials=known.credentials, tls=tls),
        discovery.Discovery(
            service=known.service_fqdn, nameservers=known.nameservers, family=family
        ),
        time.monotonic,
    )


async def _run(observer: observe.Observer, known: settings.Settings, *, once: bool) -> int:
    board = status.Board(patience=max(60.0, 6 * known.interval))
    timeout = known.timeout if known.timeout is not None or not once else _ONCE_SECONDS
    terms = loop.Terms(once=once, timeout=timeout, interval=known.interval)
    turning = loop.Loop(observer, board, terms)
    running = asyncio.create_task(turning.run())
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, _stop, turning, running)
    # Whoever runs `--once` by hand may do so beside the sidecar that has the port.
    where = None if once else known.http
    listening = asyncio.create_task(_listen(where, board, known.pod_name))
    try:
        return await running
    except asyncio.CancelledError:
        return Exit.REACHED
    finally:
        listening.cancel()
        await observer.close()


def _stop(turning: loop.Loop, running: asyncio.Task[Exit]) -> None:
    """End after the present look, or in the middle of it when a server keeps it waiting."""
    turning.stop()
    asyncio.get_running_loop().call_later(_STOP_SECONDS, running.cancel)


async def _listen(where: tuple[str, int] | None, board: status.Board, pod: str) -> None:
    """Serve HTTP. A taken port is no reason to leave Redis alone: say so, and try again."""
    if where is None:
        return
    try:
        server.Server(where, board)
    except OSError as error:
        why = f"BOOTSTRAP_HTTP: cannot listen on {where[0] or '*'}:{where[1]}: {error}"
        fix = "is there a second sidecar in this pod? its probes and metrics are the other one's"
        logs.get(pod=pod).error(logs.NO_HTTP, why=why, fix=fix)
        # Imported where it is needed: a pod that is well does not pay its 1 MiB.
        import tenacity  # noqa: PLC0415

        await tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(OSError),
            wait=tenacity.wait_random_exponential(multiplier=1, max=30),
        )(asyncio.to_thread, server.Server, where, board)


async def _dry_run(observer: observe.Observer, output: str) -> int:
    snapshot, plan = await _dry_look(observer)
    if output == "json":
        print(json.dumps(render.as_json(snapshot, plan, observer.topology), indent=1))
    else:
        print(render.as_text(snapshot, plan, observer.topology))
    await observer.close()
    me = snapshot.pod(observer.topology.name)
    if any(block.code == "size-missing" for block in plan.blocked):
        return Exit.CONFIGURATION
    if plan.blocked:
        return Exit.BLOCKED
    if me is None or me.view is None:
        return Exit.FAILED
    return Exit.REACHED if plan.reached else Exit.NOT_YET


async def _dry_look(observer: observe.Observer) -> tuple[Snapshot, Plan]:
    """Everything, whatever the plan needs: a person wants to see it all."""
    ends = time.monotonic() + _DRY_SECONDS
    while True:
        snapshot = await observer.look(Scope.ALL)
        unasked = any(
            pod.node is None and pod.resolved.reason.startswith("not asked")
            for pod in snapshot.pods
        )
        # Without a size nobody is expected by name: the service itself is asked who there is.
        unlisted = observer.topology.size is None and not snapshot.listed
        # The seed asks the service itself only when it has found everybody, each proven.
        if observer.topology.seed and all(observer.node_of(pod.name) for pod in snapshot.pods):
            unlisted = unlisted or not snapshot.listed
        if not (unasked or unlisted) or time.monotonic() >= ends:
            return snapshot, planning.plan(snapshot, observer.topology)
        await asyncio.sleep(min(0.1, max(0.0, ends - time.monotonic())))
