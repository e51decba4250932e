"""Tells when a cluster is formed, while taking as little of the processors as it can.

Raw sockets and bytes: what it takes is missing to those that it measures. A node that is
through is asked no more, until all are through and are asked once more together.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import socket
import time
from collections.abc import Sequence

from tests.statefulset import pod as pods


@dataclasses.dataclass(frozen=True, kw_only=True)
class Goal:
    """What a formed cluster is: so many nodes, so many of them replicas."""

    nodes: int
    replicas: int


class Probe:
    """One node, and whether it says that the cluster is formed."""

    def __init__(self, pod: pods.Pod, goal: Goal) -> None:
        """Connect at the first question: the server may not be up yet."""
        self.through = False
        self.replica = False
        self._pod = pod
        self._known = b"cluster_known_nodes:%d\r\n" % goal.nodes
        self._stream: io.BufferedRWPair | None = None

    def send(self, *, whole: bool) -> None:
        """Ask the cheap question, or the whole."""
        if self._stream is None:
            with contextlib.suppress(ConnectionRefusedError):
                where = (self._pod.address, self._pod.port)
                made = socket.create_connection(where, timeout=20.0)
                self._stream = made.makefile("rwb")
                made.close()  # The stream keeps it open.
        if self._stream is not None:
            more = b"CLUSTER NODES\r\nINFO replication\r\n" if whole else b""
            self._stream.write(b"CLUSTER INFO\r\n" + more)
            self._stream.flush()

    def receive(self, *, whole: bool) -> bool:
        """Take the answers, and say whether they are those of a node of the formed cluster."""
        if self._stream is None:
            return False
        state = self._bulk()
        fine = b"cluster_state:ok" in state and self._known in state
        if whole:
            nodes, replication = self._bulk(), self._bulk()
            self.replica = b"role:slave" in replication
            linked = not self.replica or b"master_link_status:up" in replication
            fine = fine and linked and bool(nodes) and b"handshake" not in nodes
        return fine

    def _bulk(self) -> bytes:
        """Read one reply. An error, such as LOADING, says nothing of the cluster."""
        assert self._stream is not None
        head = self._stream.readline()
        return self._stream.read(int(head[1:]) + 2) if head.startswith(b"$") else b""

    def close(self) -> None:
        """End the connection."""
        if self._stream is not None:
            self._stream.close()


def formed(
    some: Sequence[pods.Pod], goal: Goal, *, began: float, timeout: float, every: float
) -> float | None:
    """Return the seconds since `began` (monotonic) at which all was formed; None: never.

    `every` is the time in seconds between two rounds.
    """
    probes = [Probe(pod, goal) for pod in some]
    try:
        while time.monotonic() - began < timeout:
            started = time.monotonic()
            waiting = [probe for probe in probes if not probe.through]
            for probe, through in zip(waiting, _ask(waiting, whole=False), strict=True):
                probe.through = through
            if all(probe.through for probe in probes):
                answers = _ask(probes, whole=True)
                replicas = sum(probe.replica for probe in probes)
                if all(answers) and replicas == goal.replicas:
                    return time.monotonic() - began
                for probe, fine in zip(probes, answers, strict=True):
                    probe.through = fine and replicas == goal.replicas
            time.sleep(max(0.0, started + every - time.monotonic()))
    finally:
        for probe in probes:
            probe.close()
    return None


def _ask(probes: Sequence[Probe], *, whole: bool) -> list[bool]:
    """Ask all before the first answer is waited for."""
    for probe in probes:
        probe.send(whole=whole)
    return [probe.receive(whole=whole) for probe in probes]
