"""Looks again and again for a person: `status --wait` until all is well, and `status --watch`.

Never writes. Both look every two seconds, at all pods.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Coroutine
from typing import Final, Never, TextIO, TypeVar

from bootstrap.config.errors import Exit
from bootstrap.observe.observer import Observer
from bootstrap.plan.codes import Code
from bootstrap.run import once
from bootstrap.run.once import Seen
from bootstrap.show import effect, fulfilment, progress, screen

_T = TypeVar("_T")
_PAUSE: Final = 2.0
"""Seconds between two looks."""
_SIGNALLED: Final = 128
"""What a shell adds to the number of the signal that ended a process."""


async def wait(
    observer: Observer,
    output: str,
    http: tuple[str, int] | None,
    *,
    seconds: float,
    shards: int | None,
) -> int:
    """Look until all is well and the wish is fulfilled, a refusal lasts, or the time is over.

    Prints a line for each change of the headline or the progress, and the whole at the end. With
    `output` json these lines go to stderr. If `shards` is given, all nodes also have to show that
    so many are wished.
    """
    seen = await _signalled(_wait(observer, output, http, seconds, shards), observer)
    if isinstance(seen, int):
        return seen
    print(file=_lines(output))
    print(seen.text)
    lacking = fulfilment.lacking(seen.facts, shards)
    if seen.ended is Exit.REACHED and lacking:
        print(f"exit status {Exit.NOT_YET:d} all the same: {lacking}", file=_lines(output))
        return Exit.NOT_YET
    return seen.ended


def _lines(output: str) -> TextIO:
    """Return where the lines about changes go: with JSON, stdout has nothing else."""
    return sys.stderr if output == "json" else sys.stdout


async def _wait(
    observer: Observer,
    output: str,
    http: tuple[str, int] | None,
    seconds: float,
    shards: int | None,
) -> Seen:
    began = time.monotonic()
    said: tuple[object, ...] = ()
    refused = frozenset[Code]()
    while True:
        seen = await once.see(observer, output, http)
        lacking = fulfilment.lacking(seen.facts, shards)
        passed = time.monotonic() - began
        gist = (_gist(seen), lacking)
        if gist != said:
            said = gist
            told = progress.line(seen.facts)
            parts = [
                seen.headline.text,
                told and f"Progress: {told}.",
                lacking and f"Wish: {lacking}.",
            ]
            print(f"after {passed:.0f} s:", *filter(None, parts), file=_lines(output), flush=True)
        if passed >= seconds or (seen.ended is Exit.REACHED and not lacking):
            return seen
        # A refusal may pass while nodes hear of each other. One that the next look finds too lasts.
        codes = frozenset(one.code for one in seen.plan.blocked)
        if codes and codes == refused:
            return seen
        refused = codes
        await asyncio.sleep(min(_PAUSE, seconds - passed))


def _gist(seen: Seen) -> tuple[object, ...]:
    """Return what differs if a person would call it a change: no age, and no time left."""
    cause, left = seen.headline.cause, progress.left(seen.facts)
    root = (cause.verdict, cause.code, cause.pod) if cause else ()
    return root, effect.words(seen.headline.effect), left


async def watch(observer: Observer, http: tuple[str, int] | None) -> int:
    """Show the shards again and again until a signal; Ctrl-C is the usual end, with status 0."""
    try:
        ended = await _signalled(_watch(observer, http), observer)
    except BrokenPipeError:
        # The reader has ended, as in `status --watch | head`. Python's last flush must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    if _drawn():
        print()  # what the shell writes next begins a line
    return Exit.REACHED if ended == _SIGNALLED + signal.SIGINT else ended


async def _watch(observer: Observer, http: tuple[str, int] | None) -> Never:
    drawn = _drawn()
    # https://no-color.org: set and not empty.
    coloured = drawn and not os.environ.get("NO_COLOR")
    if drawn:
        print(end=screen.CLEAR)
    while True:
        seen = await once.see(observer, "text", http)
        clock = time.strftime("%H:%M:%S UTC", time.gmtime())
        text = f"{seen.text}\n\nlooked at {clock}, each {_PAUSE:g} s; Ctrl-C ends it"
        if drawn:
            size = shutil.get_terminal_size()
            verdict = seen.headline.verdict if coloured else None
            print(end=screen.frame(text, size, verdict), flush=True)
        else:
            print(f"{text}\n", flush=True)
        await asyncio.sleep(_PAUSE)


def _drawn() -> bool:
    """Whether stdout is a terminal that knows escape codes."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


async def _signalled(work: Coroutine[object, object, _T], observer: Observer) -> _T | int:
    """Return what the work returns; if SIGINT or SIGTERM ends it, the status that a shell gives."""
    task, got = asyncio.ensure_future(work), list[int]()

    def stop(number: signal.Signals) -> None:
        got.append(number)
        task.cancel()

    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop, one)
    try:
        return await task
    except asyncio.CancelledError:
        return _SIGNALLED + got[0]
    finally:
        await observer.close()
