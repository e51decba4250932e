"""I4 for keeping: sidecars that die after any command of theirs, and sidecars that are too many.

Enumerated, not sampled: N counts up until nobody lives to send an N-th command. Here all six die
after their N-th, each when it comes to it, and are started again as a kubelet does.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from concurrent import futures
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping, roles
from tests.statefulset import oracle, pod, process, sets

pytestmark = pytest.mark.timeout(900)  # Some eight outages, one after the other.
Blow = Callable[[sets.LocalStatefulSet, int], None]
"""Hits a set whose sidecars die after their N-th command, and starts what was hit again."""


def all_move(app: sets.LocalStatefulSet, after: int) -> None:
    """A full outage: heal."""
    start(app, app.pods, after)


def two_lose_their_volumes(app: sets.LocalStatefulSet, after: int) -> None:
    """A primary, and another one's replica: both join, and all six forget two ghosts."""
    first, second, _ = roles.primaries(app)
    for one in app.pods:
        assert one.stop_sidecar() == 0
        start_killer(one, after)
    forming.until(
        lambda: all(forming.phase(one) == "steady" for one in app.pods),
        lambda: [forming.phase(one) for one in app.pods],
    )
    start(app, [first, *roles.replicas(app, second)], after, wipe=True)


def start(
    app: sets.LocalStatefulSet, some: list[pod.Pod], after: int, *, wipe: bool = False
) -> None:
    keeping.down(app, some, wipe=wipe)
    for one in some:
        start_killer(one, after)
    for one in some:
        one.start_server()


def start_killer(one: pod.Pod, after: int) -> None:
    one.start_sidecar(command=[sys.executable, "-m", "tests.formation.killer", str(after), "0"])


# Of the commands that a sidecar sends: to say who it is, MEET, and REPLICATE or FORGET.
LEAST: Final = 3


@pytest.mark.parametrize(
    ("name", "blow"),
    [
        ("redis-8.2", all_move),
        ("redis-7.0", two_lose_their_volumes),
        ("valkey-9.1", two_lose_their_volumes),
    ],
)
def test_a_kill_after_any_command_is_mended(name: str, blow: Blow) -> None:
    with fire.formed(name) as app:
        died, after = True, 0
        while died:
            after += 1
            blow(app, after)
            with forming.told(app, f"{blow.__name__}, killed after command {after}"):
                died = tend(app)
                assert keeping.missing_keys(app) == []
        print(f"nobody sent command {after}")
        assert after > LEAST


def tend(app: sets.LocalStatefulSet) -> bool:
    """Do what a kubelet does until all is well; whether any sidecar had died."""
    died = []

    def well() -> bool:
        for one in app.pods:
            if not one.sidecar.running:
                assert one.sidecar.status == -signal.SIGKILL, one.sidecar.errors()
                died.append(one.name)
                one.start_sidecar()
        ready = all(
            forming.phase(one) == "steady" and forming.answers(one)[0] == 200 for one in app.pods
        )
        return ready and not oracle.problems(app.pods, replicas_per_shard=1)

    forming.until(well, lambda: (died, oracle.problems(app.pods, replicas_per_shard=1)))
    return bool(died)


def test_two_sidecars_in_every_pod() -> None:
    """What both of them do is done twice, and does no harm: a full outage, then a lost volume."""
    with fire.formed("valkey-9.1") as app:
        keeping.down(app, app.pods)
        bring_back_doubly(app, app.pods)
        assert keeping.missing_keys(app) == []
        keeping.down(app, [app[1]], wipe=True)
        bring_back_doubly(app, [app[1]])
        assert keeping.missing_keys(app) == []


def test_two_sidecars_in_a_pod_that_hands_over() -> None:
    """Both are asked, at the same moment; the role moves once, and nothing is left behind."""
    with fire.formed("valkey-9.1") as app:
        primary, replica = roles.next_primary(app)
        more = {"BOOTSTRAP_HTTP": f"{primary.address}:8081"}
        first, second = primary.sidecar, primary.start_sidecar(env=more)
        process.wait_for(lambda: forming.phase(primary) == "steady", forming.LONG, "the second")
        with futures.ThreadPoolExecutor(2) as pool:
            asked = [
                pool.submit(primary.http, "/handover", port=port, timeout=forming.LONG)
                for port in (8080, 8081)
            ]
            answers = [one.result() for one in asked]
        assert all(status == 200 for status, _ in answers)
        # Whichever looks later may find a replica already.
        assert {text.partition(":")[0] for _, text in answers} <= {"done", "nothing"}, answers
        assert any(text.startswith("done") for _, text in answers)
        roles.assert_turned(app, primary, replica)
        assert first.running
        assert second.running
        forming.wait_ready(app.pods)


def bring_back_doubly(app: sets.LocalStatefulSet, some: list[pod.Pod]) -> None:
    for one in some:
        one.start_sidecar(env={"BOOTSTRAP_HTTP": "off"})
    keeping.bring_back(app, some)
    oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
    forming.wait_ready(app.pods)
