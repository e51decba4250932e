"""The program: what to run, and its exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence

from bootstrap import log
from bootstrap.config import errors, identity, settings
from bootstrap.config.errors import Exit
from bootstrap.config.request import Wanted
from bootstrap.dns import client
from bootstrap.observe.observer import Observer
from bootstrap.redis import login
from bootstrap.run import early, handover, loop, setup, start_gate
from bootstrap.show.board import Board

_ONCE_SECONDS = 300.0
"""Seconds that `--once` tries if BOOTSTRAP_TIMEOUT is not set."""
_WAIT_SECONDS = 600.0
"""Seconds that `status --wait` looks if neither `--timeout` nor BOOTSTRAP_TIMEOUT is set."""
_STOP_SECONDS = 0.5
"""Seconds that a running look may still take after SIGTERM."""
_FIRST_LOOK = 2.0
"""Seconds that HTTP requests wait for the first look, at most. A probe's time-out is longer, so the
answer of a shut gate arrives, and says why."""


def main(arguments: Sequence[str], begun: early.Early | None = None) -> int:
    """Run, and return the exit status. `begun` is what `run.early` started; it is taken over."""
    wanted = _wanted(arguments)
    if wanted.command == "explain":
        # Imported here, since no running sidecar needs it. It needs no settings.
        from bootstrap.show import runbook  # noqa: PLC0415

        return runbook.explain(wanted.code)
    try:
        known = settings.read(os.environ, identity.Files(), tty=sys.stdout.isatty())
        tls = setup.encryption_of(known)
    except errors.ConfigurationError as error:
        for fault in error.faults:
            print(f"bootstrap: {fault}", file=sys.stderr)
        return Exit.CONFIGURATION
    shows = wanted.dry_run or wanted.command != "run"
    log.configure(known.log_level, known.log_format, sys.stderr if shows else sys.stdout)
    for warning in known.unknown:
        log.get().warning(log.UNKNOWN_VARIABLE, what=warning)
    access = login.Access(
        credentials=known.credentials,
        tls=tls,
        # Without a wish a sidecar asks for nothing more than before.
        migrations=bool(known.wish or known.wish_file)
        or (shows and not known.credentials.username),
    )
    board = Board()
    if begun is not None:
        begun.judged = lambda: board.gate
    opened = begun.gate if begun is not None else None
    if opened is not None:
        start_gate.pin(board, opened, setup.topology(known))
    handed = handover.Handover(
        setup.topology(known), known.redis_host, access, board, folder=known.data_dir
    )
    if wanted.command == "handover":
        return asyncio.run(_hand_over(handed))
    observer = _observer(known, access, begun)
    if shows:
        return asyncio.run(_show(wanted, known, observer))
    return asyncio.run(_run(observer, known, board, handed, begun, once=wanted.once))


def _wanted(arguments: Sequence[str]) -> Wanted:
    if not arguments:
        return Wanted()
    from bootstrap.config import arguments as words  # noqa: PLC0415 - a sidecar in a pod has none

    found = words.parse(arguments)
    # A command that ends needs both. They are loaded now, not within the time for its looks.
    from bootstrap.dns import resolver  # noqa: F401, PLC0415
    from bootstrap.redis import connection  # noqa: F401, PLC0415

    return found


def _observer(
    known: settings.Settings, access: login.Access, begun: early.Early | None
) -> Observer:
    return Observer(
        setup.topology(known),
        known.redis_host,
        access,
        client.Discovery(
            service=known.service_fqdn,
            nameservers=known.nameservers,
            family=known.family,
            begun=begun.asked if begun else None,
        ),
        time.monotonic,
        folder=known.data_dir,
    )


async def _show(wanted: Wanted, known: settings.Settings, observer: Observer) -> int:
    """Look for a person, and write nothing. Modules are imported here: no sidecar needs them."""
    http, output = known.http, wanted.output
    if wanted.command == "scale":
        from bootstrap.run import scale  # noqa: PLC0415

        return await scale.scale(observer, output, http, wanted.shards)
    if wanted.watch:
        from bootstrap.run import watch  # noqa: PLC0415

        return await watch.watch(observer, http)
    if wanted.wait:
        from bootstrap.run import watch  # noqa: PLC0415

        seconds = wanted.timeout or known.timeout or _WAIT_SECONDS
        return await watch.wait(observer, output, http, seconds=seconds, shards=wanted.shards)
    from bootstrap.run import once  # noqa: PLC0415

    show = once.dry_run if wanted.dry_run else once.shards_of
    return await show(observer, output, http)


async def _hand_over(handed: handover.Handover) -> int:
    ended = await handed.ask()
    print(f"{ended.result}: {ended.text}")
    return Exit.REACHED if ended.result.good else Exit.FAILED


async def _run(  # noqa: PLR0913 - all parts of a run
    observer: Observer,
    known: settings.Settings,
    board: Board,
    handed: handover.Handover,
    begun: early.Early | None,
    *,
    once: bool,
) -> int:
    timeout = known.timeout if known.timeout is not None or not once else _ONCE_SECONDS
    terms = loop.Terms(once=once, timeout=timeout, interval=known.interval)
    if board.gate is not None:
        observer.gate_opened()
    turning = loop.Loop(observer, board, terms)
    running = asyncio.create_task(turning.run())
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, _stop, turning, running)
    # You may run `--once` by hand beside the sidecar that has the port.
    where = None if once else known.http
    endpoint = handover.Endpoint(handed, asyncio.get_running_loop(), known.handover_token)
    listening = asyncio.create_task(
        _listen(where, board, endpoint, known.pod_name, begun, turning.looked)
    )
    try:
        return await running
    except asyncio.CancelledError:
        return turning.interrupted()
    finally:
        listening.cancel()
        await handed.close()
        await observer.close()


def _stop(turning: loop.Loop, running: asyncio.Task[Exit]) -> None:
    """End after the present look, or within `_STOP_SECONDS` if a server does not answer."""
    turning.stop()
    asyncio.get_running_loop().call_later(_STOP_SECONDS, running.cancel)


async def _listen(  # noqa: PLR0913, PLR0917 - all parts of what is served
    where: tuple[str, int] | None,
    board: Board,
    endpoint: handover.Endpoint,
    pod: str,
    begun: early.Early | None,
    looked: asyncio.Event,
) -> None:
    """Serve HTTP. If the port is taken, log it and try again; the loop runs without HTTP."""
    if where is None:
        return
    # Loaded after the first look: until then `begun` answers what matters.
    if begun is not None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(looked.wait(), _FIRST_LOOK)
    from bootstrap.show import http, routes  # noqa: PLC0415

    paths, guarded = routes.of(board), {"/handover": endpoint.handle}

    try:
        http.Server(where, paths, guarded, begun)
    except OSError as error:
        why = f"BOOTSTRAP_HTTP: cannot listen on {where[0] or '*'}:{where[1]}: {error}"
        fix = "is there a second sidecar in this pod? its probes and metrics are the other one's"
        log.get(pod=pod).error(log.NO_HTTP, why=why, fix=fix)
        # Imported here, since a pod without this error does not need its 1 MiB.
        import tenacity  # noqa: PLC0415

        await tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(OSError),
            wait=tenacity.wait_random_exponential(multiplier=1, max=30),
        )(asyncio.to_thread, http.Server, where, paths, guarded)
