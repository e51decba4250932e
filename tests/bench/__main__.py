"""Run the sections that were asked for, and write what they found."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from tests.bench import (
    arguments,
    contenders,
    dns,
    finding,
    idle,
    keep,
    machine,
    move,
    move_table,
    report,
    start,
    traffic,
)
from tests.statefulset import servers

QUIET: Final = 0.15
"""Processors that others may use when a measurement starts, if one waits for that."""


def main(argv: Sequence[str]) -> int:
    """Measure, print, write; return the exit status."""
    options = arguments.parse(argv)
    server = servers.find_server(options.server)
    if isinstance(server, servers.Missing):
        print(f"bench: {options.server}: {server.reason}", file=sys.stderr)
        return 1
    if servers.find_redis_cli() is None:
        print("bench: no redis-cli to compare with; on Debian: scripts/servers", file=sys.stderr)
        return 1
    options.output.mkdir(exist_ok=True)
    results = report.Results(about=_about(server))
    print("\n".join(f"{name}: {value}" for name, value in results.about.items()), flush=True)
    for section in options.sections or arguments.SECTIONS:
        print(f"\n== {section}", flush=True)
        _SECTIONS[section](options, server, results)
        results.write(options.output)
    if results.runs:
        report.draw(results, options.output / "forming.png")
    print(f"\nwritten: {options.output}/")
    return 0


def _about(server: servers.Server) -> dict[str, str]:
    client = str(servers.find_redis_cli())
    said = subprocess.run([client, "--version"], capture_output=True, text=True, check=True)
    return {
        "server": f"{server.name} ({'.'.join(map(str, server.version))})",
        "client": said.stdout.strip(),
        "machine": machine.describe(),
        "python": platform.python_version(),
        "load at the start": f"{os.getloadavg()[0]:.2f}",
    }


def _form(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    some = [one for one in contenders.EVERY if one is not contenders.COLD]
    sizes = [6] if options.quick else options.sizes
    _compare(options, server, results.runs, some, sizes)
    print(report.forming(results.runs))


def _cold(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    sizes = [6] if options.quick else [6, 12]
    _compare(options, server, results.runs, [contenders.COLD], sizes)
    print(report.forming([run for run in results.runs if run.contender == contenders.COLD.name]))


def _busy(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    """Both processors are kept busy by two more processes."""
    some = [contenders.REDIS_CLI, contenders.THERE, contenders.PLAIN, contenders.COLD]
    sizes = [6] if options.quick else [6, 12, 24, 60]
    _compare(options, server, results.busy_runs, some, sizes, busy=True)
    print(report.forming(results.busy_runs))


def _compare(
    options: argparse.Namespace,
    server: servers.Server,
    runs: list[contenders.Run],
    some: Sequence[contenders.Contender],
    sizes: Sequence[int],
    *,
    busy: bool = False,
) -> None:
    wanted = options.only.split(",") if options.only else [one.name for one in some]
    chosen = [one for one in some if one.name in wanted]
    print("\n".join(f"{one.name}: {one.about}" for one in chosen), flush=True)
    for size in sizes:
        usual = 3 if size <= 60 else 1
        # By turns, so that whatever else the machine does hits all of them alike.
        for _ in range(1 if options.quick else options.runs or usual):
            for contender in chosen:
                _wait_for_quiet(options.quiet)
                run = contenders.measure(contender, size, server, busy=busy)
                runs.append(run)
                told = "never" if run.seconds is None else f"{run.seconds:.2f} s"
                print(
                    f"  {size:4} {contender.name:16} {told:10} others {run.others:.2f}", flush=True
                )


def _wait_for_quiet(seconds: float) -> None:
    """Leave the machine to others for a while, should they need it."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and machine.busy(1.0) > QUIET:
        continue


def _start(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    print("\n".join(f"{who}: {about}" for who, about in start.ABOUT.items()), flush=True)
    for _ in range(1 if options.quick else options.runs or 5):
        for who in start.ABOUT:
            _wait_for_quiet(options.quiet)
            results.starts.append(start.measure(who, server))
    print(report.started(results.starts))


def _dns(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    for found in finding.scenarios():
        results.found.append(found)
        print(f"  {found.scenario}: {found.sidecar[-1]:.2f} s at most", flush=True)
    print(report.finding_names(results.found), flush=True)
    if options.quick:
        return
    results.losses = dns.scenarios(server)
    print(report.lost(results.losses))


def _idle(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    """Also with many pods: what a sidecar costs is not to grow with their number."""
    for size in [6] if options.quick else [6, 60]:
        results.idle.append(idle.measure(size, server, 15.0 if options.quick else 60.0))
    print(report.idling(results.idle))


def _heal(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    for size in [6] if options.quick else [6, 30, 60]:
        for _ in range(1 if options.quick or size > 6 else options.runs or 3):
            for way in keep.WAYS:
                _wait_for_quiet(options.quiet)
                found = keep.heal(size, server, way)
                results.healed.append(found)
                print(
                    f"  {size:4} {way:10} {found.linked} {found.seconds} lost {found.lost}",
                    flush=True,
                )
                print("".join(f"       {one}\n" for one in found.missing[:20]), end="", flush=True)
    print(report.healed(results.healed))


def _roll(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    for _ in range(1 if options.quick else options.runs or 3):
        _wait_for_quiet(options.quiet)
        results.rolls.append(keep.roll(server))
    print(report.rolled(results.rolls))


def _handover(
    _options: argparse.Namespace, server: servers.Server, results: report.Results
) -> None:
    results.gaps = [keep.hand_over(server, graceful=graceful) for graceful in (True, False)]
    print(report.gaps(results.gaps))


def _move(options: argparse.Namespace, server: servers.Server, results: report.Results) -> None:
    """Servers that move no slots by themselves are left out: our sidecars move none there."""
    if not move.moves(server):
        print(f"{server.name} does not move slots by itself: see --server")
        return
    found = move.contenders(server)
    wanted = options.only.split(",") if options.only else [one.name for one in found]
    chosen = [one for one in found if one.name in wanted]
    print("\n".join(f"{one.name}: {one.about}" for one in chosen))
    print(f"clients: {', '.join(traffic.installed())}", flush=True)
    keys = options.keys or (100_000 if options.quick else 1_000_000)
    # By turns, as above.
    for contender in chosen * (1 if options.quick else options.runs or 3):
        _wait_for_quiet(options.quiet)
        run = move.measure(contender, server, keys)
        results.moved.append(run)
        results.write(options.output)  # One run may take minutes.
        print(f"  {move_table.line(run)}", flush=True)
    print(move_table.moved(results.moved))


_SECTIONS: Final = {
    "form": _form,
    "cold": _cold,
    "busy": _busy,
    "start": _start,
    "dns": _dns,
    "idle": _idle,
    "heal": _heal,
    "roll": _roll,
    "handover": _handover,
    "move": _move,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
