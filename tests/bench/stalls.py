"""What clients met: how long operations took, and for how long none succeeded."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from collections.abc import Iterable, Sequence

from tests.bench import traffic

_NEAR = 0.5
"""Seconds around a hand-off in which a gap is taken for its gap."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stalls:
    """Of all clients with one job, in milliseconds."""

    operations: int
    p99: float
    """What 99 % of all operations did not take longer than."""
    longest: float
    """The longest time between two successes of one client."""


def met(records: Sequence[traffic.Record], job: traffic.Job, began: float, ended: float) -> Stalls:
    """Return what the clients with this job met between two moments."""
    mine = [one for one in records if one.job == job]
    took = [
        done - started
        for one in mine
        for started, done in one.operations
        if began <= done and started <= ended
    ]
    # Of less than two values there are no quantiles.
    p99 = statistics.quantiles(took, n=100)[98] if len(took) > 1 else max(took, default=0.0)
    longest = max((gap(one, began, ended) for one in mine), default=0.0)
    return Stalls(operations=len(took), p99=1000 * p99, longest=1000 * longest)


def gap(record: traffic.Record, began: float, ended: float) -> float:
    """Return the longest time without a success, in seconds, of those that touch a span.

    A gap counts in its whole length, also where it reaches over an end of the span.
    """
    times = [done for _, done in record.operations]
    pairs = itertools.pairwise(times)
    return max((after - before for before, after in pairs if after >= began and before <= ended),
               default=0.0)  # fmt: skip


def at(records: Iterable[traffic.Record], moments: Sequence[float]) -> list[float]:
    """Return the longest gap of all writers around each moment, in seconds."""
    writers = [one for one in records if one.job == "writer"]
    return [
        max((gap(one, moment - _NEAR, moment + _NEAR) for one in writers), default=0.0)
        for moment in moments
    ]
