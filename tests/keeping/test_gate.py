"""The start gate, with real servers: an emptied primary that is back before anybody missed it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import config, kubelet, needs, oracle, pod, process, sets, spec

NODE_TIMEOUT: Final = 3000
"""Of the servers, in ms: long enough for a restart, short enough to wait for a failover."""
FORGETFUL: Final[config.Settings] = {"appendonly": "no", "save": ""}
"""Servers that keep nothing but their nodes.conf."""
ANY: Final = keeping.SERVERS[:1]


def formed(name: str) -> Iterator[sets.LocalStatefulSet]:
    """A cluster of such servers, full of keys."""
    settings: config.Settings = {"cluster-node-timeout": NODE_TIMEOUT, **FORGETFUL}
    env = {"BOOTSTRAP_NODE_TIMEOUT": str(NODE_TIMEOUT)}
    with keeping.formed(name, server_config=settings, sidecar_env=env) as app:
        assert forming.roles(app)[3] == 0
        yield app


@pytest.fixture(params=keeping.SERVERS)
def each(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    yield from formed(request.param)


@pytest.fixture(params=ANY)
def newest(request: pytest.FixtureRequest) -> Iterator[sets.LocalStatefulSet]:
    yield from formed(request.param)


def allow_failover(one: pod.Pod, *, allowed: bool) -> None:
    """Whether a replica takes over by itself; who forbids it stops the clock for a test."""
    one.ask("CONFIG", "SET", "cluster-replica-no-failover", "no" if allowed else "yes")


def hold(
    app: sets.LocalStatefulSet, env: spec.Environment | None = None, *, wipe: bool = False
) -> pod.Pod:
    """Kill the first primary, and bring its pod back up to its gate."""
    held = down(app, env, wipe=wipe)
    kubelet.wait_held(held, "redis-app-3")
    return held


def down(
    app: sets.LocalStatefulSet, env: spec.Environment | None = None, *, wipe: bool = False
) -> pod.Pod:
    """Kill the first primary, and start its pod's sidecar again."""
    allow_failover(app[3], allowed=False)
    keeping.down(app, [app[0]], wipe=wipe, moved=False)
    kubelet.begin([app[0]], env=env)
    return app[0]


def gate_events(one: pod.Pod) -> list[tuple[str, str]]:
    return [
        (entry["event"], entry["level"])
        for entry in one.sidecar.log()
        if entry["event"].startswith("gate-")
    ]


def wait_gate_events(one: pod.Pod, expected: list[tuple[str, str]]) -> None:
    """The probe may be answered just before the log tells it."""
    forming.until(lambda: gate_events(one) == expected, lambda: gate_events(one))


def assert_kept(app: sets.LocalStatefulSet) -> None:
    """All keys are there, and the pod that was held is a replica of the one that took over."""
    oracle.wait_healthy(app.pods, keeping.HEALTHY)
    assert keeping.missing_keys(app) == []
    roles = forming.roles(app)
    assert (roles[0], roles[3]) == (3, ((0, 5460),))


# The trap


WIPE: Final = pytest.mark.parametrize("wipe", [False, True], ids=["nodes.conf", "nothing"])
"""What is left in the volume. For replication, which dials an address, it is the same."""


@WIPE
@pytest.mark.twin("test_with_the_gate_the_replica_is_promoted_and_keeps_the_keys")
def test_without_the_gate_the_replica_copies_the_emptiness(
    each: sets.LocalStatefulSet, *, wipe: bool
) -> None:
    """The twin of what follows. Nothing is forced: where no election comes, a person is told."""
    assert int(each[3].ask("DBSIZE")) > 0
    allow_failover(each[3], allowed=False)
    keeping.down(each, [each[0]], wipe=wipe, moved=False)
    each[0].start_sidecar()
    each[0].start_server()
    forming.until(
        lambda: each[3].ask("DBSIZE") == 0, lambda: (each[3].ask("DBSIZE"), each[3].server_tail())
    )
    allow_failover(each[3], allowed=True)
    if wipe and not each[0].server.valkey:
        forming.until(
            lambda: keeping.blocked(each[3]) == {"primary-replaced"},
            lambda: forming.events(each[3], "plan")[-1:],
        )
        assert forming.answers(each[3])[0] == 503
        assert "CLUSTER FAILOVER FORCE" in forming.events(each[3], "plan")[-1]["fix"]
        each[3].ask("CLUSTER", "FAILOVER", "FORCE")
    oracle.wait_healthy(each.pods, keeping.HEALTHY)
    assert len(keeping.missing_keys(each)) > keeping.KEYS / 6


@pytest.mark.secured
@WIPE
def test_with_the_gate_the_replica_is_promoted_and_keeps_the_keys(
    each: sets.LocalStatefulSet, *, wipe: bool
) -> None:
    held = hold(each, wipe=wipe)
    assert forming.answers(held)[0] == 503
    assert "a replica to be promoted" in forming.answers(held)[1]
    assert forming.metric(held, "bootstrap_gate_open") == 0.0
    assert forming.answers(held, "/livez")[0] == 200
    allow_failover(each[3], allowed=True)
    kubelet.serve([held])
    assert_kept(each)
    wait_gate_events(held, [("gate-shut", "warning"), ("gate-open", "info")])
    assert forming.metric(held, "bootstrap_gate_open") == 1.0
    assert forming.metric(held, "bootstrap_gate_seconds") > 0.0


def test_peers_that_hang_are_heard_first(newest: sets.LocalStatefulSet) -> None:
    """Silence of who is there is no proof that nobody followed who was here."""
    allow_failover(newest[3], allowed=False)
    held, *others = newest.pods
    keeping.down(newest, [held], wipe=True, moved=False)
    for one in others:
        one.pause()
    try:
        kubelet.begin([held])
        kubelet.wait_held(held, "a node that was here before may have replicas")
    finally:
        for one in others:
            one.resume()
    kubelet.wait_held(held, "redis-app-3")
    allow_failover(newest[3], allowed=True)
    kubelet.serve([held])
    assert_kept(newest)


def test_a_dry_run_says_what_is_waited_for(newest: sets.LocalStatefulSet) -> None:
    held = hold(newest)
    asked = held.start_sidecar(["--dry-run"], env={"BOOTSTRAP_DATA_DIR": str(held.data)})
    assert asked.wait(60.0) == 1
    assert "waiting for redis-app-0: a replica to be promoted: " in asked.output()
    assert "BOOTSTRAP_DATA_DIR" not in asked.output()
    without = held.start_sidecar(["--dry-run"])
    assert without.wait(60.0) == 1
    assert "note: BOOTSTRAP_DATA_DIR is not set: " in without.output()


# The bound in time


def test_a_gate_that_holds_waits_for_a_person(newest: sets.LocalStatefulSet) -> None:
    held = down(newest, {"BOOTSTRAP_GATE_TIMEOUT": "1s"})
    kubelet.wait_held(held, "")
    forming.until(
        lambda: keeping.blocked(held) == {"data-missing"}, lambda: held.sidecar.log()[-1:]
    )
    assert kubelet.probe(held)[0] == 503
    wait_gate_events(held, [("gate-shut", "error")])
    (said,) = [one for one in held.sidecar.log() if one.get("code") == "data-missing"]
    assert (
        "kubectl exec -n default redis-app-3 -c redis -- redis-cli CLUSTER FAILOVER FORCE"
        in said["fix"]
    )
    # Which is what the person does, once most primaries have noticed.
    process.wait_for(lambda: ",fail " in fails(newest, held), 60, "a failed primary")
    newest[3].ask("CLUSTER", "FAILOVER", "FORCE")
    kubelet.serve([held])
    assert_kept(newest)


def fails(app: sets.LocalStatefulSet, one: pod.Pod) -> str:
    """How the replica sees the pod."""
    lines = app[3].cluster_nodes().splitlines()
    return next(line for line in lines if one.address in line)


def test_a_gate_that_opens_does_what_was_wanted(newest: sets.LocalStatefulSet) -> None:
    wanted = {"BOOTSTRAP_GATE_TIMEOUT": "1s", "BOOTSTRAP_GATE_ON_TIMEOUT": "open"}
    opened = down(newest, wanted)
    kubelet.serve([opened])
    wait_gate_events(opened, [("gate-open", "error")])
    forming.until(lambda: newest[3].ask("DBSIZE") == 0, newest[3].server_tail)


# What a gate must not do


@pytest.mark.parametrize("name", ANY)
def test_pods_with_data_start_at_once(name: str) -> None:
    """All together, elsewhere: nobody is there to be asked, and nobody is."""
    with keeping.formed(name) as app:
        keeping.down(app, app.pods)
        kubelet.start(app.pods)
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
        assert keeping.missing_keys(app) == []
        for one in app.pods:
            wait_gate_events(one, [("gate-open", "info")])
            assert forming.metric(one, "bootstrap_gate_seconds") == 0.0


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_pods_that_all_lost_their_data_do_not_wait_for_each_other(name: str) -> None:
    """Replicas start, and say that they hold nothing either: a cache comes back by itself."""
    with keeping.formed(name, server_config=FORGETFUL) as app:
        keeping.down(app, app.pods)
        kubelet.start(app.pods)
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
        assert [int(one.ask("DBSIZE")) for one in app.pods] == [0] * len(app.pods)


def test_a_new_pod_and_a_sidecar_beside_a_running_server_are_not_held() -> None:
    with sets.LocalStatefulSet(6, needs.any_server()) as app, forming.told(app):
        kubelet.start(app.pods)
        oracle.wait_healthy(app.pods, forming.LONG)
        again = app[0]
        again.kill_sidecar()
        kubelet.begin([again])
        process.wait_for(lambda: kubelet.probe(again)[0] == 200, 60, "an open gate")
        wait_gate_events(again, [("gate-open", "info")])
        (opened,) = forming.events(again, "gate-open")
        assert opened["why"] == "a server runs already"


# A nodes.conf without sense


def test_a_corrupt_nodes_conf_is_told_before_the_server_dies_of_it(
    each: sets.LocalStatefulSet,
) -> None:
    one = each[0]
    file = one.data / "nodes.conf"
    keeping.down(each, [one], moved=False)
    sound = file.read_text()
    file.write_text(f"{sound}nonsense\n")
    kubelet.begin([one])
    kubelet.wait_held(one, f"{file}: expected a nodes.conf that a server can start with")
    assert keeping.blocked(one) == {"nodes-conf-unreadable"}
    wait_gate_events(one, [("gate-shut", "error")])
    one.start_server()
    process.wait_for(lambda: not one.running, 30, "the end of a server")
    assert "corrupted cluster config file" in one.server_tail(1000)
    # And when it is mended, nobody has to start anything again.
    file.write_text(sound)
    kubelet.serve([one])
    assert_kept(each)
