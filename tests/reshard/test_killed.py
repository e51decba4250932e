"""Sidecars that die while slots move, at any point: the cluster ends as it is wished.

Enumerated, not sampled. A move is the server's own, so it goes on without the sidecar that
commanded it. The next sidecar finds it, waits for it, and commands what is still to be moved.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.reshard.wishing import owned
from tests.statefulset import kubelet, oracle, pod, process, sets, sidecar

pytestmark = pytest.mark.timeout(1800)

ENDS: Final = {"success", "completed", "failed", "cancelled", "canceled"}
"""Words of servers for moves that are over."""
LONG_STATE: Final = {"valkey-9.1": "snapshotting", "redis-8.10": "accumulate-buffer"}
"""What a move is for most of its time."""


@pytest.mark.enumerates
@pytest.mark.slow
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_killed_after_any_command(name: str, tmp_path: Path) -> None:
    """All eight sidecars die after their N-th command; N counts up until none sends so many."""
    after, died = 0, {"all"}
    while died:
        after += 1
        folder = tmp_path / str(after)
        folder.mkdir()
        with (
            wishing.formed(name, folder) as (app, wish),
            forming.told(app, f"killed after command {after}"),
            fire.Fire(app) as burning,
        ):
            for one in app.pods:
                assert one.stop_sidecar() == 0
                start_killer(one, str(after))
            wish.state("4")
            scale_out(app, str(after))
            died = tend(app)
            judge(app, burning)
        print(f"{name}: after command {after} died {', '.join(sorted(died)) or 'none'}")
    # The one that says which wish there is, and the one that moves.
    assert after > 2


@pytest.mark.slow
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_killed_after_the_command_that_moves(name: str, tmp_path: Path) -> None:
    point = "MIGRATESLOTS|MIGRATION IMPORT"
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        with forming.told(app):
            for one in app.pods:
                assert one.stop_sidecar() == 0
                start_killer(one, point)
            wish.state("4")
            new, _ = scale_out(app, point)
            died = tend(app)
            judge(app, burning)
        # Sources push, the target pulls.
        movers = app.pods[:3] if name.startswith("valkey") else [new]
        assert died == {one.name for one in movers}


@pytest.mark.enumerates
@pytest.mark.slow
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_killed_in_each_state_of_a_move(name: str, tmp_path: Path) -> None:
    """The mover's sidecar dies as soon as its server names a state that was not named before."""
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        for one in app.pods[:3]:
            one.ask("CONFIG", "SET", "rdb-key-save-delay", 20_000)  # a snapshot takes seconds
        wish.state("4")
        new, _ = wishing.scale_out(app, 2)
        movers = app.pods[:3] if name.startswith("valkey") else [new]
        seen: list[str] = []
        with forming.told(app, f"killed in {seen}"), contextlib.ExitStack() as stack:
            asked = {one: stack.enter_context(one.client()) for one in movers}

            def moved() -> bool:
                states = {one: running(one, client) for one, client in asked.items()}
                for one, state in states.items():
                    if state and state not in seen:
                        seen.append(state)
                        one.kill_sidecar()
                        one.start_sidecar()
                return not any(states.values()) and even(app)

            process.wait_for(moved, forming.LONG, "four shards")
            tend(app)
            judge(app, burning)
        print(f"{name}: killed in {', '.join(seen)}")
        assert LONG_STATE[name] in seen


def start_killer(one: pod.Pod, point: str) -> sidecar.Sidecar:
    """A sidecar that dies after the first command at this point."""
    command = [sys.executable, "-m", "tests.formation.killer", point, "0"]
    return one.start_sidecar(command=command, env={"BOOTSTRAP_DATA_DIR": str(one.data)})


def scale_out(app: sets.LocalStatefulSet, point: str) -> list[pod.Pod]:
    """Add two pods, whose sidecars die too, and are started again until the servers may start."""
    new = [app.add_pod(), app.add_pod()]
    for one in new:
        start_killer(one, point)
    kubelet.serve(new)
    return new


def tend(app: sets.LocalStatefulSet) -> set[str]:
    """Do what a kubelet does until four shards own all slots evenly; the pods whose sidecar died."""
    died = set()

    def well() -> bool:
        for one in app.pods:
            if not one.sidecar.running:
                assert one.sidecar.status == -signal.SIGKILL, one.sidecar.errors()
                died.add(one.name)
                one.start_sidecar()
        return even(app) and all(
            forming.phase(one) == "steady" and forming.answers(one)[0] == 200 for one in app.pods
        )

    forming.until(well, lambda: (died, owned(app), [forming.last(one) for one in app.pods]))
    return died


def judge(app: sets.LocalStatefulSet, burning: fire.Fire) -> None:
    """One healthy cluster of four shards, each with its replica, and nothing is lost."""
    oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
    assert even(app)
    assert keeping.missing_keys(app) == []
    burning.writer.stop()
    assert not burning.writer.lost()


def even(app: sets.LocalStatefulSet) -> bool:
    return sorted(owned(app).values()) == [4096] * 4


def running(one: pod.Pod, client: Any) -> str:
    """The state of the move that a pod's server makes, in its own word; empty if it makes none."""
    words = ["GETSLOTMIGRATIONS"] if one.server.valkey else ["MIGRATION", "STATUS", "ALL"]
    answer: list[list[str]] = client.execute_command("CLUSTER", *words)
    states = [dict(zip(said[::2], said[1::2], strict=True))["state"] for said in answer]
    return next((state for state in states if state not in ENDS), "")
