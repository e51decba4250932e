"""The command line. Loaded only if there are arguments: a sidecar in a pod has none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from bootstrap import __version__
from bootstrap.config import environment, settings
from bootstrap.config.errors import Exit
from bootstrap.config.request import Wanted

_EPILOG = """\
exit status:
  0   the goal is reached (dry run: nothing to do; status: all is well; handover: it may stop)
  1   could not observe, timed out, or --once was interrupted (handover: it has not been taken over)
  2   dry run: not there yet; steps are pending, or something is waited for
      status: that, or something of the cluster is missing or in trouble
  3   blocked: refuses to act, reasons printed
  64  usage; explain: there is no such code
  78  configuration; all faults are listed at once

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
        choices=["run", "handover", "status", "explain"],
        default="run",
        help="run: stay and look after the pod's Redis (the default); handover: if it is a primary,"
        " let a replica take over, so that it may stop; status: show all shards; explain: what a"
        " code means and what to do, or all codes",
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
        help="how --dry-run and status print",
    )
    parser.add_argument("--version", action="version", version=f"bootstrap {__version__}")
    return parser


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
    return Wanted(
        found.command,
        code=found.code,
        once=found.once,
        dry_run=found.dry_run,
        output=found.output,
    )
