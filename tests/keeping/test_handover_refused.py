"""Who is not handed over to, who may not ask, and what is said then."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import needs, sets

ONE_SHARD: Final = {"BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"}
TOKEN: Final = "s3cret-of-the-preStop-hook"


@pytest.fixture
def trio() -> Iterator[sets.LocalStatefulSet]:
    """One primary with two replicas."""
    with keeping.formed(
        "valkey-9.1", 3, replicas_per_shard=2, sidecar_env=ONE_SHARD | roles.SHORT
    ) as app:
        yield app


# Nobody to hand over to


def test_without_a_replica_it_answers_and_warns() -> None:
    with keeping.formed("redis-8.2", 3, replicas_per_shard=0) as app:
        status, text = roles.hand_over(app[0])
        assert (status, text) == (200, "no-replica: redis-app-0 has no replica that lives\n")
        (ends,) = forming.events(app[0], "handover-ends")
        assert (ends["level"], ends["result"]) == ("warning", "no-replica")
        assert roles.marked(app.pods) == []
        # Not again so soon: each try may hold writes back.
        status, text = roles.hand_over(app[0])
        assert status == 200
        assert "not tried again so soon" in text
        assert len(forming.events(app[0], "handover-begins")) == 1
        status, text = roles.beside(app[0], "handover")
        assert (status, "has no replica" in text) == (1, True)


def test_without_its_own_redis_the_command_says_so() -> None:
    with sets.LocalStatefulSet(
        1, needs.any_server(), replicas_per_shard=0, sidecar_env=ONE_SHARD
    ) as app:
        status, text = roles.beside(app[0], "handover")
        assert status == 1
        assert text.splitlines()[-1] == (
            "failed: our own Redis does not answer: no connection: Connection refused"
        )


def test_a_replica_that_hangs_is_not_chosen(trio: sets.LocalStatefulSet) -> None:
    (primary,) = roles.primaries(trio)
    first, second = roles.replicas(trio, primary)
    first.pause()
    try:
        text = roles.hand_over(primary)[1]
    finally:
        first.resume()
    assert text.startswith(f"done: {second.name} has taken over"), text
    roles.wait_healthy(trio, 2)


def test_a_replica_without_its_link_is_not_chosen(trio: sets.LocalStatefulSet) -> None:
    (primary,) = roles.primaries(trio)
    first, second = roles.replicas(trio, primary)
    primary.ask("ACL", "SETUSER", primary.spec.follower, "-psync", "-sync")
    links = str(primary.ask("CLIENT", "LIST", "TYPE", "replica")).splitlines()
    (number,) = [line.split()[0][3:] for line in links if f"addr={first.address}:" in line]
    primary.ask("CLIENT", "KILL", "ID", number)
    forming.until(lambda: roles.view(first).link == "down", lambda: roles.view(first))
    assert roles.view(second).link == "up"
    text = roles.hand_over(primary)[1]
    assert text.startswith(f"done: {second.name} has taken over"), text
    primary.ask("ACL", "SETUSER", primary.spec.follower, "+psync", "+sync")
    roles.wait_healthy(trio, 2)


def test_with_all_replicas_hanging_it_answers_and_warns(trio: sets.LocalStatefulSet) -> None:
    (primary,) = roles.primaries(trio)
    some = roles.replicas(trio, primary)
    for one in some:
        one.pause()
    try:
        status, text = roles.hand_over(primary)
    finally:
        for one in some:
            one.resume()
    assert status == 200
    assert text.startswith(("timed-out: ", "no-replica: ")), text
    assert roles.marked([primary]) == []
    assert roles.primary_id(primary) is None
    roles.wait_healthy(trio, 2)


def test_a_failover_that_failed_quietly_is_sent_again() -> None:
    """Nobody else can agree: the servers give up after 5 s, and say nothing."""
    with keeping.formed("redis-7.0") as app, forming.told(app):
        primary, *others = roles.primaries(app)
        (replica,) = roles.replicas(app, primary)
        for one in others:
            one.pause()
        with futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(roles.hand_over, primary)
            forming.until(lambda: roles.failovers(primary) == 1, primary.sidecar.output)
            log = replica.log_file
            forming.until(lambda: "Manual failover timed out" in log.read_text(), log.read_text)
            for one in others:
                one.resume()
            assert asked.result()[1].startswith(f"done: {replica.name} has taken over")
        assert roles.failovers(primary) == 2
        roles.assert_turned(app, primary, replica)


# Who may ask


def test_only_who_bears_the_token_is_let_in() -> None:
    env = ONE_SHARD | {"BOOTSTRAP_HANDOVER_TOKEN": TOKEN, "BOOTSTRAP_LOG_LEVEL": "debug"}
    with keeping.formed("valkey-9.1", 2, replicas_per_shard=1, sidecar_env=env) as app:
        (primary,) = roles.primaries(app)
        for given in (None, "", "wrong", TOKEN[:-1], f"{TOKEN}x"):
            assert roles.hand_over(primary, given)[0] == 401
        assert roles.primary_id(primary) is None
        assert roles.hand_over(primary, TOKEN)[1].startswith("done: ")
        said = [one.output() + one.errors() for one in primary.sidecars]
        said += [primary.http(path)[1] for path in ("/statusz", "/metrics")]
        assert not any(TOKEN in text for text in said)
