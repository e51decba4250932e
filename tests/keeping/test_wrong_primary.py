"""Replication works, and with the wrong primary: it dials an address, and asks for no node id."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import needs, pod

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
        # One node meets all others, as a person would do it. The replica hears of its primary from
        # that node, once it has given it up where it was; not from the primary itself, whose ping
        # would lead replication there.
        middle = app[2]
        forming.until(lambda: _gives_up(replica, primary), replica.cluster_nodes)
        middle.ask("CLUSTER", "MEET", primary.address, primary.port)
        forming.until(lambda: _knows(middle, primary), middle.cluster_nodes)
        primary.pause()
        middle.ask("CLUSTER", "MEET", replica.address, replica.port)
        forming.until(lambda: _has(replica, primary), replica.cluster_nodes)
        primary.resume()
        for one in (app[4], app[5]):
            middle.ask("CLUSTER", "MEET", one.address, one.port)
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


def _line(one: pod.Pod, other: pod.Pod) -> list[str]:
    """What a node has to say of another, word by word."""
    lines = (line.split() for line in one.cluster_nodes().splitlines())
    return next(words for words in lines if words[0] == other.node_id())


def _gives_up(one: pod.Pod, other: pod.Pod) -> bool:
    """Whether a node has missed another where it looks for it."""
    return "fail" in _line(one, other)[2]


def _has(one: pod.Pod, other: pod.Pod) -> bool:
    """Whether a node looks for another where it is."""
    lines = one.cluster_nodes().splitlines()
    return any(
        f" {other.address}:{other.port}" in line and "handshake" not in line for line in lines
    )


def _knows(one: pod.Pod, other: pod.Pod) -> bool:
    """Whether it does, and has no doubt that the other lives."""
    return _has(one, other) and not _gives_up(one, other)


def _copies(one: pod.Pod) -> tuple[str, str]:
    """From where a replica copies, and whether it does."""
    said = one.ask("INFO", "replication")
    return str(said["master_host"]), str(said["master_link_status"])
