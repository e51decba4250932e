"""All that sidecars do, they do as a user with the rights that the documentation names.

Servers note in their memory whom they turned away, and what for. So each test looks at its end, and
before it takes a server down.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
import redis.exceptions

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import config, oracle, sets, users

SOON: Final[config.Settings] = {"cluster-node-timeout": 4000}
ENV: Final = {"BOOTSTRAP_NODE_TIMEOUT": "4000", **users.environment()}


GIVEN: Final[config.Settings] = {**SOON, **users.only()}


@pytest.fixture(scope="module", params=keeping.SERVERS)
def shared(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    with keeping.formed(request.param, server_config=GIVEN, sidecar_env=ENV) as app:
        yield app


@pytest.fixture
def formed(shared: sets.LocalStatefulSet) -> Iterator[sets.LocalStatefulSet]:
    yield shared
    assert_nothing_refused(shared)


def assert_nothing_refused(app: sets.LocalStatefulSet) -> None:
    """By the servers' own word: nobody knocked in vain, and no command was turned away."""
    told = {one.name: one.ask("ACL", "LOG") for one in app.pods}
    assert {name: entries for name, entries in told.items() if entries} == {}


def test_formation(formed: sets.LocalStatefulSet) -> None:
    forming.wait_ready(formed.pods)
    assert forming.roles(formed) == {**forming.THIRDS, 3: 0, 4: 1, 5: 2}
    forming.assert_calm(formed)


@pytest.mark.parametrize("args", [("--dry-run",), ("--dry-run", "--output", "json"), ("status",)])
def test_a_look_at_everybody(formed: sets.LocalStatefulSet, args: tuple[str, ...]) -> None:
    status, text = roles.beside(formed[4], *args)
    assert status == 0, text


def test_the_role_is_handed_over(formed: sets.LocalStatefulSet) -> None:
    primary, replica = roles.next_primary(formed)
    status, text = roles.hand_over(primary)
    assert (status, text[:5]) == (200, "done:"), text
    roles.assert_turned(formed, primary, replica)


def test_a_lost_volume(formed: sets.LocalStatefulSet) -> None:
    """It joins its old shard, and its ghost is forgotten."""
    before = keeping.shards(formed)
    (lost, *_) = roles.primaries(formed)
    assert_nothing_refused(formed)
    keeping.down(formed, [lost], wipe=True)
    keeping.bring_back(formed, [lost])
    assert keeping.shards(formed) == before
    assert not keeping.missing_keys(formed)


def test_all_pods_at_new_addresses(formed: sets.LocalStatefulSet) -> None:
    before = keeping.shards(formed)
    assert_nothing_refused(formed)
    keeping.down(formed, formed.pods)
    keeping.bring_back(formed, formed.pods)
    assert keeping.shards(formed) == before
    assert not keeping.missing_keys(formed)


def test_a_later_pod(formed: sets.LocalStatefulSet) -> None:
    more = formed.add_pod()
    more.start_sidecar()
    more.start_server()
    more.wait_server_up()
    oracle.wait_healthy(formed.pods, keeping.HEALTHY)
    assert keeping.role(more) == "slave"


def test_what_is_refused_is_noticed(shared: sets.LocalStatefulSet) -> None:
    """The twin of them all, with what a sidecar would be refused."""
    one = shared[2]
    with one.client(username=users.SIDECAR, password=users.PASSWORD) as client:
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command("FLUSHALL")
        with pytest.raises(AssertionError, match="redis-app-2"):
            assert_nothing_refused(shared)
    one.ask("ACL", "LOG", "RESET")


def test_the_oldest_server() -> None:
    """It knows no ghosts by name, and so they are not forgotten there."""
    with keeping.formed("redis-6.2", server_config=GIVEN, sidecar_env=ENV) as app:
        primary, replica = roles.next_primary(app)
        assert roles.hand_over(primary)[1].startswith("done:")
        roles.assert_turned(app, primary, replica)
        assert_nothing_refused(app)
