"""A person's command and the pod's own sidecar say the same: one has looked once, the other long."""

from __future__ import annotations

import contextlib
import json
import os

import pytest
import redis

from tests.formation import forming
from tests.keeping import keeping, neighbours, roles, test_partition
from tests.statefulset import kubelet, needs, oracle, pod, sets, users

BUS = 16379


def verdict(text: str) -> str:
    """The verdict and the code of a first line."""
    return text.partition(":")[0]


def agreed(one: pod.Pod, wanted: str) -> list[str]:
    """Wait until `/readyz`, a dry run and `status` begin so; what the two commands say."""
    said: list[str] = []

    def all_say_so() -> bool:
        readyz = forming.answers(one)[1]
        runs = [roles.beside(one, "--dry-run"), roles.beside(one, "status")]
        said[:] = [text for _, text in runs]
        assert all((code == 0) == text.startswith("HEALTHY") for code, text in runs), runs
        return {verdict(text) for text in (readyz, *said)} == {wanted}

    forming.until(all_say_so, lambda: [forming.answers(one)[1].partition(":")[0], *said])
    return said


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_bus_port_that_no_other_pod_reaches(name: str) -> None:
    """The pod itself reaches all others, so that only their missing links tell."""
    with test_partition.apart(name) as (app, net):
        net.close(2, BUS)
        for text in agreed(app[2], "ACT bus-port-closed"):
            assert "networkpolicy" in text
            assert f"{app[2].address}:{BUS}" in text
        net.open(2)
        oracle.wait_healthy(app.pods, keeping.HEALTHY)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_both_volumes_of_a_shard_are_gone(name: str) -> None:
    """A single look would wait for the seed for ever; the sidecar has waited long enough."""
    with keeping.formed(name, server_config={"cluster-node-timeout": 5000}) as app:
        lost = [one for one in app.pods if one.ordinal in (1, 4)]
        for one in lost:
            app.take_down(one, wipe=True, moved=False)
        for one in lost:
            one.start_server()
            one.start_sidecar()
        for text in agreed(app[1], "ACT lost-slots"):
            assert "pvc,volumesnapshot" in text


@pytest.mark.parametrize("name", ["valkey-8.1", "redis-8.2"])
def test_a_right_that_the_seed_lacks(name: str) -> None:
    """MEET is refused at each look: with the pods, the right and the command that grants it."""
    some = [one for one in users.RIGHTS if one != "+cluster|meet"]
    with sets.LocalStatefulSet(
        6, needs.server(name), server_config=users.only(some), sidecar_env=users.environment()
    ) as app:
        app.start_servers()
        app.start_sidecars()
        for text in agreed(app[0], "ACT command-refused"):
            assert "+cluster|meet" in text
            assert "ACL SETUSER" in text
        forming.until(
            lambda: "redis-app-0" in roles.beside(app[5], "status")[1].partition("\n")[0],
            lambda: roles.beside(app[5], "status"),
        )


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_server_that_takes_no_more_clients(name: str) -> None:
    """Its sidecar is connected, and a command that a person runs is turned away."""
    needs.insecurity("over TLS such a server hangs up without a word")
    with keeping.formed(name) as app, contextlib.ExitStack() as stack:
        admin = stack.enter_context(app[0].client())
        used = int(admin.info("clients")["connected_clients"])
        limit = int(admin.info("clients")["cluster_connections"]) + used + 8
        admin.config_set("maxclients", limit)
        with contextlib.suppress(redis.exceptions.RedisError):
            for _ in range(limit):
                stack.enter_context(app[0].client()).ping()
        forming.until(
            lambda: "ACT max-clients" in forming.answers(app[0])[1],
            lambda: forming.answers(app[0]),
        )
        for one in ("--dry-run", "status"):
            code, text = roles.beside(app[0], one)
            assert code != 0
            assert text.startswith("ACT")
            assert "maxclients" in text.partition("\n")[0]
            assert "served; redis-app-0 takes no new ones" in text.partition("\n")[0]
            assert "CLIENT LIST" in text


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_most_primaries_are_away(name: str) -> None:
    """No replica is elected then, and no wait is promised to end."""
    with keeping.formed(name, server_config={"cluster-node-timeout": 5000}) as app:
        for one in app.pods[:2]:
            app.take_down(one, moved=False)
            app.names.withdraw(one.name, app.spec.service, app.spec.namespace)
        for text in agreed(app[5], "ACT pod-down"):
            first = text.partition("\n")[0]
            assert "2 of 3 primaries, so no majority is left" in first
            assert "before 1 of them is back" in first
            assert "let the primary come back; let" not in text


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_node_that_was_met_by_hand(name: str) -> None:
    """It has no name: told by id and address, and the pods stay ready."""
    with neighbours.beside(name, 1) as (app, other):
        app[0].ask("CLUSTER", "MEET", other[0].address, other[0].port)
        node_id = other[0].node_id()
        for text in agreed(app[1], "ACT foreign-node"):
            assert f"{node_id} at {other[0].address}:{other[0].port}" in text
            assert f"CLUSTER FORGET {node_id}" in text
        assert forming.answers(app[1])[0] == 200


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_why_a_pod_is_waited_for_is_told_in_the_words_of_its_own_sidecar(name: str) -> None:
    """The seed waits for a pod that is not let in to its own server, and all others for the seed."""
    password = {"requirepass": "right", "masterauth": "right"}
    with sets.LocalStatefulSet(
        6,
        needs.server(name),
        server_config=password,
        sidecar_env={"BOOTSTRAP_REDIS_PASSWORD": "right"},
    ) as app:
        app.start_servers()
        for one in app.pods:
            wrong = {"BOOTSTRAP_REDIS_PASSWORD": "old"} if one.ordinal == 4 else None
            one.start_sidecar(env=wrong)
        said: list[str] = []

        def told_at(one: pod.Pod) -> bool:
            said[:] = [roles.beside(one, "--dry-run")[1], roles.beside(one, "status")[1]]
            firsts = [text.partition("\n")[0] for text in said]
            return all(
                text.startswith("ACT: the sidecar of redis-app-4 says (")
                and "waiting for redis-app-4: Redis at" in text
                and "does not accept the sidecar's user and password" in text
                for text in firsts
            )

        for one in (app[0], app[5]):
            forming.until(lambda one=one: told_at(one), lambda: said)  # type: ignore[misc]
            for text in said:
                assert "redis-app-4 -c redis -- sh -c 'redis-cli CONFIG GET requirepass" in text


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_pod_that_its_start_gate_holds_is_told_as_held(name: str) -> None:
    """To the others its server only refuses connections."""
    with keeping.formed(name) as app:
        app[3].ask("CONFIG", "SET", "cluster-replica-no-failover", "yes")
        keeping.down(app, [app[0]], wipe=True, moved=False)
        kubelet.begin([app[0]])
        kubelet.wait_held(app[0], "redis-app-3")
        for one in ("--dry-run", "status"):
            _, text = roles.beside(app[5], one)
            assert "Connection refused; its start gate holds it" in text
            assert "what does the start gate of redis-app-0 wait for?" in text
        app[3].ask("CONFIG", "SET", "cluster-replica-no-failover", "no")
        kubelet.serve([app[0]])
        oracle.wait_healthy(app.pods, keeping.HEALTHY)


@pytest.mark.parametrize("name", keeping.SERVERS)
def test_a_replica_that_loads_its_data_is_waited_for(name: str) -> None:
    """For as long as it takes: no figure is given, and you need not act."""
    with keeping.formed(name, server_config={"appendonly": "no"}) as app:
        tags = (f"{{{number}}}" for number in range(100))
        tag = next(one for one in tags if app[0].ask("CLUSTER", "KEYSLOT", one) < 5461)
        with app[0].client() as client:
            client.mset({f"{tag} {one}": os.urandom(400).hex() for one in range(3000)})
        forming.until(lambda: app[3].ask("DBSIZE") == app[0].ask("DBSIZE"), list)
        app[3].ask("SAVE")
        keeping.down(app, [app[3]])
        # A minute for all keys, and a look at the network after one or two (refusals/dumps.py).
        slow = {"key-load-delay": 20_000, "loading-process-events-interval-bytes": 1024}
        app[3].start_server(slow)
        app[3].start_sidecar()
        forming.until(
            lambda: "LOADING" in forming.answers(app[3])[1], lambda: forming.answers(app[3])
        )
        for one in (app[3], app[0]):
            for command in ("--dry-run", "status"):
                first = roles.beside(one, command)[1].partition("\n")[0]
                assert first.startswith("WAIT"), first
                assert "redis-app-3" in first
                assert "it passes by itself. " in first
                assert "Clients are served" in first


def test_a_sidecar_that_does_not_answer_is_told() -> None:
    """Then nothing is known of durations, and a wait says so."""
    with sets.LocalStatefulSet(6, needs.any_server()) as app:
        app.start_servers()
        code, text = roles.beside(app[1], "--dry-run")
        assert code == 2
        assert text.startswith("WAIT")
        assert "no sidecar answered at port 8080" in text
        facts = json.loads(roles.beside(app[1], "--dry-run", "--output", "json")[1])
        assert facts["headline"]["verdict"] == "WAIT"
