"""The command line. Loaded only if there are arguments: a sidecar in a pod has none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from bootstrap import __version__
from bootstrap.config import environment, parsers, settings
from bootstrap.config.errors import Exit
from bootstrap.config.request import Wanted
from bootstrap.model import wish

_EPILOG = """\
exit status:
  0   the goal is reached (dry run: nothing to do; status: all is well; handover: it may stop;
      scale: it could begin now, or nothing would move)
  1   could not observe, timed out, or --once was interrupted (handover: it has not been taken over)
  2   dry run: not there yet; steps are pending, or something is waited for
      status: that, or something of the cluster is missing or in trouble
      scale: pods are missing, or something else has to come first
  3   blocked: refuses to act, reasons printed (scale: would refuse)
  64  usage; explain: there is no such code
  78  configuration; all faults are listed at once
  130, 143  status --wait was ended by SIGINT or SIGTERM (--watch: 143; Ctrl-C ends it with 0)
  status --wait ends with 0, with the status of its last look when its time is over, or at once
  with 3 or 78 if two looks in a row are refused

environment (empty means unset; what is unset is derived or has the default in parentheses):
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print the error and exit with 64, EX_USAGE of sysexits.h."""
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"bootstrap: {message}; see --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m bootstrap",
        description="Forms a Redis or Valkey Cluster on a StatefulSet and keeps it whole, from"
        " inside every pod. Proves before it acts, or refuses and says why.",
        epilog=_EPILOG + environment.as_help(settings.table()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["run", "handover", "status", "scale", "explain"],
        default="run",
        help="run: stay and look after the pod's Redis (the default); handover: if it is a primary,"
        " let a replica take over, so that it may stop; status: show all shards; scale: show what"
        " would move for another number of shards, and how to wish for it, without any change;"
        " explain: what a code means and what to do, or all codes",
    )
    parser.add_argument("code", nargs="?", help="of explain: a code, such as lost-slots")
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
        help="how --dry-run, status and scale print",
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--wait",
        action="store_true",
        help="of status: look until all is well and the wished shards own all slots; with --shards,"
        " also until all nodes show this number",
    )
    again.add_argument(
        "--watch",
        action="store_true",
        help="of status: look each 2 s, and redraw the terminal, until Ctrl-C",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="TIME",
        help="of status --wait: how long, as 90, 90s or 10m (default: BOOTSTRAP_TIMEOUT, or 600s)",
    )
    parser.add_argument(
        "--shards",
        type=_shards,
        metavar="N",
        help="of scale: the number of shards to ask about; of status --wait: see there",
    )
    parser.add_argument("--version", action="version", version=f"bootstrap {__version__}")
    return parser


def _seconds(text: str) -> float:
    try:
        return parsers.seconds(text)
    except parsers.NotThisError as error:
        raise argparse.ArgumentTypeError(f"expected {error}; saw {text!r}") from None


def _shards(text: str) -> int:
    try:
        return parsers.integer(1, wish.MOST)(text)
    except parsers.NotThisError as error:
        raise argparse.ArgumentTypeError(f"expected {error}; saw {text!r}") from None


def parse(arguments: Sequence[str]) -> Wanted:
    """Return what the run is asked to do.

    Raises:
        SystemExit: after `--help` and `--version`; with 64 (`Exit.USAGE`) for a wrong command line.

    """
    parser = _parser()
    found = parser.parse_args(arguments)
    if found.command != "run" and (found.once or found.dry_run):
        parser.error(f"--once and --dry-run do not go with {found.command}")
    if found.code is not None and found.command != "explain":
        parser.error(f"{found.command} takes no code")
    if found.command != "status" and (found.wait or found.watch):
        parser.error(f"--wait and --watch do not go with {found.command}")
    if found.timeout is not None and not found.wait:
        parser.error("--timeout goes with status --wait only")
    if found.shards is not None and found.command != "scale" and not found.wait:
        parser.error("--shards goes with scale and with status --wait only")
    if found.watch and found.output == "json":
        parser.error("--watch does not go with --output json")
    return Wanted(
        found.command,
        code=found.code,
        once=found.once,
        dry_run=found.dry_run,
        output=found.output,
        wait=found.wait,
        watch=found.watch,
        timeout=found.timeout,
        shards=found.shards,
    )
