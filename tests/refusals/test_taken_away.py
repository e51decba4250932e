"""Servers that lack a command, or that answer their own pod alone: named, with the line to delete."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.formation import forming
from tests.refusals import asking
from tests.statefulset import needs, network, pod, process, sets

COMMANDS = {
    "CONFIG": "to tell the node its name and address",
    "CLUSTER": "to see the cluster, to form it and to keep it whole",
    "INFO": "to see the version",
    "REPLCONF": "for replicas to copy from their primary",
    "PSYNC": "for replicas to copy from their primary",
}
FAMILIES = ("redis-7.0", "redis-8.2", "valkey-8.1", "valkey-9.1")


def listens(one: pod.Pod) -> None:
    """Wait until the server takes connections, whatever it then answers."""

    def ready() -> bool:
        return one.log_file.exists() and "Ready to accept" in one.log_file.read_text()

    process.wait_for(ready, asking.LONG, f"{one.name} listens")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("other", ['""', "OTHER"], ids=["taken away", "renamed"])
def test_a_command_that_is_missing_is_named(command: str, other: str) -> None:
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        app[0].start_server({"rename-command": f"{command} {other}"})
        listens(app[0])
        shown = asking.ask(app[0], "--dry-run", env={"BOOTSTRAP_SIZE": "6"})
    assert shown.status == asking.BLOCKED, shown
    assert shown.text.startswith("ACT command-missing: redis-app-0"), shown
    wanted = f"it does not know the command {command}, which is needed {COMMANDS[command]}"
    assert wanted in shown.text, shown
    assert f"a line `rename-command {command} ...` in its redis.conf" in shown.text, shown
    assert "explain command-missing" in shown.text, shown


@pytest.mark.parametrize("name", FAMILIES)
def test_a_peer_without_a_command_is_named_before_anything_is_formed(name: str) -> None:
    with sets.LocalStatefulSet(3, needs.server(name), replicas_per_shard=0) as app:
        app[1].start_server({"rename-command": 'CONFIG ""'})
        listens(app[1])
        for one in (app[0], app[2]):
            one.start_server()
            one.wait_server_up()
        asking.announce([app[0], app[2]])
        shown = asking.ask(app[0], "--dry-run")
        assert shown.status == asking.BLOCKED, shown
        assert "redis-app-1" in shown.text, shown
        assert "it does not know the command CONFIG" in shown.text, shown
        assert "add-slots" not in shown.text, shown


def test_without_auth_no_password_is_taken() -> None:
    config = {"requirepass": asking.SECRET}
    with sets.LocalStatefulSet(1, needs.any_server(), server_config=config) as app:
        app[0].start_server({"rename-command": 'AUTH ""'})
        listens(app[0])
        env = {"BOOTSTRAP_SIZE": "6", "BOOTSTRAP_REDIS_PASSWORD": asking.SECRET}
        shown = asking.ask(app[0], "--dry-run", env=env)
    assert "it does not know the command AUTH, which is needed to be let in" in shown.text, shown


@pytest.fixture
def bound() -> Iterator[sets.LocalStatefulSet]:
    """Pod 1's server listens at an address of its own host alone, where its sidecar finds it."""
    with sets.LocalStatefulSet(3, needs.any_server(), replicas_per_shard=0) as app:
        app[1].start_server({"bind": alone(app[1])})
        listens(app[1])
        for one in (app[0], app[2]):
            one.start_server()
            one.wait_server_up()
        asking.announce([app[0], app[2]])
        yield app


def alone(one: pod.Pod) -> str:
    """An address of the pod's host that is not the pod's."""
    return f"{one.address.rpartition('.')[0]}.240"


def test_a_server_that_is_bound_elsewhere_is_told_by_its_own_sidecar(
    bound: sets.LocalStatefulSet,
) -> None:
    one = bound[1]
    shown = asking.ask(one, "--dry-run", env={"BOOTSTRAP_REDIS_HOST": alone(one)})
    assert shown.status == asking.NOT_YET, shown
    assert shown.text.startswith("ACT not-reachable: redis-app-1"), shown
    assert f"takes no connection at {one.address}:6379 (connection refused)" in shown.text, shown
    assert f"it is bound to {alone(one)} alone" in shown.text, shown
    assert "CONFIG GET bind" in shown.text, shown


def test_a_pod_that_is_bound_elsewhere_is_not_ready(bound: sets.LocalStatefulSet) -> None:
    one = bound[1]
    one.start_sidecar(env={"BOOTSTRAP_REDIS_HOST": alone(one)})
    forming.until(lambda: "not-reachable" in forming.answers(one)[1], lambda: forming.answers(one))
    assert forming.answers(one)[0] == 503
    assert 'bootstrap_alarm{code="not-reachable"} 1.0' in one.http("/metrics")[1]


def test_peers_ask_whether_it_is_down_or_bound(bound: sets.LocalStatefulSet) -> None:
    shown = asking.ask(bound[0], "--dry-run")
    look = "kubectl exec -n default redis-app-1 -c redis -- redis-cli CONFIG GET bind"
    assert all(one in shown.text for one in ("listen for its own pod alone?", look)), shown


@pytest.mark.parametrize("name", FAMILIES)
def test_protected_mode_turns_other_pods_away(name: str) -> None:
    needs.namespaces()
    with (
        network.Network(3) as net,
        sets.LocalStatefulSet(
            3, needs.server(name), replicas_per_shard=0, net=net,
            server_config={"protected-mode": "yes"},
        ) as app,
    ):  # fmt: skip
        for one in app.pods:
            one.start_server({"bind": f"{one.address} 127.0.0.1"})
            listens(one)
        own = asking.ask(app[1], "--dry-run", env={"BOOTSTRAP_REDIS_HOST": "127.0.0.1"})
        seed = asking.ask(app[0], "--dry-run", env={"BOOTSTRAP_REDIS_HOST": "127.0.0.1"})
    assert own.text.startswith("ACT not-reachable: redis-app-1: protected-mode is on"), own
    assert "it turns other pods away: protected-mode is on and it has no password" in seed.text
    assert "something else listens there" not in seed.text
