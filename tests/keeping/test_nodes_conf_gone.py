"""A primary's data are there, and its nodes.conf is not: emptied, or kept beside the volume."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import config, kubelet, pod, sets

NODE_TIMEOUT = 3000


def formed(name: str) -> Iterator[sets.LocalStatefulSet]:
    settings: config.Settings = {"cluster-node-timeout": NODE_TIMEOUT}
    env = {"BOOTSTRAP_NODE_TIMEOUT": str(NODE_TIMEOUT)}
    with keeping.formed(name, server_config=settings, sidecar_env=env) as app:
        assert forming.roles(app)[3] == 0
        yield app


@pytest.fixture(params=["redis-8.2", "redis-7.0", "valkey-9.1", "valkey-8.1"])
def app(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    yield from formed(request.param)


def lose(one: pod.Pod, *, emptied: bool) -> None:
    """Its pod ends, and its nodes.conf with it; all else stays, the address too."""
    one.stop_sidecar()
    one.kill_server()
    (one.data / "nodes.conf").unlink()
    if emptied:
        (one.data / "nodes.conf").touch()


@pytest.mark.parametrize("emptied", [True, False], ids=["emptied", "gone"])
def test_with_the_gate_the_replica_is_promoted_first(
    app: sets.LocalStatefulSet, *, emptied: bool
) -> None:
    """Back at once at its address, redis would never fail the node that it was."""
    one = app[0]
    held = one.ask("DBSIZE")
    lose(one, emptied=emptied)
    kubelet.start([one])
    forming.until(lambda: roles.primary_id(app[3]) is None, app[3].server_tail)
    assert not missing(app)
    assert_told(app, held)


def assert_told(app: sets.LocalStatefulSet, held: int) -> None:
    """What lies in the pod is told, untouched, and nobody is advised to empty another pod."""
    one = app[0]
    said = f"the nodes.conf of {one.name} is new, and its volume holds {held} keys"
    forming.until(
        lambda: said in forming.answers(one)[1], lambda: (forming.answers(one), one.server_tail())
    )
    status, text = roles.beside(one, "--dry-run")
    assert (status, said in text) == (3, True), text
    # It has claimed its keys' slots for itself alone; no other node believes that.
    assert "several nodes claim" not in roles.beside(one, "status")[1]
    assert "CONFIG GET cluster-config-file" in text
    assert not [
        line for line in text.splitlines() if "delete pvc" in line and f" {one.name} " not in line
    ]
    assert "its volume is gone" not in roles.beside(app[5], "status")[1]
    assert one.ask("DBSIZE") == held


def test_without_the_gate_it_is_told_and_the_named_command_serves_the_shard(
    app: sets.LocalStatefulSet,
) -> None:
    one, replica = app[0], app[3]
    held = one.ask("DBSIZE")
    lose(one, emptied=False)
    one.start_sidecar()
    one.start_server()
    one.wait_server_up()
    if not one.server.valkey:
        forming.until(
            lambda: keeping.blocked(replica) == {"primary-replaced"}, replica.sidecar.output
        )
        text = roles.beside(one, "--dry-run")[1]
        assert f"{replica.name} -c redis -- redis-cli CLUSTER FAILOVER FORCE" in text
        forming.until(lambda: replica.ask("DBSIZE") == held, replica.server_tail)
        replica.ask("CLUSTER", "FAILOVER", "FORCE")
    forming.until(lambda: roles.primary_id(replica) is None, replica.server_tail)
    forming.until(lambda: not missing(app), lambda: missing(app))
    assert_told(app, held)


def missing(app: sets.LocalStatefulSet) -> list[str]:
    """Keys that cannot be read where they were written, by the pods of the cluster alone.

    The other one claims slots for itself, and a client that asks it too finds two owners.
    """
    owners = [one for one in app.pods[1:] if roles.primary_id(one) is None]
    held = {str(key) for one in owners for key in one.ask("KEYS", "*")}
    return sorted({f"key-{number}" for number in range(keeping.KEYS)} - held)
