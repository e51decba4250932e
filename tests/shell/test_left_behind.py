"""What a seed that died has left behind is put back by each pod's own sidecar, which says so."""

from __future__ import annotations

from tests.formation import forming
from tests.shell import alone
from tests.statefulset import pod as pods

NAME = "cluster-node-timeout"


def value(one: pods.Pod) -> str:
    return str(one.ask("CONFIG", "GET", NAME)[1])


def leave_behind(one: pods.Pod) -> None:
    """As a dip that nobody took back."""
    one.ask("CONFIG", "SET", NAME, "499")


def warnings(one: pods.Pod) -> list[str]:
    return [plan["warning"] for plan in forming.events(one, "plan") if plan["level"] == "warning"]


def test_without_memory_a_node_timeout_is_put_back_with_a_warning() -> None:
    with alone.one_pod(BOOTSTRAP_NODE_TIMEOUT="7000") as app:
        app.start_servers()
        app.start_sidecars()
        forming.wait_ready(app.pods)
        app[0].kill_sidecar()
        leave_behind(app[0])
        app.start_sidecars()
        forming.until(lambda: value(app[0]) == "7000", app[0].sidecar.output)
        (said,) = warnings(app[0])
        assert all(
            one in said for one in ("redis-app-0", NAME, "499", "BOOTSTRAP_NODE_TIMEOUT=7000")
        )


def test_what_is_remembered_is_put_back_without_one() -> None:
    with alone.one_pod(BOOTSTRAP_NODE_TIMEOUT="7000") as app:
        app.start_servers()
        app[0].ask("CONFIG", "SET", NAME, "8000")
        app.start_sidecars()
        forming.wait_ready(app.pods)
        leave_behind(app[0])
        forming.until(lambda: value(app[0]) == "8000", app[0].sidecar.output)
        assert warnings(app[0]) == []
