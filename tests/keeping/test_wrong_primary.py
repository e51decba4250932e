"""Replication works, and with the wrong primary: it dials an address, and asks for no node id."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import astray, keeping
from tests.statefulset import needs

PROMPT = {"cluster-node-timeout": 4000, "repl-diskless-sync-delay": 0}


@pytest.mark.parametrize("name", ["redis-8.2", "redis-7.0"])
def test_a_peer_has_the_address_of_our_primary(name: str) -> None:
    """Gossip alone tells redis of the primary's new address, and replication goes on at the old.

    Valkey leads replication there by itself.
    """
    needs.insecurity("no replica logs in before its sidecar knows to whom")
    with keeping.formed(name, server_config=PROMPT) as app:
        primary, late, replica = app[0], app[1], app[3]
        before = primary.address
        keeping.down(app, app.pods)
        late.move(before)
        early = [one for one in app.pods if one is not late]
        for one in early:
            one.start_server()
        for one in early:
            one.wait_server_up()
        astray.lead(app, primary, replica, app[2])
        late.start_server()
        late.wait_server_up()
        forming.until(
            lambda: astray.copies(replica) == (before, "up"), lambda: astray.copies(replica)
        )
        assert replica.ask("DBSIZE") == late.ask("DBSIZE") != primary.ask("DBSIZE")
        for one in app.pods:
            one.start_sidecar()
        forming.wait_ready(app.pods)
        assert astray.copies(replica) == (primary.address, "up")
        assert sorted(replica.ask("KEYS", "*")) == sorted(primary.ask("KEYS", "*"))
        assert not keeping.missing_keys(app)
