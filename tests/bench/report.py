"""What was measured, as a table for people, as JSON, and as a picture."""

from __future__ import annotations

import dataclasses
import importlib
import json
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench import contenders, dns, finding, idle, keep, move, start

_REFERENCES: Final = (contenders.REDIS_CLI.name, contenders.TUNED_CLI.name)
"""What all others are measured against."""


@dataclasses.dataclass(kw_only=True)
class Results:
    """All of one run of the bench."""

    about: dict[str, str]
    runs: list[contenders.Run] = dataclasses.field(default_factory=list)
    busy_runs: list[contenders.Run] = dataclasses.field(default_factory=list)
    found: list[finding.Found] = dataclasses.field(default_factory=list)
    losses: list[dns.Loss] = dataclasses.field(default_factory=list)
    idle: list[idle.Idle] = dataclasses.field(default_factory=list)
    healed: list[keep.Healed] = dataclasses.field(default_factory=list)
    starts: list[start.Started] = dataclasses.field(default_factory=list)
    rolls: list[keep.Rolled] = dataclasses.field(default_factory=list)
    gaps: list[keep.Gap] = dataclasses.field(default_factory=list)
    moved: list[move.Moved] = dataclasses.field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write them as JSON."""
        file = folder / "bench.json"
        file.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")
        return file


def median(runs: Iterable[contenders.Run], contender: str, pods: int) -> float | None:
    """Return the median of its runs; a run that never formed makes it none."""
    times = [run.seconds for run in runs if (run.contender, run.pods) == (contender, pods)]
    formed = [seconds for seconds in times if seconds is not None]
    return statistics.median(formed) if formed and len(formed) == len(times) else None


def forming(runs: Sequence[contenders.Run]) -> str:
    """Return medians in seconds by number of pods, each with its ratios to redis-cli's."""
    names = list(dict.fromkeys(run.contender for run in runs))
    rows = [["PODS", *names, "RUNS OF EACH", "OTHERS BUSY"]]
    for pods in sorted({run.pods for run in runs}):
        mine = [run for run in runs if run.pods == pods]
        references = {name: median(runs, name, pods) for name in _REFERENCES}
        row = [str(pods)]
        for name in names:
            value = median(runs, name, pods)
            ran = any(run.contender == name for run in mine)
            text = "" if not ran else "never" if value is None else f"{value:.2f} s"
            if value is not None and name not in _REFERENCES:
                ratios = [f"{value / one:.2f}" if one else "-" for one in references.values()]
                text += f" ({' / '.join(ratios)})"
            row.append(text)
        row += [_counts(mine), f"{statistics.median(run.others for run in mine):.2f}"]
        rows.append(row)
    return f"{table(rows)}\nin brackets: of {' / of '.join(_REFERENCES)}"


def _counts(runs: Sequence[contenders.Run]) -> str:
    """How many runs a median is of, or the fewest and the most."""
    counts = Counter(run.contender for run in runs).values()
    return "-".join(map(str, sorted({min(counts), max(counts)})))


def idling(found: Sequence[idle.Idle]) -> str:
    """Return what a sidecar costs while all is well, by number of pods; each is one span."""
    rows = [["PODS", "SECONDS", "RESIDENT", "PROPORTIONAL", "PROCESSOR", "START TO FIRST LOOK",
             "DNS QUESTIONS OF ALL", "WRITES"]]  # fmt: skip
    for one in found:
        writes = ", ".join(f"{count} x {name}" for name, count in one.writes.items()) or "none"
        rows.append(
            [
                str(one.pods),
                f"{one.seconds:.0f}",
                f"{one.rss:.1f} MiB",
                f"{one.pss:.1f} MiB",
                f"{one.cpu_percent:.2f} % of one",
                f"{one.start_up:.2f} s",
                str(one.dns_questions),
                writes,
            ]
        )
    return table(rows)


def finding_names(found: Sequence[finding.Found]) -> str:
    """Return how long a name that is there is not found: the median, and the longest."""
    rows = [["FROM THE NAME TO ITS BEING FOUND", "SIDECAR", "PLAIN REPETITION", "RUNS"]]
    for one in found:
        times = [
            f"{statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s"
            for seconds in (one.sidecar, one.repeater)
        ]
        rows.append([one.scenario, *times, str(len(one.sidecar))])
    return table(rows)


def lost(losses: Sequence[dns.Loss]) -> str:
    """Return what a cache cost: the time with it less the time without."""
    rows = [["SCENARIO", "NO CACHE", "CACHE 30 s", "LOST", "PLAIN REPETITION LOSES"]]
    for plain, cached in zip(losses[::2], losses[1::2], strict=True):
        times = [one.formed for one in (plain, cached)]
        texts = ["never" if one is None else f"{one:.2f} s" for one in times]
        gap = "-" if None in times else f"{(cached.formed or 0) - (plain.formed or 0):.2f} s"
        rows.append([plain.scenario, *texts, gap, f"{cached.naive - plain.naive:.2f} s"])
    return table(rows)


def healed(runs: Sequence[keep.Healed]) -> str:
    """Return medians in seconds by number of pods: links and replicas back, and all ok."""
    columns = (f"{way}: {what}" for way in keep.WAYS for what in ("LINKS", "OK"))
    rows = [["PODS", *columns, "RUNS OF EACH"]]
    for pods in sorted({run.pods for run in runs}):
        row = [str(pods)]
        for way in keep.WAYS:
            mine = [run for run in runs if (run.way, run.pods) == (way, pods)]
            row += [_median([run.linked for run in mine]), _median([run.seconds for run in mine])]
        rows.append([*row, str(sum(run.pods == pods for run in runs) // len(keep.WAYS))])
    return table(rows)


def _median(times: Sequence[float | None]) -> str:
    """Never, if one of them is never."""
    some = [one for one in times if one is not None]
    if len(some) < len(times):
        return f"not within {keep.LONG:g} s"
    return f"{statistics.median(some):.2f} s" if some else ""


def rolled(runs: Sequence[keep.Rolled]) -> str:
    """Return what rolling restarts took, each on a line, in seconds."""
    rows = [["ROLL OF SIX PODS", "A SERVER'S START TO ITS LINK: MEDIAN", "LONGEST"]]
    rows += [
        [f"{run.seconds:.1f} s", f"{statistics.median(run.links):.2f} s", f"{max(run.links):.2f} s"]
        for run in runs
    ]
    return table(rows)


def started(runs: Sequence[start.Started]) -> str:
    """Return medians in seconds until the last of six had said yes, and what they are of empty."""
    rows = [["SIX AT ONCE", "LAST YES", "OF EMPTY", "MEDIAN YES", "RUNS"]]
    empty = 0.0
    for who in start.ABOUT:
        mine = [run for run in runs if run.who == who]
        last = statistics.median(max(run.seconds) for run in mine)
        middle = statistics.median(one for run in mine for one in run.seconds)
        empty = last if who == "empty" else empty
        ratio = f"{last / empty:.2f}, {last - empty:+.2f} s"
        rows.append([who, f"{last:.2f} s", ratio, f"{middle:.2f} s", str(len(mine))])
    return table(rows)


def gaps(found: Sequence[keep.Gap]) -> str:
    """Return what clients missed, each once."""
    rows = [["A PRIMARY STOPS BY", "LONGEST GAP", "ACKNOWLEDGED WRITES LOST"]]
    rows += [
        [one.way, "below 0.05 s" if not one.seconds else f"{one.seconds:.2f} s", str(one.lost)]
        for one in found
    ]
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def draw(results: Results, file: Path) -> None:
    """Draw time over number of pods; ImportError where matplotlib is not installed."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots(figsize=(9, 5.5), layout="constrained")
    for name in dict.fromkeys(run.contender for run in results.runs):
        sizes = sorted({run.pods for run in results.runs if run.contender == name})
        values = [median(results.runs, name, size) for size in sizes]
        some = [(size, value) for size, value in zip(sizes, values, strict=True) if value]
        style = "--" if name.startswith("redis-cli") else "-"
        axes.plot([size for size, _ in some], [value for _, value in some], style, marker="o",
                  label=name)  # fmt: skip
    sizes = sorted({run.pods for run in results.runs})
    axes.set(
        xlabel="pods",
        ylabel="seconds until every node says ok and knows all, every replica is linked",
        xscale="log",
        yscale="log",
        title=f"Forming a cluster, {results.about['server']}, {results.about['machine']}",
    )
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    ticks = [0.5, 1, 2, 5, 10, 20, 50]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)
