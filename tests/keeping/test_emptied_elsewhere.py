"""A primary comes back elsewhere without its data, and clients write to it at once.

There is no password and no start gate. On redis there is a time in which the replica's sidecar
decides: the replica's node knows the new address, and replication still dials the old one.
"""

from __future__ import annotations

import pytest

from tests.keeping import astray, keeping
from tests.keeping.test_emptied import fill, lose_data, promote, wait_refused
from tests.statefulset import needs

PROMPT = {"cluster-node-timeout": 4000, "repl-diskless-sync-delay": 0}


@pytest.mark.parametrize("name", ["redis-8.2", "redis-7.0"])
@pytest.mark.parametrize(
    "written", [0, pytest.param(1, marks=pytest.mark.enumerates)], ids=["no-write", "written"]
)
def test_a_replica_is_not_led_to_a_primary_that_lost_its_data(name: str, written: int) -> None:
    needs.insecurity("no replica logs in before its sidecar knows to whom")
    with keeping.formed(name, server_config=PROMPT) as app:
        primary, replica = app[0], app[3]
        held = replica.ask("DBSIZE")
        keeping.down(app, app.pods)
        lose_data(primary)
        for one in app.pods:
            one.start_server()
        for one in app.pods:
            one.wait_server_loaded()
        astray.lead(app, primary, replica, app[2])
        fill(primary, written)
        for one in app.pods:
            one.start_sidecar()
        wait_refused(replica)
        assert (replica.ask("DBSIZE"), primary.ask("DBSIZE")) == (held, written)
        assert astray.copies(replica) != (primary.address, "up")
        promote(app, replica)
