"""redis.conf gives its reasons, and says the same as the rest of the manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifests import environment, redis_conf, render

FILES = sorted(render.MANIFESTS.rglob("*redis.conf")) + sorted(
    render.MANIFESTS.rglob("also-*.conf")
)
OURS = [folder for folder in render.folders() if folder != render.THIRD_PARTY]
ours = pytest.mark.parametrize("folder", OURS, ids=render.short)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_setting_has_its_reason(file: Path) -> None:
    assert redis_conf.without_reason(file.read_text()) == []


def test_a_setting_without_a_reason_is_found() -> None:
    text = "# Why.\nport 6379\ndir /data\n\nappendonly yes\n"
    assert redis_conf.without_reason(text) == ["appendonly yes"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_setting_is_said_twice(file: Path) -> None:
    names = [name for name, _ in redis_conf.settings(file.read_text()) if name != "include"]
    assert len(names) == len(set(names))


@ours
def test_every_file_is_read(folder: Path) -> None:
    # What stands in a ConfigMap, and is included by nobody, would be believed and not be so.
    build = render.build(folder)
    found = redis_conf.effective(build)
    for one in build.of("ConfigMap"):
        for name, text in one["data"].items():
            if name.endswith(".conf"):
                assert {key for key, _ in redis_conf.settings(text)} - {"include"} <= found.keys()


@ours
def test_it_is_a_cluster_that_the_sidecar_can_keep(folder: Path, tmp_path: Path) -> None:
    build = render.build(folder)
    found, known = redis_conf.effective(build), environment.read(build, tmp_path)
    assert found["cluster-enabled"] == "yes"
    assert found["cluster-config-file"] == "nodes.conf"
    assert found["cluster-allow-replica-migration"] == "no"
    assert int(found["cluster-node-timeout"]) == known.node_timeout
    assert int(found["tls-port" if known.tls else "port"]) == known.redis_port
    assert not any(name.startswith("cluster-announce-") for name in found)


@ours
def test_with_tls_nothing_is_in_clear(folder: Path, tmp_path: Path) -> None:
    build = render.build(folder)
    found, known = redis_conf.effective(build), environment.read(build, tmp_path)
    assert ("tls-port" in found) == known.tls
    if known.tls:
        mine = environment.variables(build)
        assert found["port"] == "0"
        assert (found["tls-cluster"], found["tls-replication"]) == ("yes", "yes")
        assert found["tls-ca-cert-file"] == mine["BOOTSTRAP_TLS_CA_FILE"]
        assert found["tls-auth-clients"] == "yes"
        assert known.tls_cert_file
        assert known.tls_key_file


@ours
def test_data_outlive_the_container(folder: Path) -> None:
    """Mostly the pod too. A primary that comes back empty at its address empties its replicas."""
    build = render.build(folder)
    found = redis_conf.effective(build)
    mounted = {one["mountPath"]: one["name"] for one in build.redis["volumeMounts"]}
    spec = build.statefulset["spec"]
    claims = [one["metadata"]["name"] for one in spec.get("volumeClaimTemplates", [])]
    volumes = spec["template"]["spec"].get("volumes", [])
    folders = [one["name"] for one in volumes if "emptyDir" in one]
    cache = folder.name == "ephemeral"
    assert mounted[found["dir"]] in (folders if cache else claims)
    assert bool(claims) != cache
    assert found["appendonly"] == "yes"
    assert found["appendfsync"] == "everysec"
    assert "no-appendfsync-on-rewrite" not in found
    assert found["save"] == '""'
    assert found["rdb-del-sync-files"] == "yes"


@ours
def test_the_gate_looks_where_the_data_are(folder: Path) -> None:
    build = render.build(folder)
    guarded = environment.variables(build).get("BOOTSTRAP_DATA_DIR")
    found = redis_conf.effective(build)
    mounted = found["dir"] in {one["mountPath"] for one in build.redis["volumeMounts"]}
    if build.native and mounted:
        assert guarded == found["dir"]
        (mount,) = (one for one in build.sidecar["volumeMounts"] if one["mountPath"] == guarded)
        assert mount["readOnly"] is True
    else:
        # Without a native sidecar nobody is held.
        assert guarded is None


@ours
def test_memory_is_twice_what_data_may_take(folder: Path) -> None:
    build = render.build(folder)
    limit = redis_conf.size(build.redis["resources"]["limits"]["memory"])
    assert 2 * redis_conf.size(redis_conf.effective(build)["maxmemory"]) <= limit


@ours
def test_hand_over_and_shutdown_leave_time_to_spare(folder: Path, tmp_path: Path) -> None:
    build = render.build(folder)
    shutdown = float(redis_conf.effective(build)["shutdown-timeout"])
    handover = environment.read(build, tmp_path).handover_timeout
    assert handover + shutdown + 10 <= build.pod["terminationGracePeriodSeconds"]
