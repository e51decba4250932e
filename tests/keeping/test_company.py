"""When a primary begins the copy for a replica that comes back: at once, not after its delay."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import needs, oracle, servers, sets

DELAY = "repl-diskless-sync-delay"
NEVER = 3600
"""Seconds of a delay by which no copy would begin while a test lasts."""
SERVERS = [name for name in servers.MATRIX if name != "redis-6.2"]
"""Those that wait for company, and can be told for how much."""


@pytest.mark.secured
@pytest.mark.parametrize("name", SERVERS)
def test_a_replica_that_comes_back_is_not_kept_waiting(name: str) -> None:
    """With its volume, without it, and once it has become the primary's equal."""
    with keeping.formed(name) as app:
        for one in app.pods:
            one.ask("CONFIG", "SET", DELAY, NEVER)
        for wipe in (False, True):
            (replica,) = roles.replicas(app, app[1])
            keeping.down(app, [replica], wipe=wipe)
            keeping.bring_back(app, [replica])
            assert keeping.role(replica) == "slave"
            assert keeping.missing_keys(app) == []


@pytest.mark.parametrize("name", ["valkey-9.1", "redis-7.0"])
def test_a_later_replica_is_not_kept_waiting(name: str) -> None:
    """Its shard has more than were asked for then, and its primary has one copy to make."""
    with keeping.formed(name) as app:
        for one in app.pods:
            one.ask("CONFIG", "SET", DELAY, NEVER)
        later = [app.add_pod(), app.add_pod()]
        for one in later:
            one.start_server()
            one.start_sidecar()
        with forming.told(app):
            forming.wait_ready(app.pods)
            oracle.wait_healthy(app.pods, forming.LONG, replicas_per_shard=1)


@pytest.mark.parametrize("name", ["valkey-9.1", "valkey-8.1", "redis-8.2", "redis-7.0"])
@pytest.mark.parametrize(
    "chosen", [{DELAY: 4}, {"repl-diskless-sync-max-replicas": 3}], ids=["delay", "number"]
)
def test_what_a_person_has_chosen_stays(name: str, chosen: dict[str, int]) -> None:
    with sets.LocalStatefulSet(6, needs.server(name), server_config=chosen) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        with forming.told(app):
            forming.wait_formed(app, settings)
            forming.wait_ready(app.pods)
        for mine in oracle.temporary_settings(app.pods).values():
            assert (
                chosen.items()
                <= {key: int(value) for key, value in mine.items() if value.isdecimal()}.items()
            )
