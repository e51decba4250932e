"""A primary that is about to stop lets a replica take over, and nobody notices."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent import futures

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import misbehaviour, needs, pod, sets, writer


@pytest.fixture(scope="module", params=keeping.SERVERS)
def formed(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    """Roles move from test to test; it is healthy after each."""
    with keeping.formed(request.param, sidecar_env=roles.SHORT) as app:
        yield app


def test_a_primary_hands_over(formed: sets.LocalStatefulSet) -> None:
    primary, replica = roles.next_primary(formed)
    before = roles.failovers(primary)
    with forming.told(formed):
        status, text = roles.hand_over(primary)
        assert status == 200
        assert text.startswith(f"done: {replica.name} has taken over slots ")
        roles.assert_turned(formed, primary, replica)
    assert roles.count(primary, "bootstrap_handovers_total", result="done") >= 1
    assert forming.metric(primary, "bootstrap_handover_seconds") > 0
    *_, begins = forming.events(primary, "handover-begins")
    *_, ends = forming.events(primary, "handover-ends")
    assert begins["level"] == ends["level"] == "info"
    assert (ends["result"], ends["why"] in text) == ("done", True)
    # Asked again, as a replica, it answers at once, and nothing more happens.
    assert roles.hand_over(primary) == (
        200,
        f"nothing: {primary.name} is a replica, nothing to hand over\n",
    )
    assert roles.failovers(primary) == before + 1
    if roles.human_name(primary):
        assert primary.name in roles.marked(formed.pods)
        assert replica.name not in roles.marked(formed.pods)


def test_who_asks_meanwhile_shares_the_run(formed: sets.LocalStatefulSet) -> None:
    primary, replica = roles.next_primary(formed)
    before = roles.failovers(primary)
    with futures.ThreadPoolExecutor(4) as pool, forming.told(formed):
        asked = [pool.submit(roles.hand_over, primary) for _ in range(4)]
        assert {one.result()[0] for one in asked} == {200}
        roles.assert_turned(formed, primary, replica)
    assert roles.failovers(primary) == before + 1


def test_the_command_does_the_same(formed: sets.LocalStatefulSet) -> None:
    primary, replica = roles.next_primary(formed)
    status, text = roles.beside(primary, "handover")
    assert (status, text[:5]) == (0, "done:"), text
    assert f"{replica.name} has taken over" in text
    roles.assert_turned(formed, primary, replica)


def test_primaries_that_are_all_asked_at_once_all_hand_over() -> None:
    """Every shard has its hand-over, though all are asked together."""
    with keeping.formed("redis-8.2") as app:
        before = {one.name: roles.replicas(app, one)[0] for one in roles.primaries(app)}
        with futures.ThreadPoolExecutor(3) as pool, forming.told(app):
            asked = {name: pool.submit(roles.hand_over, _named(app, name)) for name in before}
            for name, answer in asked.items():
                status, text = answer.result()
                assert status == 200
                assert text.startswith(f"done: {before[name].name} has taken over")
        assert {one.name for one in roles.primaries(app)} == {one.name for one in before.values()}
        roles.wait_healthy(app)


def _named(app: sets.LocalStatefulSet, name: str) -> pod.Pod:
    return next(one for one in app.pods if one.name == name)


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-8.2"])
def test_the_role_is_not_handed_straight_back(name: str) -> None:
    """However short a hand-over may take: nobody can make roles flap by asking."""
    needs.insecurity("redis 7.0 carries no mark")
    with keeping.formed(name, sidecar_env=roles.SHORT) as app:
        primary, replica = roles.next_primary(app)
        assert roles.hand_over(primary)[1].startswith("done: ")
        roles.assert_turned(app, primary, replica)
        status, text = roles.hand_over(replica)
        assert (status, text.partition(":")[0]) == (200, "no-replica")
        assert "is leaving too" in text
        roles.assert_turned(app, primary, replica)
        assert roles.failovers(replica) == 0


def test_without_dns(formed: sets.LocalStatefulSet) -> None:
    primary, replica = roles.next_primary(formed)
    formed.names.behave(misbehaviour.Behaviour.DROP)
    try:
        assert roles.hand_over(primary)[1].startswith("done: ")
    finally:
        formed.names.behave(None)
    roles.assert_turned(formed, primary, replica)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_only_get_is_answered(formed: sets.LocalStatefulSet, method: str) -> None:
    before = {one.name for one in roles.primaries(formed)}
    (primary, *_) = roles.primaries(formed)
    assert roles.hand_over(primary, method=method)[0] == 501
    assert {one.name for one in roles.primaries(formed)} == before


# The point of it all


@pytest.mark.secured
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_no_acknowledged_write_is_lost(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As in a pod that is deleted: the hand-over first, then SIGTERM for the server."""
    with keeping.formed(name) as app:
        primary, replica = roles.next_primary(app)
        where = [(one.address, one.port) for one in app.pods if one is not primary]
        with writer.Writer(lambda: where, access=app.pods[0].access) as client:
            client.wait_for(200)
            assert roles.hand_over(primary)[1].startswith(f"done: {replica.name} ")
            primary.kill_server(signal.SIGTERM)
            client.wait_for(200)
            client.stop()
            assert client.lost() == set()
        with capsys.disabled():
            print(f"\n{name}: hand-over, then SIGTERM: {client.report()}")
        primary.start_server()
        roles.wait_healthy(app)
