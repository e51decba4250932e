"""The hand-over's shell: one run at a time, always an answer, and who may ask."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bootstrap import log
from bootstrap.config import secret
from bootstrap.model.snapshot import Snapshot
from bootstrap.observe import neighbours
from bootstrap.plan.handover_run import Ended, Result
from bootstrap.redis import connection
from bootstrap.run import apply, handover
from bootstrap.show import board
from tests.core import build

Patch = pytest.MonkeyPatch
Look = Callable[[], Awaitable[Snapshot]]


class Facts:
    """A hand-over whose looks are what the test says, and whose commands reach nobody."""

    def __init__(self, patch: Patch, look: Look, limit: float = 20.0) -> None:
        self.now = 100.0
        self.looks = self.closed = 0
        self.shown = look
        patch.setattr(neighbours, "Neighbours", lambda *_: self)
        self.board = board.Board()
        self.topology = build.topology(0, handover_timeout=limit)
        access = connection.Access(credentials=secret.Credentials())
        self.out = io.StringIO()
        log.configure("debug", "json", self.out)
        self.handed = handover.Handover(
            self.topology, "127.0.0.1", access, self.board, lambda: self.now
        )

    async def observe(self, _choose: neighbours.Choice) -> Snapshot:
        self.looks += 1
        return await self.shown()

    def node_of(self, _pod: str) -> None:
        return None

    async def close(self) -> None:
        self.closed += 1

    def events(self, name: str) -> list[dict[str, Any]]:
        entries = [json.loads(line) for line in self.out.getvalue().splitlines()]
        return [entry for entry in entries if entry["event"] == name]


async def never() -> Snapshot:
    await asyncio.Event().wait()
    raise AssertionError


async def lonely() -> Snapshot:
    """A primary without any replica."""
    whole = "n0 10.0.0.10:6379@16379 myself,master - 0 0 1 connected 0-16383"
    return build.snapshot(build.own(0, whole, ok=True))


async def replica() -> Snapshot:
    lines = [build.line(0, "myself,slave", "n1"), build.line(1, slots="0-16383")]
    return build.snapshot(build.own(0, lines, ok=True, link=True))


async def broken() -> Snapshot:
    raise RuntimeError("never seen")


def test_a_replica_is_done_even_if_its_mark_is_refused(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, replica)
    ended = asyncio.run(facts.handed.ask())
    assert ended.result is Result.NOTHING
    assert facts.board.handovers == {"nothing": 1}
    assert facts.board.actions == {("config-set", "refused"): 1}
    (refused,) = facts.events("refused")
    assert refused["reason"] == "its node is gone"
    assert facts.closed == 1


def test_what_nobody_foresaw_is_an_answer_too(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, broken)
    ended = asyncio.run(facts.handed.ask())
    assert ended == Ended(result=Result.FAILED, text="unexpected: RuntimeError")
    assert facts.board.errors == 1
    (entry,) = facts.events("unexpected")
    assert "never seen" in entry["exception"]
    (ends,) = facts.events("handover-ends")
    assert (ends["level"], ends["result"]) == ("warning", "failed")


def test_what_failed_is_not_tried_again_for_a_minute(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, lonely)

    async def asks() -> None:
        assert (await facts.handed.ask()).result is Result.NO_REPLICA
        looks = facts.looks
        facts.now += 59.0
        again = await facts.handed.ask()
        assert (again.result, facts.looks) == (Result.NO_REPLICA, looks)
        assert again.text.startswith("tried 59 s ago, not tried again so soon: ")
        facts.now += 1.0
        await facts.handed.ask()
        assert facts.looks > looks

    asyncio.run(asks())
    assert facts.board.handovers == {"no-replica": 2}


def test_what_went_well_is_looked_at_again_each_time(monkeypatch: Patch) -> None:
    """The role may have come back."""
    facts = Facts(monkeypatch, replica)

    async def asks() -> None:
        await facts.handed.ask()
        await facts.handed.ask()

    asyncio.run(asks())
    assert facts.board.handovers == {"nothing": 2}


def test_it_ends_within_its_bound(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, never, limit=0.1)
    ended = asyncio.run(facts.handed.ask())
    assert ended.result is Result.TIMED_OUT
    assert ended.text == "not within 0.1 s; still waiting until our own Redis answers"


def test_who_asks_together_is_answered_together(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, lonely)

    async def asks() -> None:
        answers = await asyncio.gather(*(facts.handed.ask() for _ in range(5)))
        assert len(set(answers)) == 1

    asyncio.run(asks())
    assert facts.board.handovers == {"no-replica": 1}


def test_a_mark_is_taken_back_when_it_came_to_nothing(monkeypatch: Patch) -> None:
    """Also when time was over in the middle of something, on a new connection."""
    lines = build.all_lines(0)
    names: list[str] = []

    async def primary() -> Snapshot:
        pod = build.own(0, lines, ok=True, cluster_announce_human_nodename=(names or [""])[-1])
        return build.snapshot(pod, build.pod(3, "loading"))

    async def applied(actions: Any, _node_of: object) -> tuple[apply.Outcome, ...]:
        names.extend(value for action in actions for _, value in action.settings)
        return tuple(
            apply.Outcome(action=action, pod=action.pod, refused=None) for action in actions
        )

    facts = Facts(monkeypatch, primary, limit=0.3)
    monkeypatch.setattr(apply, "apply", applied)
    ended = asyncio.run(facts.handed.ask())
    assert ended.result is Result.TIMED_OUT
    assert "redis-app-3" in ended.text
    assert names == ["redis-app-0/-/-/handover", "redis-app-0/-/-"]
    assert facts.closed == 2


# The door


def handle(facts: Facts, token: str | None, *authorizations: str | None) -> list[tuple[int, str]]:
    """What each is told, asked from a thread as the server's are."""

    async def asks() -> list[tuple[int, str]]:
        known = secret.Secret(token) if token else None
        endpoint = handover.Endpoint(facts.handed, asyncio.get_running_loop(), known)
        return [await asyncio.to_thread(endpoint.handle, one) for one in authorizations]

    return asyncio.run(asks())


def test_without_a_token_everybody_is_let_in(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, replica)
    said = (200, "nothing: redis-app-0 is a replica, nothing to hand over\n")
    assert handle(facts, None, None, "Bearer x", "nonsense") == [said] * 3


def test_with_a_token_only_who_bears_it_is(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, replica)
    wrong = (None, "", "Bearer", "Bearer ", "Bearer open", "Basic open sesame", "open-sesame")
    said = handle(facts, "open-sesame", *wrong, "Bearer open-sesamf", "Bearer ä")
    assert {code for code, _ in said} == {401}
    assert facts.looks == 0
    assert not any("sesam" in text for _, text in said)
    right = handle(facts, "open-sesame", "Bearer open-sesame", "bearer  open-sesame ")
    assert [code for code, _ in right] == [200, 200]


def test_a_run_that_is_broken_off_is_answered(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, never)

    async def ends_meanwhile() -> tuple[int, str]:
        began = asyncio.Event()

        async def look() -> Snapshot:
            began.set()
            return await never()

        facts.shown = look
        endpoint = handover.Endpoint(facts.handed, asyncio.get_running_loop(), None)
        asked = asyncio.create_task(asyncio.to_thread(endpoint.handle, None))
        await began.wait()
        await facts.handed.close()
        return await asked

    said = "timed-out: not within 20 s; still waiting until our own Redis answers\n"
    assert asyncio.run(ends_meanwhile()) == (200, said)


def test_a_loop_that_has_ended_is_told_too(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, replica)
    turning = asyncio.new_event_loop()
    turning.close()
    endpoint = handover.Endpoint(facts.handed, turning, None)
    assert endpoint.handle(None) == (200, "failed: the sidecar is stopping\n")


def test_a_loop_that_hangs_is_not_waited_for(monkeypatch: Patch) -> None:
    facts = Facts(monkeypatch, replica, limit=0.1)
    done = threading.Event()
    said: list[tuple[int, str]] = []

    async def hang() -> None:
        endpoint = handover.Endpoint(facts.handed, asyncio.get_running_loop(), None)

        def ask() -> None:
            said.append(endpoint.handle(None))
            done.set()

        thread = threading.Thread(target=ask)
        thread.start()
        done.wait(20)  # Nothing turns meanwhile: that is the case.
        thread.join()

    asyncio.run(hang())
    assert said == [(200, "timed-out: not within 0.1 s\n")]
