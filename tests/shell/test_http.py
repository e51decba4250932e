"""What the kubelet, Prometheus and people are told over HTTP, by a real sidecar."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from prometheus_client import parser

from bootstrap import __version__
from tests.formation import forming
from tests.shell import alone
from tests.statefulset import pod as pods

METRICS = {
    "bootstrap_ticks": "counter",
    "bootstrap_errors": "counter",
    "bootstrap_dns_questions": "counter",
    "bootstrap_actions": "counter",
    "bootstrap_handovers": "counter",
    "bootstrap_handover_seconds": "gauge",
    "bootstrap_ready": "gauge",
    "bootstrap_phase": "gauge",
    "bootstrap_phases": "counter",
    "bootstrap_nodes": "gauge",
    "bootstrap_open_slots": "gauge",
    "bootstrap_slot_migrations": "gauge",
    "bootstrap_slots_to_move": "gauge",
    "bootstrap_alarm": "gauge",
    "bootstrap_blocked": "gauge",
    "bootstrap_gate_open": "gauge",
    "bootstrap_gate_seconds": "gauge",
    "bootstrap_peers_expected": "gauge",
    "bootstrap_peers_found": "gauge",
    "bootstrap_process_cpu_seconds": "counter",
    "bootstrap_process_max_fds": "gauge",
    "bootstrap_process_open_fds": "gauge",
    "bootstrap_process_resident_memory_bytes": "gauge",
    "bootstrap_process_start_time_seconds": "gauge",
    "bootstrap_process_virtual_memory_bytes": "gauge",
}
"""Dashboards and alerts rely on these names: they are not renamed."""
PHASES = {"form", "join", "heal", "reshard", "steady", "blocked", "waiting"}

Samples = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def formed() -> Iterator[pods.Pod]:
    """A healthy pod with its sidecar."""
    with alone.one_pod() as app:
        app.start_servers()
        app.start_sidecars()
        forming.wait_ready(app.pods)
        yield app[0]


def wait_for(one: pods.Pod, path: str, status: int, text: str = "") -> str:
    """Wait until the path answers so."""

    def said() -> bool:
        answer = forming.answers(one, path)
        return answer[0] == status and text in answer[1]

    forming.until(said, lambda: (forming.answers(one, path), one.sidecar.output()))
    return forming.answers(one, path)[1]


def samples(one: pods.Pod) -> Samples:
    """By name and the values of its labels, what /metrics says."""
    status, text = one.http("/metrics")
    assert status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


# Probes


def test_before_redis_is_up_the_pod_has_started_and_is_not_ready() -> None:
    """The redis container starts only after /startupz says yes."""
    with alone.one_pod() as app:
        app[0].start_sidecar()
        wait_for(app[0], "/startupz", 200, "started")
        assert forming.answers(app[0], "/livez") == (200, "alive\n")
        where = f"{app[0].address}:6379"
        why = f"redis-app-0: Redis at {where} to answer; no connection: Connection refused"
        status, text = forming.answers(app[0])
        headline, reason = text.splitlines()
        assert (status, reason) == (503, why)
        assert headline.startswith(f"WAIT: waiting for {why}; it passes by itself")


def test_ready_follows_what_the_node_is() -> None:
    with alone.one_pod() as app:
        app[0].start_sidecar()
        wait_for(app[0], "/readyz", 503, "Connection refused")
        app.start_servers()
        wait_for(app[0], "/readyz", 200, "ready")
        app[0].kill_server()
        wait_for(app[0], "/readyz", 503, "Connection refused")
        app.start_servers()
        wait_for(app[0], "/readyz", 200, "ready")
        app[0].pause()
        wait_for(app[0], "/readyz", 503, "no answer in time")
        assert forming.answers(app[0], "/livez")[0] == 200
        app[0].resume()
        wait_for(app[0], "/readyz", 200, "ready")
        app[0].ask("CLUSTER", "DELSLOTS", 7)
        wait_for(app[0], "/readyz", 503)


def test_who_waits_for_others_is_not_ready_and_who_is_blocked_says_why() -> None:
    with alone.one_pod(size=6) as app:
        seed = app[0]
        seed.start_server()
        seed.wait_server_up()
        seed.start_sidecar()
        wait_for(seed, "/readyz", 503, "cluster_state is not ok")
        stranger = app[1]
        stranger.start_server()
        stranger.wait_server_up()
        stranger.ask("CONFIG", "SET", "cluster-announce-hostname", "x.elsewhere.example")
        wait_for(seed, "/readyz", 503, "blocked, stranger: ")
        assert samples(seed)["bootstrap_blocked", "stranger"] == 1.0
        assert samples(seed)["bootstrap_phase", "blocked"] == 1.0


# Metrics


def test_the_names_and_kinds_of_metrics_are_stable(formed: pods.Pod) -> None:
    text = formed.http("/metrics")[1]
    families = parser.text_string_to_metric_families(text)
    assert {family.name: family.type for family in families} == METRICS


def test_the_metrics_of_a_healthy_pod(formed: pods.Pod) -> None:
    found = samples(formed)
    assert found["bootstrap_ready",] == 1.0
    assert {
        labels[0]: value for (name, *labels), value in found.items() if name == "bootstrap_phase"
    } == {phase: float(phase == "steady") for phase in PHASES}
    assert found["bootstrap_errors_total",] == 0.0
    assert found["bootstrap_peers_expected",] == found["bootstrap_peers_found",] == 1.0
    assert found["bootstrap_actions_total", "add-slots", "ok"] == 1.0
    assert found["bootstrap_phases_total", "form"] == 1.0
    assert found["bootstrap_nodes", "ok"] == 1.0
    assert not [key for key in found if key[0] == "bootstrap_blocked" or key[-1] == "refused"]
    ticks = found["bootstrap_ticks_total",]
    forming.until(lambda: samples(formed)["bootstrap_ticks_total",] > ticks, lambda: ticks)


def test_questions_to_dns_are_counted(formed: pods.Pod) -> None:
    """A pod that is all of its cluster asks for the list of pods once, and for nothing else."""
    assert samples(formed)["bootstrap_dns_questions_total",] >= 1.0


# Status


def test_statusz_is_the_last_look_and_its_plan(formed: pods.Pod) -> None:
    status, text = formed.http("/statusz")
    facts = json.loads(text)
    assert status == 200
    assert set(facts) == {
        "pod", "phase", "observed", "steps", "waiting", "blocked", "alarms", "migrations",
        "progress", "notes", "tick", "ready", "why", "version", "headline", "age", "memory",
    }  # fmt: skip
    assert (facts["pod"], facts["phase"], facts["version"]) == (
        "redis-app-0",
        "steady",
        __version__,
    )
    assert (facts["ready"], facts["why"]) == (True, "ready")
    (mine,) = facts["observed"]
    assert mine == {
        "pod": "redis-app-0",
        "ordinal": 0,
        "address": formed.address,
        "reachable": True,
        "reason": None,
        "node_id": formed.node_id(),
        "role": "primary",
        "slots": "0-16383",
        "blank": False,
        "state": "ok",
    }


# The server itself


@pytest.mark.parametrize("path", ["/", "/readyz/", "/metricsz", "/readyz/../statusz"])
def test_an_unknown_path_is_answered_with_the_known_ones(formed: pods.Pod, path: str) -> None:
    status, text = formed.http(path)
    assert status == 404
    assert (
        text == "not found; there are /handover, /livez, /metrics, /readyz, /startupz, /statusz\n"
    )


def test_a_query_does_not_matter(formed: pods.Pod) -> None:
    assert formed.http("/livez?verbose=1") == (200, "alive\n")


def test_who_connects_and_says_nothing_keeps_nobody_else_waiting(formed: pods.Pod) -> None:
    silent = [socket.create_connection((formed.address, 8080)) for _ in range(20)]
    assert formed.http("/livez") == (200, "alive\n")
    for one in silent:
        one.close()


def test_only_get_is_answered(formed: pods.Pod) -> None:
    with socket.create_connection((formed.address, 8080)) as raw:
        raw.settimeout(20)
        raw.sendall(b"POST /livez HTTP/1.0\r\n\r\n")
        assert b" 501 " in raw.makefile("rb").readline()


def test_a_taken_port_does_not_keep_the_sidecar_from_its_work() -> None:
    with alone.one_pod() as app:
        app.start_servers()
        with socket.create_server((app[0].address, 8080)):
            app[0].start_sidecar()
            forming.until(lambda: forming.phase(app[0]) == "steady", app[0].sidecar.output)
            (said,) = forming.events(app[0], "no-http")
            assert said["level"] == "error"
            assert "BOOTSTRAP_HTTP" in said["why"]
            assert "second sidecar" in said["fix"]
        wait_for(app[0], "/readyz", 200)  # As soon as the port is free.


def test_off_is_off() -> None:
    with alone.one_pod(BOOTSTRAP_HTTP="off") as app:
        app.start_servers()
        app[0].start_sidecar()
        forming.until(lambda: forming.phase(app[0]) == "steady", app[0].sidecar.output)
        assert forming.answers(app[0], "/livez")[0] == 0
        assert forming.events(app[0], "no-http") == []


def test_every_address_is_listened_on_where_none_is_named(formed: pods.Pod) -> None:
    with alone.one_pod(BOOTSTRAP_HTTP=":18080") as app:
        app[0].start_sidecar()
        for address in (app[0].address, "127.0.0.1"):
            forming.until(lambda address=address: listens(address), app[0].sidecar.output)  # type: ignore[misc]  # a default argument


def listens(address: str) -> bool:
    try:
        socket.create_connection((address, 18080), timeout=1).close()
    except OSError:
        return False
    return True
