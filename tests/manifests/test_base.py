"""Names, ports and images of the base, which docs, clients and other manifests count on."""

from __future__ import annotations

import re

from tests.manifests import render

BASE = render.build(render.MANIFESTS / "base")


def test_the_set_is_called_redis_app_and_governed_by_redis_service() -> None:
    assert BASE.statefulset["metadata"]["name"] == "redis-app"
    assert BASE.statefulset["spec"]["serviceName"] == "redis-service"
    assert (BASE.statefulset["spec"]["replicas"], BASE.redis["name"]) == (6, "redis")


def test_the_headless_service_has_the_ports_of_clients_and_bus() -> None:
    spec = BASE.called("Service", "redis-service")["spec"]
    assert spec["clusterIP"] == "None"
    assert {one["name"]: one["port"] for one in spec["ports"]} == {"client": 6379, "bus": 16379}


def test_clients_have_a_service_of_their_own() -> None:
    spec = BASE.called("Service", "redis-client")["spec"]
    assert "clusterIP" not in spec
    assert [one["port"] for one in spec["ports"]] == [6379]


def test_servers_are_official_images() -> None:
    valkey = render.build(render.MANIFESTS / "examples" / "valkey")
    assert re.fullmatch(r"redis:\d+\.\d+", BASE.redis["image"])
    assert re.fullmatch(r"valkey/valkey:\d+\.\d+", valkey.redis["image"])
