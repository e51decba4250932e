"""A sidecar that dies in the middle of a hand-over leaves nothing behind."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import needs, pod, sidecar


# Before 7.2 there are no marks, and so no death between a mark and what follows it.
@pytest.mark.usually("redis-8.2")
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_kill_after_any_command_is_mended(name: str) -> None:
    """Enumerated: N counts up until a run ends before its N-th command."""
    with keeping.formed(name, sidecar_env=roles.SHORT) as app:
        killed, after = True, 0
        while killed:
            after += 1
            primary, replica = roles.next_primary(app)
            assert primary.stop_sidecar() == 0
            killer = start_killer(primary, after)
            with forming.told(app, f"killed after command {after}"):
                killed = is_killed(primary, killer)
                if killed:
                    primary.start_sidecar()  # As a kubelet does.
                else:
                    roles.assert_turned(app, primary, replica)
                roles.wait_formed(app)
                roles.wait_unmarked(app)
                roles.wait_healthy(app)
                assert keeping.missing_keys(app) == []
        marks = needs.server(name).version >= (7, 2, 0)
        assert after == (3 if marks else 2)


def start_killer(one: pod.Pod, after: int) -> sidecar.Sidecar:
    """A sidecar that dies after its N-th command; a healthy pod's sends none by itself."""
    killer = one.start_sidecar(
        command=[sys.executable, "-m", "tests.formation.killer", str(after), "0"]
    )
    forming.until(lambda: forming.phase(one) == "steady", killer.output)
    return killer


def is_killed(one: pod.Pod, killer: sidecar.Sidecar) -> bool:
    """Have it hand over; whether it was killed meanwhile."""
    try:
        status, _ = roles.hand_over(one)
    except OSError:
        assert killer.wait(forming.LONG) == -signal.SIGKILL
        return True
    assert status == 200
    return False
