"""Who the pod is, from the files that the kubelet writes, at their real places.

Each run has mounts and a hostname of its own; for that one has to be root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refusals import asking
from tests.statefulset import addresses, nameserver, needs, sets

FQDN = "redis-app-3.redis-service.prod.svc.k8s.example"
KUBELET = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n"
HOST_NETWORK = "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n"
UNTOLD = dict.fromkeys(
    (
        "POD_NAME",
        "POD_NAMESPACE",
        "POD_IP",
        "BOOTSTRAP_SERVICE",
        "BOOTSTRAP_CLUSTER_DOMAIN",
        "BOOTSTRAP_NAMESERVERS",
    )
)
ENTER = """
mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && hostname "$3" || exit 99
shift 3; exec "$@"
"""


@pytest.fixture
def app() -> Iterator[sets.LocalStatefulSet]:
    """A pod redis-app-3, alone in its StatefulSet, whose name server is at the usual port."""
    if os.geteuid() != 0:
        pytest.skip("mounts and a hostname of one's own take root")
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "-mu", "true"], check=False).returncode
    ):
        pytest.skip("no namespaces here: `unshare -mu` does not work")
    book = addresses.Addresses()
    with (
        nameserver.NameServer(book.nameserver, 53, domain="k8s.example") as names,
        sets.LocalStatefulSet(
            1,
            needs.any_server(),
            replicas_per_shard=0,
            ordinal_start=3,
            namespace="prod",
            domain="k8s.example",
            sidecar_env=UNTOLD | {"BOOTSTRAP_ALLOW_FEWER_SHARDS": "true"},
            names=names,
        ) as made,
    ):
        made.start_servers()
        yield made
    book.release()


def ask(app: sets.LocalStatefulSet, mode: str, *, hosts: str, hostname: str) -> asking.Answer:
    """Run it in namespaces of its own, as in a container."""
    files = {"hosts": hosts, "resolv.conf": f"nameserver {app.names.address}\noptions ndots:5\n"}
    for name, text in files.items():
        (app.folder / name).write_text(text)
    places: list[Path] = [app.folder / name for name in files]
    enter = ["unshare", "-mu", "--propagation", "private", "sh", "-c", ENTER, "sh"]
    command = [*enter, *map(str, places), hostname, sys.executable, "-m", "bootstrap"]
    return asking.answer(app[3].start_sidecar([mode], command=command))


@pytest.mark.parametrize("hostname", ["redis-app-3", FQDN], ids=["short", "setHostnameAsFQDN"])
def test_all_is_derived(app: sets.LocalStatefulSet, hostname: str) -> None:
    hosts = f"{KUBELET}10.1.2.3\t{FQDN}\tredis-app-3\n"
    shown = ask(app, "--dry-run", hosts=hosts, hostname=hostname)
    assert shown.status == asking.NOT_YET, shown
    assert f"I am redis-app-3, the seed: {FQDN} at 10.1.2.3" in shown.text
    done = ask(app, "--once", hosts=hosts, hostname=hostname)
    assert done.status == asking.REACHED, done
    with app[3].client() as client:
        assert client.config_get("cluster-announce-hostname") == {"cluster-announce-hostname": FQDN}
        assert client.config_get("cluster-announce-ip") == {"cluster-announce-ip": "10.1.2.3"}


@pytest.mark.parametrize(
    ("hosts", "hostname", "says"),
    [
        (HOST_NETWORK, "worker-3", ["POD_NAME", "'worker-3' is the node's (hostNetwork)"]),
        (KUBELET, "redis-app-3", ["BOOTSTRAP_SERVICE", "spec.serviceName"]),
        (KUBELET, "redis-app", ["POD_NAME", "ends in its ordinal", "the hostname 'redis-app'"]),
    ],
    ids=["hostNetwork", "no entry", "no ordinal"],
)
def test_what_cannot_be_derived_is_asked_for(
    app: sets.LocalStatefulSet, hosts: str, hostname: str, says: list[str]
) -> None:
    answer = ask(app, "--once", hosts=hosts, hostname=hostname)
    assert answer.status == asking.CONFIGURATION, answer
    assert answer.has_line(says), answer
    assert len(app[3].cluster_nodes().splitlines()) == 1
