"""What `scripts/bench` is told."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench import contenders
from tests.statefulset import servers

SECTIONS: Final = (
    "form",
    "cold",
    "busy",
    "start",
    "dns",
    "idle",
    "heal",
    "roll",
    "handover",
    "move",
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; SystemExit with the usage if they are none."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure how fast clusters form and slots move, beside redis-cli, and what a"
        " sidecar costs. Nothing is asserted; see bench-results/.",
    )
    parser.add_argument(
        "sections",
        nargs="*",
        choices=[*SECTIONS, []],
        metavar="SECTION",
        help=f"some of {', '.join(SECTIONS)}; default all",
    )
    parser.add_argument("--server", default="valkey-9.1", choices=servers.MATRIX)
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=[6, 12, 30, 60],
        metavar="N,N",
        help="pods for `form`; default 6,12,30,60",
    )
    parser.add_argument(
        "--keys", type=int, help="keys for `move`; default 1000000, with --quick 100000"
    )
    parser.add_argument("--runs", type=int, help="of each; default 3, above 60 pods 1")
    parser.add_argument(
        "--only",
        metavar="NAME,NAME",
        default="",
        help=f"of {', '.join(one.name for one in contenders.EVERY)}; for `move`, of those that it"
        " tells of",
    )
    parser.add_argument("--quick", action="store_true", help="6 pods, one run, short spans")
    parser.add_argument(
        "--quiet",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait up to so long before each run for others to leave the machine",
    )
    parser.add_argument("--output", type=Path, default=servers.REPOSITORY / "bench-results")
    return parser.parse_args(arguments)


def _sizes(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]
