"""Replication works, and with the wrong primary: it dials an address, and asks for no node id."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import needs, pod

PROMPT = {"cluster-node-timeout": 2000, "repl-diskless-sync-delay": 0}


@pytest.mark.parametrize("name", ["redis-8.2", "redis-7.0"])
def test_a_sibling_has_the_address_of_our_primary(name: str) -> None:
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
        # One node meets all others, as a person would do it. The replica hears of its primary from
        # that node, once it has given it up where it was.
        for one in (primary, replica, app[4], app[5]):
            app[2].ask("CLUSTER", "MEET", one.address, one.port)
        forming.until(lambda: _knows(replica, primary), replica.cluster_nodes)
        assert _copies(replica)[0] == before, "replication was led there: nothing is shown"
        late.start_server()
        late.wait_server_up()
        forming.until(lambda: _copies(replica) == (before, "up"), lambda: _copies(replica))
        assert replica.ask("DBSIZE") == late.ask("DBSIZE") != primary.ask("DBSIZE")
        for one in app.pods:
            one.start_sidecar()
        forming.wait_ready(app.pods)
        assert _copies(replica) == (primary.address, "up")
        assert sorted(replica.ask("KEYS", "*")) == sorted(primary.ask("KEYS", "*"))
        assert not keeping.missing_keys(app)


def _knows(one: pod.Pod, other: pod.Pod) -> bool:
    """Whether a node believes another where it is, and has no doubt that it lives."""
    lines = one.cluster_nodes().splitlines()
    mine = [line for line in lines if f" {other.address}:{other.port}" in line]
    return bool(mine) and not {"fail", "fail?", "handshake"} & {*mine[0].split()[2].split(",")}


def _copies(one: pod.Pod) -> tuple[str, str]:
    """From where a replica copies, and whether it does."""
    said = one.ask("INFO", "replication")
    return str(said["master_host"]), str(said["master_link_status"])
