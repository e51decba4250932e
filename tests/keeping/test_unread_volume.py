"""A start gate that may not read the volume is told for as long as that is so."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import kubelet, needs, pod, sets

#: Root that may read others' files only where these let it: as any other user would.
SIDECAR: Final = (
    *("setpriv", "--bounding-set=-dac_override,-dac_read_search"),
    *(sys.executable, "-m", "bootstrap"),
)
#: A server of another user, who closes all that is written, as the official images do.
SERVER: Final = (
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *("sh", "-c", 'umask 077; exec "$@"', "--"),
)


@pytest.fixture(autouse=True)
def _may_change_users() -> None:
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root may start a server as another user, and it takes setpriv")


def hand(one: pod.Pod) -> None:
    """Give the pod's folders to the server's user."""
    one.folder.parent.chmod(0o755)
    for path in (one.folder, one.data):
        os.chown(path, 65534, 65534)
        path.chmod(0o755)


def start(one: pod.Pod) -> None:
    """The sidecar first, then the server once the gate is open."""
    one.start_sidecar(command=SIDECAR, env={"BOOTSTRAP_DATA_DIR": str(one.data)})
    forming.until(lambda: kubelet.probe(one)[0] == 200, lambda: kubelet.probe(one))
    one.launcher = SERVER
    one.start_server()
    one.launcher = ()
    one.wait_server_up()


@pytest.mark.parametrize("name", ["redis-8.2", "valkey-9.1"])
def test_it_is_told_as_long_as_it_lasts(name: str) -> None:
    needs.insecurity("another user may not read the certificates of the tests")
    settings = {"appendonly": "yes", "appendfsync": "always"}
    with (
        sets.LocalStatefulSet(
            3,
            needs.server(name),
            replicas_per_shard=0,
            server_config=settings,
            sidecar_env=roles.SHORT,
        ) as app,
        forming.told(app),
    ):
        for one in app.pods:
            hand(one)
            start(one)
        forming.until(
            lambda: all(forming.phase(one) == "steady" for one in app.pods),
            lambda: [one.sidecar.output()[-500:] for one in app.pods],
        )
        assert [one.name for one in app.pods if forming.events(one, "gate-shut")] == []
        one = app[1]
        forming.until(lambda: told(one), lambda: one.http("/statusz")[1])
        # The pod comes back: its gate opens all the same, and then nobody looks at the past.
        one.kill_server()
        one.stop_sidecar()
        start(one)
        forming.until(lambda: told(one), lambda: one.http("/statusz")[1])
        forming.wait_ready([one])
        assert "volume-unreadable: " in forming.answers(one)[1]
        env = {"BOOTSTRAP_DATA_DIR": str(one.data)}
        asked = one.start_sidecar(["status"], command=SIDECAR, env=env)
        one.sidecars.insert(0, one.sidecars.pop())
        assert asked.wait(forming.LONG) == 2, asked.output()
        assert f"volume-unreadable: {one.name}: the sidecar may not read" in asked.output()
        # Run as one user, it is over.
        for each in app.pods:
            each.stop_sidecar()
            each.start_sidecar(env={"BOOTSTRAP_DATA_DIR": str(each.data)})
        forming.until(
            lambda: all(forming.phase(each) == "steady" and not told(each) for each in app.pods),
            lambda: [each.sidecar.output()[-500:] for each in app.pods],
        )
        assert roles.beside(one, "status")[0] == 0
        assert keeping.blocked(one) == set()


def told(one: pod.Pod) -> bool:
    return roles.count(one, "bootstrap_alarm", code="volume-unreadable") == 1
