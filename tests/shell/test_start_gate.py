"""What is made of the plan's word about the start gate, and what the plan is told for it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator

import pytest

from bootstrap.config import secret
from bootstrap.dns import client
from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.observe.observer import Observer
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Gate, Phase, Plan
from bootstrap.redis import connection
from bootstrap.show import routes
from tests.shell import scripted, seen, watching
from tests.statefulset import needs, process, sets

STEADY = Plan(phase=Phase.STEADY)
SHUT = Plan(phase=Phase.WAITING, gate=Gate(open=False, why="a replica has to be promoted"))
HELD = Plan(
    phase=Phase.BLOCKED, gate=Gate(open=False, why="nobody was", code=Code.DATA_MISSING, fix="act")
)
OPEN = Plan(phase=Phase.WAITING, gate=Gate(why="a replica was promoted"))


def startup(life: scripted.Life) -> tuple[int, str]:
    code, _kind, text = routes.of(life.board)["/startupz"]()
    return code, text


def test_a_gate_is_logged_once_when_it_shuts_and_once_when_it_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life = scripted.Life(monkeypatch, [SHUT, SHUT, SHUT, HELD, HELD, OPEN, OPEN])
    life.run_until(3)
    assert startup(life) == (503, "the gate is shut: a replica has to be promoted\n")
    life.run_until(7)
    shut, opened = life.events("gate-shut"), life.events("gate-open")
    assert [(one["level"], one["why"]) for one in shut] == [
        ("warning", "a replica has to be promoted"),
        ("error", "nobody was"),
    ]
    assert (shut[1]["code"], shut[1]["fix"]) == ("data-missing", "act")
    assert [one.get("runbook") for one in shut] == [None, "docs/runbook.md#data-missing"]
    assert [(one["level"], one["why"]) for one in opened] == [("info", "a replica was promoted")]
    assert startup(life) == (200, "started\n")


def test_a_gate_that_opens_at_once_was_never_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a blank pod's first start the first look finds it shut, and the next one opens it."""
    life = scripted.Life(monkeypatch, [SHUT, SHUT, OPEN, OPEN])
    life.run_until(4)
    assert life.events("gate-shut") == []
    assert [one["why"] for one in life.events("gate-open")] == ["a replica was promoted"]


def test_once_open_it_stays_open_and_the_observer_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kubelet asks no more, so nobody could shut it."""
    life = scripted.Life(monkeypatch, [OPEN, SHUT, HELD])
    life.run_until(3)
    assert startup(life) == (200, "started\n")
    assert life.events("gate-shut") == []
    assert life.observer._stopwatches.opened


def test_a_server_that_answers_needs_no_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    life = scripted.Life(monkeypatch, [STEADY])
    life.run_until(1)
    assert [one["why"] for one in life.events("gate-open")] == ["a server runs already"]


def test_where_nothing_is_guarded_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    life = scripted.Life(monkeypatch, [STEADY])
    life.observer.lookup.topology = dataclasses.replace(seen.TOPOLOGY, guarded=False)
    life.run_until(1)
    assert life.events("gate-open") == []
    assert startup(life) == (200, "started\n")


def test_a_gate_that_opens_in_spite_of_something_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    spite = dataclasses.replace(HELD.gate, open=True)
    life = scripted.Life(monkeypatch, [Plan(phase=Phase.BLOCKED, gate=spite)])
    life.run_until(1)
    assert [one["level"] for one in life.events("gate-open")] == ["error"]


# What the observer brings


@pytest.fixture
def pair() -> Iterator[sets.LocalStatefulSet]:
    """Two nodes that have met and say whose they are."""
    with sets.LocalStatefulSet(2, needs.any_server(), replicas_per_shard=0) as app:
        app.start_servers()
        for one in app.pods:
            watching.announce(one)
        app[0].ask("CLUSTER", "ADDSLOTS", 7)
        app[0].ask("CLUSTER", "MEET", app[1].address, app[1].port)
        process.wait_for(lambda: app[1].fqdn in app[0].cluster_nodes(), 30, "a name by gossip")
        app[0].ask("CLUSTER", "SAVECONFIG")
        yield app


def observer(app: sets.LocalStatefulSet, clock: Callable[[], float] = lambda: 0.0) -> Observer:
    """An observer of pod 0 that reads its volume, and whose name server does not answer."""
    one = app[0]
    nobody = client.Discovery(
        service=one.fqdn.partition(".")[2], nameservers=[(one.address, 9)], family=4
    )
    return Observer(
        dataclasses.replace(watching.topology_of(one), size=None),
        one.address,
        connection.Access(credentials=secret.Credentials(), timeout=5.0),
        nobody,
        clock,
        folder=one.data,
    )


def test_the_volume_is_read_only_while_our_own_server_is_down(
    pair: sets.LocalStatefulSet,
) -> None:
    now = 0.0

    async def looks() -> tuple[Snapshot, ...]:
        nonlocal now
        watch = observer(pair, lambda: now)
        up = await watch.look(Scope.LOCAL)
        pair[0].kill_server()
        first = await watch.look(Scope.LOCAL)
        now = 7.0
        second = await watch.look(Scope.LOCAL)
        watch.gate_opened()
        opened = await watch.look(Scope.LOCAL)
        await watch.close()
        return up, first, second, opened

    up, first, second, opened = asyncio.run(looks())
    assert (up.volume, up.timers.shut) == (None, 0.0)
    assert first.volume is not None
    assert first.volume.emptied
    assert (first.timers.shut, second.timers.shut) == (0.0, 7.0)
    assert not second.timers.opened
    assert opened.timers.opened
    assert opened.timers.shut == 0.0


def test_who_was_known_is_found_without_dns(pair: sets.LocalStatefulSet) -> None:
    """Its address in nodes.conf is a hint like any other: the node there has to be the pod's."""

    async def look() -> Snapshot:
        watch = observer(pair)
        pair[0].kill_server()
        try:
            return await watch.look(Scope.ALL)
        finally:
            await watch.close()

    mine, other = asyncio.run(look()).pods
    assert (mine.name, mine.view) == ("redis-app-0", None)
    assert other.name == "redis-app-1"
    assert other.view is not None
    assert other.view.node_id == pair[1].node_id()
