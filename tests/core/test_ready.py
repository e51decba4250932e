"""When clients may be sent to a pod, and why not."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model import directory
from bootstrap.model.snapshot import Pod, Scope, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan import readiness
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Alarm, Block, Phase, Plan, Wait
from tests.shell import seen

BLOCK = Block(code=Code.STRANGER, why="who is that", fix="look")
LOST = Block(code=Code.LOST_SLOTS, why="slots 1-2", fix="look", serves=True)


def look(
    node: View | Unreachable | None, *others: Pod, topology: Topology = seen.TOPOLOGY
) -> Facts:
    """A look in which our own node is so."""
    snapshot = seen.seen(seen.STEADY, node).snapshot
    assert snapshot is not None
    pods = (*snapshot.pods, *others)
    return Facts(dataclasses.replace(snapshot, pods=pods, scope=Scope.ALL), topology)


@pytest.mark.parametrize(
    ("plan", "node", "expected"),
    [
        (seen.STEADY, seen.view(), (True, "ready")),
        (seen.STEADY, seen.view(replica=True), (True, "ready")),
        # What is only waited for does not hold clients off.
        (
            Plan(phase=Phase.WAITING, waiting=(Wait(pod="a", what="b"),)),
            seen.view(),
            (True, "ready"),
        ),
        (Plan(phase=Phase.HEAL), seen.view(), (True, "ready")),
        (
            seen.STEADY,
            seen.view(replica=True, link=False),
            (False, "the link to the primary is down"),
        ),
        (Plan(phase=Phase.FORM), seen.view(ok=False), (False, "form: cluster_state is not ok")),
        (
            Plan(phase=Phase.JOIN),
            seen.view(slots=False),
            (False, "join: a primary without slots has no role yet"),
        ),
        (
            Plan(phase=Phase.BLOCKED, blocked=(BLOCK,)),
            seen.view(),
            (False, "blocked, stranger: who is that"),
        ),
        # What others can serve with is for our own node the reason, where it cannot.
        (
            Plan(phase=Phase.BLOCKED, blocked=(LOST,)),
            seen.view(ok=False),
            (False, "blocked, lost-slots: slots 1-2"),
        ),
        (
            Plan(phase=Phase.BLOCKED, blocked=(LOST,)),
            seen.view(slots=False),
            (False, "blocked, lost-slots: slots 1-2"),
        ),
        (Plan(phase=Phase.BLOCKED, blocked=(LOST,)), seen.view(), (True, "ready")),
        (
            Plan(
                phase=Phase.WAITING,
                waiting=(Wait(pod="app-0", what="Redis"), Wait(pod="app-1", what="DNS")),
            ),
            seen.REFUSED,
            (False, "app-0: Redis; app-1: DNS"),
        ),
        (Plan(phase=Phase.WAITING), None, (False, "no view")),
    ],
)
def test_ready_or_why_not(plan: Plan, node: View | Unreachable | None, expected: object) -> None:
    assert readiness.ready(look(node), plan, "") == expected


def test_an_alarm_may_keep_clients_away() -> None:
    alarm = Alarm(pod="app-0", code=Code.NOT_REACHABLE, why="no peer gets an answer", fix="look")
    plan = Plan(phase=Phase.STEADY, alarms=(alarm,))
    assert readiness.ready(look(seen.view()), plan, "") == (True, "ready")
    plan = Plan(phase=Phase.STEADY, alarms=(dataclasses.replace(alarm, serves=False),))
    why = "not-reachable: no peer gets an answer"
    assert readiness.ready(look(seen.view()), plan, "") == (False, why)


def test_a_node_that_is_cut_off_is_not_ready() -> None:
    mine = dataclasses.replace(started(), uptime=60)
    unheard = dataclasses.replace(mine, reaches=frozenset(), reached_by=frozenset())
    found, why = readiness.ready(look(unheard), seen.STEADY, "second")
    assert (found, why[:42]) == (False, "steady: it has links on the cluster bus wi")


def test_a_snapshot_without_our_own_pod_is_not_ready() -> None:
    facts = look(seen.view(), topology=dataclasses.replace(seen.TOPOLOGY, ordinal=5))
    assert readiness.ready(facts, seen.STEADY, "") == (False, "no view")
    assert readiness.believed(facts, "first") == "first"


def test_a_replica_that_copies_from_another_than_its_primary_is_not_ready() -> None:
    """A link asks for no id: it may be up with a node that has the primary's old address."""
    wrong_primary = dataclasses.replace(seen.view(replica=True), primary_host="192.0.2.9")
    why = "it copies from 192.0.2.9, where its primary is not"
    assert readiness.ready(look(wrong_primary), seen.STEADY, "") == (False, why)


YOUNG = "cluster_state is ok, but most peers are not where our node looks yet"


def started(*, uptime: int = 5, owners: int = 3) -> View:
    """A node that has just started, and knows its peers by the past."""
    mine = seen.view()
    others = tuple(
        Member(
            node_id=str(number) * 40,
            address=f"192.0.2.{number}",
            port=6379,
            bus_port=16379,
            flags=frozenset({"master"}),
            slots=((number, number),),
        )
        for number in range(2, owners + 1)
    )
    members = (*mine.members, *others)
    return dataclasses.replace(mine, members=members, uptime=uptime, run_id="second")


def ready(facts: Facts, before: str) -> tuple[str, tuple[bool, str]]:
    """The run that is believed after a look, and whether the pod is ready then."""
    run = readiness.believed(facts, before)
    return run, readiness.ready(facts, seen.STEADY, run)


def peer() -> Pod:
    """A peer that is where `started` believes it."""
    view = started()
    said = dataclasses.replace(view, node_id="2" * 40)
    return Pod(
        name="app-1",
        ordinal=1,
        hostname=seen.TOPOLOGY.hostname_of(1),
        resolved=directory.Name(state="found"),
        address="192.0.2.2",
        node=said,
    )


def test_a_node_that_has_just_started_is_not_ready_before_its_peers_are_found() -> None:
    run, verdict = ready(look(started()), "first")
    assert verdict == (False, YOUNG)
    run, verdict = ready(look(started(), peer()), run)
    assert verdict == (True, "ready")
    # Whatever moves later, and while its own server is away for a moment.
    assert ready(look(started()), run) == (run, (True, "ready"))
    assert readiness.believed(look(seen.REFUSED), run) == run


def test_the_wait_ends_once_the_server_knows_by_itself() -> None:
    assert ready(look(started(uptime=29)), "first") == ("first", (False, YOUNG))
    assert ready(look(started(uptime=30)), "first") == ("first", (True, "ready"))


def test_a_node_without_a_past_waits_for_no_peer() -> None:
    new = dataclasses.replace(started(), members=seen.view().members)
    assert ready(look(new), "") == ("second", (True, "ready"))
    assert ready(look(started()), "second") == ("second", (True, "ready"))
