"""What moves took and what clients met meanwhile, as a table for people."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from tests.bench import move, report, traffic


def moved(runs: Sequence[move.Moved]) -> str:
    """Return medians of each contender's runs, beside those of every redis-cli."""
    names = list(dict.fromkeys(run.contender for run in runs))
    references = [name for name in names if name.startswith("redis-cli")]
    rows = [["A QUARTER OF THE KEYS MOVES", "SECONDS", "FIRST SLOTS", "SLOTS MOVED / LEAST",
             "HAND-OFFS", "GAP AT A HAND-OFF", *(f"{job.upper()}: P99, LONGEST STALL" for job in traffic.JOBS),
             "FAILED", "WRONG", "MISSING", "LOST", "RUNS", "OTHERS BUSY"]]  # fmt: skip
    for name in names:
        mine = [run for run in runs if run.contender == name]
        seconds = median(runs, name)
        before = references[: references.index(name)] if name in references else references
        others = [other for one in before if (other := median(runs, one))]
        ratios = [f"{seconds / other:.3f}" for other in others] if seconds else []
        gaps = [gap for run in mine for gap in run.gaps]
        rows.append(
            [
                name,
                _seconds(seconds) + (f" ({' / '.join(ratios)})" if ratios else ""),
                _seconds(_middle(mine, lambda run: run.first)),
                f"{max(run.moved for run in mine):.2f}",
                f"{statistics.median(run.hand_offs for run in mine):g}",
                f"at most {max(gaps):.3f} s" if gaps else "",
                *(_stalls(mine, job) for job in traffic.JOBS),
                _failed(mine),
                *(
                    str(sum(many))
                    for many in zip(
                        *((run.wrong, run.missing, run.lost) for run in mine), strict=True
                    )
                ),
                str(len(mine)),
                f"{statistics.median(run.others for run in mine):.2f}",
            ]
        )
    said = [f"{run.contender}: {run.said}" for run in runs if run.said]
    beside = [f"in brackets: of {' / of '.join(references)}"] if references else []
    return "\n".join([report.table(rows), *beside, "in square brackets: before the move", *said])


def line(run: move.Moved) -> str:
    """Return one run, and what clients said that failed."""
    failed = [f"{client}: {said}" for client, said in run.failed.items() if said]
    told = (
        f"{run.contender:20} {_seconds(run.seconds):10} wrong {run.wrong} missing {run.missing}"
        f" lost {run.lost} others {run.others:.2f}"
    )
    return "\n       ".join([told, *failed])


def median(runs: Sequence[move.Moved], name: str) -> float | None:
    """Return the median of a contender's seconds; a move that never ended makes it none."""
    return _middle([run for run in runs if run.contender == name], lambda run: run.seconds)


def _middle(
    runs: Sequence[move.Moved], which: Callable[[move.Moved], float | None]
) -> float | None:
    some = [value for run in runs if (value := which(run)) is not None]
    return statistics.median(some) if some and len(some) == len(runs) else None


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f} s"


def _stalls(runs: Sequence[move.Moved], job: traffic.Job) -> str:
    """The medians of p99 and of the longest stall, each with what it was before."""
    texts = []
    for what in ("p99", "longest"):
        before, during = (
            statistics.median(getattr(one[job], what) for one in some)
            for some in ([run.calm for run in runs], [run.during for run in runs])
        )
        texts.append(f"{during:.1f} ms [{before:.1f}]")
    return ", ".join(texts)


def _failed(runs: Sequence[move.Moved]) -> str:
    """How many operations failed in all runs, by client; 0 if none did."""
    found = [
        f"{client}: {sum(sum(run.failed.get(client, {}).values()) for run in runs)}"
        for client in sorted(
            {client for run in runs for client, said in run.failed.items() if said}
        )
    ]
    return ", ".join(found) or "0"
