"""Which looks of `status --wait` a person is told of, and which of them is the last."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pytest

from bootstrap import plan as planning
from bootstrap.config.errors import Exit
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.wish import Wish, Wished
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Plan
from bootstrap.run import once, watch
from bootstrap.run.once import Seen
from bootstrap.show import headline, shards
from tests.core import build, resharding
from tests.core.resharding import changed, grown, job, pod

if TYPE_CHECKING:
    from bootstrap.observe.observer import Observer

HALF = grown()
HALF[0], HALF[6] = build.line(0, slots="0-4095"), build.line(6, slots="4096-5460")
WHOLE = build.all_lines(-1)


def looked(snapshot: Snapshot) -> Seen:
    """What a look makes of it."""
    topology = build.topology()
    plan = planning.decide(snapshot, topology)
    assert isinstance(plan, Plan)
    facts, cluster = Facts(snapshot, topology), shards.cluster(snapshot, topology)
    found = headline.headline(facts, plan, cluster)
    ended = once.verdict_of(snapshot, plan, topology, found)
    return Seen(facts=facts, plan=plan, headline=found, ended=ended, text="the whole")


def moving(seconds: float, lines: list[str] | None = None) -> Seen:
    """A move that has run for so long."""
    some = lines or grown()
    first = changed(pod(some, 0), migrations=(job(seconds=seconds),))
    return looked(resharding.seen(some, at={0: first}))


def well(wish: int = 3) -> Seen:
    """All is well, and so many shards are wished."""
    pods = [pod(WHOLE, ordinal, str(wish)) for ordinal in range(6)]
    return looked(build.snapshot(*pods, wished=Wished(wish=Wish(wish))))


def refused() -> Seen:
    """A wish for too few shards."""
    return well(2)


class Nothing:
    """An observer that sees nothing and has nothing to close."""

    async def close(self) -> None:
        """Nothing to do."""


def ended(
    monkeypatch: pytest.MonkeyPatch, some: Sequence[Seen], used: int, shards: int | None = None
) -> int:
    """The exit status, which comes after `used` of these looks."""
    rest = list(some)

    async def see(*_args: object) -> Seen:
        return rest.pop(0)

    monkeypatch.setattr(once, "see", see)
    monkeypatch.setattr(watch, "_PAUSE", 0.0)
    observer = cast("Observer", Nothing())
    status = asyncio.run(watch.wait(observer, "text", None, seconds=60.0, shards=shards))
    assert len(some) - len(rest) == used
    return status


def test_what_changes_only_with_time_is_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    some = [moving(1.0), moving(3.0), moving(5.0), moving(1.0, HALF), moving(3.0, HALF), well()]
    assert ended(monkeypatch, some, 6) == Exit.REACHED
    first, second, third, *rest = capsys.readouterr().out.splitlines()
    assert " Progress: 4 shards wished, 3 own slots; redis-app-6 has 0 of 4096" in first
    assert " Progress: 4 shards wished, 4 own slots; redis-app-6 has 1365 of 4096" in second
    assert third.startswith("after 0 s: HEALTHY: 6 nodes, 3 shards.")
    assert rest == ["", "the whole"]


def test_a_refusal_ends_it_only_if_the_next_look_finds_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refused().ended is Exit.BLOCKED
    assert ended(monkeypatch, [refused(), moving(1.0), well()], 3) == Exit.REACHED
    assert ended(monkeypatch, [refused(), refused(), well()], 2) == Exit.BLOCKED


def test_all_nodes_have_to_show_the_number_that_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it would end before the ConfigMap has reached the pods."""
    assert ended(monkeypatch, [well()], 1) == Exit.REACHED
    assert "Wish:" not in capsys.readouterr().out
    assert ended(monkeypatch, [well(), moving(1.0), grown_well()], 3, shards=4) == Exit.REACHED
    told = capsys.readouterr().out
    assert "after 0 s: HEALTHY: 6 nodes, 3 shards. Clients are served." in told
    assert " Wish: not all nodes show 4 shards: redis-app-0 reads 3.\n" in told


def grown_well() -> Seen:
    """Four shards, as wished."""
    lines = build.all_lines(-1, 8, 4)
    pods = [pod(lines, ordinal, "4") for ordinal in range(8)]
    return looked(build.snapshot(*pods, wished=Wished(wish=Wish(4))))
