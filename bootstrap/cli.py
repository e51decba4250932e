"""The command line: what to run, and how it ends."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Literal, NoReturn

from bootstrap import (
    __version__,
    connection,
    discovery,
    encryption,
    errors,
    handover,
    identity,
    logs,
    loop,
    observe,
    server,
    settings,
    shown,
    status,
    variables,
)
from bootstrap.core.topology import Topology
from bootstrap.errors import Exit

#: How long `--once` tries when BOOTSTRAP_TIMEOUT does not say, in seconds.
_ONCE_SECONDS = 300.0
#: How long a look that is under way may go on after SIGTERM, in seconds.
_STOP_SECONDS = 0.5

_EPILOG = """\
exit status:
  0   the goal is reached (dry run: nothing to do; status: all is well; handover: it may stop)
  1   could not observe, timed out, or --once was interrupted (handover: it has not been taken over)
  2   dry run: not there yet; steps are pending, or something is waited for
      status: that, or something of the cluster is missing or in trouble
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
        choices=["run", "handover", "status"],
        default="run",
        help="run: stay and look after the pod's Redis (the default); handover: if it is a primary,"
        " let a replica take over, so that it may stop; status: show all shards",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--once", action="store_true", help="form, join or heal, then exit")
    mode.add_argument(
        "--dry-run",
        action="store_true",
        help="show what is seen and what would be done; never write",
    )
    parser.add_argument(
        "--output",
        choices=["text", "json"],
        default="text",
        help="how --dry-run and status print",
    )
    parser.add_argument("--version", action="version", version=f"bootstrap {__version__}")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run, and return the exit status."""
    parser = _parser()
    wanted = parser.parse_args(arguments)
    if wanted.command != "run" and (wanted.once or wanted.dry_run):
        parser.error(f"--once and --dry-run do not go with {wanted.command}")
    try:
        known = settings.read(os.environ, identity.Files(), tty=sys.stdout.isatty())
        tls = _tls(known)
    except errors.ConfigurationError as error:
        for fault in error.faults:
            print(f"bootstrap: {fault}", file=sys.stderr)
        return Exit.CONFIGURATION
    shows = wanted.dry_run or wanted.command != "run"
    logs.configure(known.log_level, known.log_format, sys.stderr if shows else sys.stdout)
    for warning in known.unknown:
        logs.get().warning(logs.UNKNOWN_VARIABLE, what=warning)
    access = connection.Access(credentials=known.credentials, tls=tls)
    board = status.Board()
    handed = handover.Handover(
        topology(known), known.redis_host, access, board, folder=known.data_dir
    )
    if wanted.command == "handover":
        return asyncio.run(_hand_over(handed))
    observer = _observer(known, access)
    if wanted.dry_run or wanted.command == "status":
        show = shown.dry_run if wanted.dry_run else shown.shards_of
        return asyncio.run(show(observer, wanted.output))
    return asyncio.run(_run(observer, known, board, handed, once=wanted.once))


def _tls(known: settings.Settings) -> encryption.Encryption | None:
    if not known.tls:
        return None
    files = encryption.Files(ca=known.tls_ca_file, cert=known.tls_cert_file, key=known.tls_key_file)
    try:
        return encryption.Encryption(files, known.hostname)
    except encryption.FilesError as error:
        raise errors.ConfigurationError([str(error)]) from error


def topology(known: settings.Settings) -> Topology:
    """What should be, from the settings."""
    return Topology(
        statefulset=known.statefulset,
        ordinal=known.ordinal,
        subdomain=known.service_fqdn.removesuffix("."),
        size=known.size,
        size_refused=known.size_refused,
        replicas_per_shard=known.replicas_per_shard,
        ordinal_start=known.ordinal_start,
        address=known.pod_ip,
        port=known.redis_port,
        host=known.node_name,
        zone=known.zone,
        with_password=known.credentials.password is not None
        or known.credentials.password_file is not None,
        dns_source=known.dns_source,
        fast_form=known.fast_form,
        node_timeout=known.node_timeout,
        handover_timeout=known.handover_timeout,
        gate_seconds=known.gate_seconds,
        gate_opens=known.gate_on_timeout == "open",
        guarded=known.data_dir is not None,
        adopted=known.adopt or "",
    )


def _observer(known: settings.Settings, access: connection.Access) -> observe.Observer:
    family: Literal[4, 6] | None = None
    if known.pod_ip is not None:
        family = 6 if ":" in known.pod_ip else 4
    return observe.Observer(
        topology(known),
        known.redis_host,
        access,
        discovery.Discovery(
            service=known.service_fqdn, nameservers=known.nameservers, family=family
        ),
        time.monotonic,
        folder=known.data_dir,
    )


async def _hand_over(handed: handover.Handover) -> int:
    ended = await handed.ask()
    print(f"{ended.result}: {ended.text}")
    return Exit.REACHED if ended.result.good else Exit.FAILED


async def _run(
    observer: observe.Observer,
    known: settings.Settings,
    board: status.Board,
    handed: handover.Handover,
    *,
    once: bool,
) -> int:
    timeout = known.timeout if known.timeout is not None or not once else _ONCE_SECONDS
    terms = loop.Terms(once=once, timeout=timeout, interval=known.interval)
    turning = loop.Loop(observer, board, terms)
    running = asyncio.create_task(turning.run())
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, _stop, turning, running)
    # Whoever runs `--once` by hand may do so beside the sidecar that has the port.
    where = None if once else known.http
    door = handover.Door(handed, asyncio.get_running_loop(), known.handover_token)
    listening = asyncio.create_task(_listen(where, board, door, known.pod_name))
    try:
        return await running
    except asyncio.CancelledError:
        return turning.interrupted()
    finally:
        listening.cancel()
        await handed.close()
        await observer.close()


def _stop(turning: loop.Loop, running: asyncio.Task[Exit]) -> None:
    """End after the present look, or in the middle of it when a server keeps it waiting."""
    turning.stop()
    asyncio.get_running_loop().call_later(_STOP_SECONDS, running.cancel)


async def _listen(
    where: tuple[str, int] | None, board: status.Board, door: handover.Door, pod: str
) -> None:
    """Serve HTTP. A taken port is no reason to leave Redis alone: say so, and try again."""
    if where is None:
        return
    try:
        server.Server(where, board, door.knock)
    except OSError as error:
        why = f"BOOTSTRAP_HTTP: cannot listen on {where[0] or '*'}:{where[1]}: {error}"
        fix = "is there a second sidecar in this pod? its probes and metrics are the other one's"
        logs.get(pod=pod).error(logs.NO_HTTP, why=why, fix=fix)
        # Imported where it is needed: a pod that is well does not pay its 1 MiB.
        import tenacity  # noqa: PLC0415

        await tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(OSError),
            wait=tenacity.wait_random_exponential(multiplier=1, max=30),
        )(asyncio.to_thread, server.Server, where, board, door.knock)
