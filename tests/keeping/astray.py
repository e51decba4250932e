"""Makes a Redis replica dial where its primary is not, though its node knows where that is.

Gossip alone tells the node of its primary's new address, and replication goes on at the old one.
Valkey leads replication there by itself.
"""

from __future__ import annotations

from tests.formation import forming
from tests.statefulset import pod, sets


def lead(app: sets.LocalStatefulSet, primary: pod.Pod, replica: pod.Pod, middle: pod.Pod) -> None:
    """Bring the two together by a third node alone, as a person would.

    All three run without a sidecar, each at an address that is new to the others. The replica
    hears of its primary from the third node, once it has given it up where it was; not from the
    primary itself, whose ping would lead replication there.
    """
    before = copies(replica)[0]
    forming.until(lambda: _gives_up(replica, primary), replica.cluster_nodes)
    middle.ask("CLUSTER", "MEET", primary.address, primary.port)
    forming.until(lambda: _knows(middle, primary), middle.cluster_nodes)
    primary.pause()
    middle.ask("CLUSTER", "MEET", replica.address, replica.port)
    forming.until(lambda: _has(replica, primary), replica.cluster_nodes)
    primary.resume()
    for one in app.pods:
        if one.running and one not in (primary, replica, middle):
            middle.ask("CLUSTER", "MEET", one.address, one.port)
    forming.until(lambda: _knows(replica, primary), replica.cluster_nodes)
    assert copies(replica)[0] == before, "replication was led there: nothing is shown"


def copies(one: pod.Pod) -> tuple[str, str]:
    """From where a replica copies, and whether it does."""
    said = one.ask("INFO", "replication")
    return str(said["master_host"]), str(said["master_link_status"])


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
