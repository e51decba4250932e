"""What the board says of a pod's peers, as Prometheus gets it."""

from __future__ import annotations

from prometheus_client.registry import CollectorRegistry

from bootstrap.model.snapshot import Pod, Scope
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Block, Phase, Plan
from bootstrap.show import metrics
from bootstrap.show.board import Board, Status
from tests.core import build

LINES = build.all_lines(0)
LINES[1] = LINES[1].replace("master", "master,fail").replace("connected", "disconnected")
LINES[2] = LINES[2].replace("connected", "disconnected")
LINES[5] = "n5 10.0.0.15:6379@16379 handshake - 0 0 0 connected"


def gauge(name: str, scope: Scope, *pods: Pod, **labels: str) -> float | None:
    now = Status(topology=build.topology(), snapshot=build.snapshot(*pods, scope=scope))
    return sample(now, name, **labels)


def sample(now: Status, name: str, **labels: str) -> float | None:
    board = Board(status=now)
    registry = CollectorRegistry()
    registry.register(metrics.Metrics(board))
    return registry.get_sample_value(name, labels)


def test_nodes_by_state_as_our_own_node_sees_them() -> None:
    states = ("ok", "handshake", "failing", "unlinked")
    mine = build.own(0, LINES)
    found = [gauge("bootstrap_nodes", Scope.LOCAL, mine, state=state) for state in states]
    assert found == [3.0, 1.0, 1.0, 1.0]


def test_peers_found_by_links_or_by_a_look_at_everybody() -> None:
    mine = build.own(0, LINES)
    assert gauge("bootstrap_peers_found", Scope.LOCAL, mine) == 3.0
    looked = [mine, build.own(1), build.pod(2, "refused"), build.pod(3)]
    assert gauge("bootstrap_peers_found", Scope.ALL, *looked) == 2.0


def test_nothing_is_known_while_our_own_node_is_away() -> None:
    assert gauge("bootstrap_peers_found", Scope.LOCAL, build.pod(0, "refused")) == 0.0


def test_reasons_are_counted_by_their_code() -> None:
    blocked = tuple(
        Block(code=code, why=why, fix="look")
        for code, why in ((Code.FOREIGN_NODE, "a"), (Code.FOREIGN_NODE, "b"), (Code.STRANGER, "c"))
    )
    now = Status(plan=Plan(phase=Phase.BLOCKED, blocked=blocked))
    assert sample(now, "bootstrap_blocked", code=Code.FOREIGN_NODE) == 2.0
    assert sample(now, "bootstrap_blocked", code=Code.STRANGER) == 1.0
    assert sample(now, "bootstrap_blocked", code=Code.SPLIT) is None
