"""A StatefulSet that has IPv6 alone: run in a network namespace of its own, by its test.

`python -m tests.refusals.ipv6_only` ends with 0 when the set has formed.
"""

from __future__ import annotations

import subprocess

from tests.refusals import asking
from tests.statefulset import nameserver, needs, oracle, servers, sets
from tests.statefulset import pod as pods

NAMESERVER = "fd00::2"


class Ipv6Set(sets.LocalStatefulSet):
    """Pods at fd00::10 and up, which are made here."""

    def add_pod(self, *, server: servers.Server | None = None) -> pods.Pod:
        """The pod has not started anything yet, so it can still be given another address."""
        pod = super().add_pod(server=server)
        pod.address = f"fd00::{16 + pod.ordinal:x}"
        own_address(pod.address)
        return pod


def own_address(address: str) -> None:
    """Let the loopback device have it, at once: nobody else could have it too."""
    subprocess.run(["ip", "addr", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)


def main() -> None:
    """Form three pods of one shard: they meet, and two of them replicate."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    own_address(NAMESERVER)
    env = {
        "BOOTSTRAP_NAMESERVERS": f"[{NAMESERVER}]:5353",
        "BOOTSTRAP_ALLOW_FEWER_SHARDS": "true",
    }
    with (
        nameserver.NameServer(NAMESERVER) as names,
        Ipv6Set(3, needs.any_server(), replicas_per_shard=2, sidecar_env=env, names=names) as app,
    ):
        app.start_servers()
        for pod in app.pods:
            pod.start_sidecar(env={"BOOTSTRAP_HTTP": f"[{pod.address}]:8080"})
        oracle.wait_healthy(app.pods, asking.LONG, replicas_per_shard=2)
        for pod in app.pods:
            asking.wait_said(pod, ["steady"])
            status, why = pod.http("/readyz")
            assert status == 200, why
        kinds = {one.type for one in names.questions}
        assert kinds <= {"AAAA", "SRV"}, kinds


if __name__ == "__main__":
    main()
