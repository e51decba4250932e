"""Servers that lack a command, or that answer their own pod alone: named, with the line to delete."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from typing import Protocol

import pytest
import redis

from tests.formation import forming
from tests.refusals import asking
from tests.statefulset import clients, config, needs, network, pod, process, sets, users

COMMANDS = {
    "CONFIG": "to tell the node its name and address",
    "CLUSTER": "to see the cluster, to form it and to keep it whole",
    "INFO": "to see the version",
    "REPLCONF": "for replicas to copy from their primary",
    "PSYNC": "for replicas to copy from their primary",
}
LOOPBACK = {"BOOTSTRAP_REDIS_HOST": "127.0.0.1"}
FAMILIES = ("redis-7.0", "redis-8.2", "valkey-8.1", "valkey-9.1")


class Inside(Protocol):
    """Asks a pod's server as from within the pod."""

    def __call__(self, *words: str) -> object: ...


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
    assert "kubectl get statefulset,configmap -n default -o yaml | grep" in shown.text, shown


@pytest.mark.parametrize("linked", [False, True], ids=["a file", "as ConfigMaps are mounted"])
def test_the_look_for_the_line_finds_it(*, linked: bool) -> None:
    """Wherever it is mounted, in a file of whatever name: but for that, it is the command shown."""
    with sets.LocalStatefulSet(1, needs.any_server()) as app:
        one = app[0]
        one.start_server({"include": str(one.folder / "conf" / "extra")})
        real = one.folder / "conf" / ("..data" if linked else "") / "extra"
        real.parent.mkdir(parents=True)
        real.write_text('rename-command CLUSTER ""\n')
        if linked:
            (one.folder / "conf" / "extra").symlink_to("..data/extra")
        one.kill_server()
        one.start_server({"include": str(one.folder / "conf" / "extra")})
        listens(one)
        shown = asking.ask(one, "--dry-run", env={"BOOTSTRAP_SIZE": "6"})
        begin = "$ kubectl exec -n default redis-app-0 -c redis -- sh -c 'find / "
        (look,) = (line for line in shown.text.splitlines() if begin in line)
        words = f"find {one.folder} {look.partition(begin)[2].removesuffix(chr(39))}"
        found = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert f'{real}:1:rename-command CLUSTER ""' in found.stdout.splitlines(), found


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
    needs.insecurity("a server with passwords is not protected in this way")
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
        own = asking.ask(app[1], "--dry-run", env=LOOPBACK)
        seed = asking.ask(app[0], "--dry-run", env=LOOPBACK)
    assert own.text.startswith("ACT not-reachable: redis-app-1: protected-mode is on"), own
    wanted = "it turns other pods away: protected-mode is on, its default user has no password"
    assert wanted in seed.text
    assert "something else listens there" not in seed.text


@contextlib.contextmanager
def apart(name: str, server_config: config.Settings) -> Iterator[tuple[pod.Pod, Inside]]:
    """A pod whose network is its own: what it hears over loopback no other pod does."""
    needs.namespaces()
    with (
        network.Network(1) as net,
        sets.LocalStatefulSet(1, needs.server(name), server_config=server_config, net=net) as app,
    ):

        def ask(*words: str) -> object:
            def asked() -> object:
                with clients.connect("127.0.0.1", app[0].port, **app[0].access) as client:
                    return client.execute_command(*words)

            return net.inside(0, asked)

        yield app[0], ask


ONLY_USERS: config.Settings = {k: v for k, v in users.only().items() if k != "user default"}


@pytest.mark.parametrize("name", FAMILIES)
def test_protected_mode_goes_by_the_default_user_whoever_logs_in(name: str) -> None:
    """It has no password by default, and is not even asked for one where it is `off`."""
    env = {**LOOPBACK, **users.environment(), "BOOTSTRAP_SIZE": "6"}
    with apart(name, {**ONLY_USERS, **PROTECTED}) as (one, ask):
        one.start_server()
        listens(one)
        for rule, told in (
            ((), True),
            (("off",), True),
            (("resetpass",), False),
            (("nopass",), True),
        ):
            ask("ACL", "SETUSER", "default", *rule)
            shown = asking.ask(one, "--dry-run", env=env)
            said = (
                "ACT not-reachable: redis-app-0: protected-mode is on and the server's default user"
            )
            assert shown.text.startswith(said) == told, (rule, shown)
            assert ("not-reachable" in shown.text) == told, (rule, shown)


PROTECTED = {"protected-mode": "yes", "bind": "* -::*"}


@pytest.mark.parametrize("settings", [{"requirepass": asking.SECRET}, users.only()])
@pytest.mark.parametrize("name", FAMILIES)
def test_protected_mode_with_a_password_is_nothing_to_tell(
    name: str, settings: config.Settings
) -> None:
    """That of the default user, or none by which it could log in (`user default off`)."""
    who = {"BOOTSTRAP_REDIS_PASSWORD": asking.SECRET}
    env = {**LOOPBACK, **(who if "requirepass" in settings else users.environment())}
    with apart(name, {**settings, **PROTECTED}) as (one, _):
        one.start_server()
        listens(one)
        shown = asking.ask(one, "--dry-run", env={**env, "BOOTSTRAP_SIZE": "6"})
    assert "not-reachable" not in shown.text, shown
    assert "redis-app-1" in shown.text, shown


BINDS = {
    "* -::*": True,
    "*": True,
    "0.0.0.0": True,
    "127.0.0.1 -::1": False,
    "127.0.0.1 -10.255.255.1": False,
    "localhost": False,
    ":: 127.0.0.1": False,
}


@pytest.mark.parametrize("name", ["redis-6.2", *FAMILIES])
def test_each_bind_is_tried_and_not_only_read(name: str) -> None:
    with apart(name, {}) as (one, ask):
        for bind, heard in BINDS.items():
            one.start_server({"bind": bind, **AS_IT_LIKES[name != "redis-6.2"]})
            process.wait_for(lambda: answers(ask), asking.LONG, f"{bind} answers")
            shown = asking.ask(one, "--dry-run", env={**LOOPBACK, "BOOTSTRAP_SIZE": "6"})
            said = f"(connection refused): it is bound to {bind} alone"
            assert (said in shown.text) != heard, (bind, shown)
            assert ("not-reachable" in shown.text) != heard, (bind, shown)
            one.kill_server()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_bind_that_is_taken_away_while_it_runs(name: str) -> None:
    """The sidecar's connection stays, and no other is taken."""
    with apart(name, {}) as (one, ask):
        one.start_server({"bind": "* -::*"})
        listens(one)
        one.start_sidecar(env={**LOOPBACK, "BOOTSTRAP_SIZE": "6", "BOOTSTRAP_INTERVAL": "300ms"})
        forming.until(lambda: forming.phase(one) == "waiting", one.sidecar.output)
        ask("CONFIG", "SET", "bind", "")
        said = "(connection refused): its bind is empty, which is no address"
        forming.until(lambda: said in forming.answers(one)[1], lambda: forming.answers(one))


@pytest.mark.parametrize("name", FAMILIES[1:])
def test_a_port_that_is_changed_while_it_runs(name: str) -> None:
    """The sidecar's connection stays, and no other is taken. Redis 7.0 goes on saying the old port."""
    needs.insecurity("tls-port would have to change, which redis 7.0 goes on saying too")
    with sets.LocalStatefulSet(1, needs.server(name)) as app:
        app.start_servers()
        one = app[0]
        one.start_sidecar(env={"BOOTSTRAP_SIZE": "6", "BOOTSTRAP_INTERVAL": "300ms"})
        forming.until(lambda: forming.phase(one) == "waiting", one.sidecar.output)
        one.ask("CONFIG", "SET", "port", 7000)
        said = "(connection refused): it listens at port 7000"
        forming.until(lambda: said in forming.answers(one)[1], lambda: forming.answers(one))


AS_IT_LIKES: dict[bool, config.Settings] = {True: {"bind-source-addr": ""}, False: {}}


def answers(ask: Inside) -> bool:
    try:
        ask("PING")
    except redis.exceptions.ConnectionError:
        return False
    return True
