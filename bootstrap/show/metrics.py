"""The board as metrics for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bootstrap.model.snapshot import Scope, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan.facts import Facts
from bootstrap.plan.verdict import Phase
from bootstrap.show import progress
from bootstrap.show.board import Board


class Metrics(Collector):
    """The board as metrics. They are computed for each scrape only."""

    def __init__(self, board: Board) -> None:
        """Read this board."""
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield all families, in a fixed order."""
        board, seen = self._board, self._board.status
        yield _count("bootstrap_ticks", "Turns of the loop.", seen.tick)
        yield _count(
            "bootstrap_errors",
            "Unexpected errors, and plans that broke an invariant.",
            board.errors,
        )
        yield _count("bootstrap_dns_questions", "Questions sent to name servers.", board.questions)
        yield _gauge("bootstrap_ready", "Whether the pod's node is ready.", seen.ready[0])
        phase = GaugeMetricFamily("bootstrap_phase", "1 for the present phase.", labels=["phase"])
        for one in Phase:
            phase.add_metric([one.value], float(seen.plan is not None and seen.plan.phase is one))
        yield phase
        entered = CounterMetricFamily(
            "bootstrap_phases",
            "How often each phase was entered: healed, joined, blocked.",
            labels=["phase"],
        )
        for one in Phase:
            entered.add_metric([one.value], board.phases[one])
        yield entered
        blocked = GaugeMetricFamily("bootstrap_blocked", "Reasons by code.", labels=["code"])
        counts = Counter(block.code for block in seen.plan.blocked) if seen.plan else Counter()
        for code, count in sorted(counts.items()):
            blocked.add_metric([code], count)
        yield blocked
        alarm = GaugeMetricFamily(
            "bootstrap_alarm", "Faults of this pod that a person must mend.", labels=["code"]
        )
        for fault, many in sorted(seen.alarms.items()):
            alarm.add_metric([fault], many)
        yield alarm
        done = CounterMetricFamily(
            "bootstrap_actions",
            "Commands sent, and what the server said.",
            labels=["kind", "result"],
        )
        for (kind, result), count in sorted(board.actions.items()):
            done.add_metric([kind, result], count)
        yield done
        yield _gauge(
            "bootstrap_gate_open", "Whether Redis may start.", bool(board.gate and board.gate.open)
        )
        yield _gauge("bootstrap_gate_seconds", "How long Redis was held down.", board.gate_seconds)
        handed = CounterMetricFamily(
            "bootstrap_handovers", "Hand-overs, and how they ended.", labels=["result"]
        )
        for result, count in sorted(board.handovers.items()):
            handed.add_metric([result], count)
        yield handed
        yield _gauge(
            "bootstrap_handover_seconds", "What the last hand-over took.", board.handover_seconds
        )
        if seen.topology and seen.snapshot:
            yield _gauge(
                "bootstrap_peers_expected", "Pods of first formation.", seen.topology.size or 0
            )
            yield from _around(seen.snapshot, seen.topology)


def text(board: Board) -> tuple[str, str]:
    """Return the content type, and the metrics of a board and of this process as text."""
    registry = prometheus_client.CollectorRegistry()
    registry.register(Metrics(board))
    prometheus_client.ProcessCollector(namespace="bootstrap", registry=registry)
    return prometheus_client.CONTENT_TYPE_LATEST, prometheus_client.generate_latest(
        registry
    ).decode()


def _around(snapshot: Snapshot, topology: Topology) -> Iterator[Metric]:
    """Count the peers that answered a look at all pods; else those to which our node has a link."""
    me = snapshot.pod(topology.name)
    view = me.view if me else None
    members = view.members if view else ()
    states = Counter(_state(member) for member in members)
    found = states["ok"]
    if snapshot.scope is Scope.ALL:
        found = sum(pod.view is not None for pod in snapshot.pods)
    yield _gauge("bootstrap_peers_found", "Pods whose node answers, our own among them.", found)
    nodes = GaugeMetricFamily(
        "bootstrap_nodes", "Nodes that our own node knows, itself among them.", labels=["state"]
    )
    for state in ("ok", "handshake", "failing", "unlinked"):
        nodes.add_metric([state], states[state])
    yield nodes
    yield from _slots(view)
    yield _gauge(
        "bootstrap_slots_to_move",
        "Slots that are to move for the wished number of shards, in the whole cluster.",
        progress.left(Facts(snapshot, topology)),
    )


def _slots(view: View | None) -> Iterator[Metric]:
    """Count what moves slots to or from our own node."""
    mine = view.node_id if view else ""
    running = [one for one in view.migrations if one.running] if view else []
    moves = GaugeMetricFamily(
        "bootstrap_slot_migrations",
        "Slot migrations of our own node that run, also those that other clients began.",
        labels=["side"],
    )
    moves.add_metric(["source"], sum(one.source_id == mine for one in running))
    moves.add_metric(["target"], sum(one.target_id == mine for one in running))
    yield moves
    yield _gauge(
        "bootstrap_open_slots",
        "Slots that our own node has open to be moved key by key.",
        len(view.myself.open_slots) if view else 0,
    )


def _state(member: Member) -> str:
    if member.handshake:
        return "handshake"
    if member.failed:
        return "failing"
    return "ok" if member.bus_connected else "unlinked"


def _count(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=value)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))
