"""The sidecar's process and its environment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from typing import Any

from tests.statefulset import config, process, servers
from tests.statefulset import spec as specs


class Sidecar(process.Child):
    """A sidecar's process; standard output and errors each have a file."""

    def stop(self, number: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> int:
        """As any child; one that does not end says where it stands, in the test's output."""
        self.send(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(grace)
        self.send(signal.SIGABRT)  # faulthandler writes the stack of each thread, and ends it
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(2.0)
        print(self.errors())
        return super().stop(signal.SIGKILL)

    def output(self) -> str:
        """Return what it wrote to standard output so far."""
        return self.out.read_text(errors="replace")

    def errors(self) -> str:
        """Return what it wrote to standard error so far."""
        return self.err.read_text(errors="replace")

    def log(self) -> list[dict[str, Any]]:
        """Return its log so far: the lines of its output that are JSON objects."""
        entries = []
        for line in self.output().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                entries.append(json.loads(line))
        return [entry for entry in entries if isinstance(entry, dict)]


def environment(
    spec: specs.Spec,
    *,
    ordinal: int,
    address: str,
    host: str | None = None,
    zone: str | None = None,
    tls: config.Tls | None = None,
    extra: specs.Environment | None = None,
) -> dict[str, str]:
    """Return a sidecar's whole environment: nothing of ours but what makes Python run."""
    values: dict[str, str | None] = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(servers.REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        # Coverage of the sidecar's process, when ours is measured.
        **{key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")},
        "POD_NAME": spec.pod_name(ordinal),
        "POD_NAMESPACE": spec.namespace,
        "POD_IP": address,
        "NODE_NAME": host,
        "BOOTSTRAP_ZONE": zone,
        "BOOTSTRAP_SERVICE": spec.service,
        "BOOTSTRAP_CLUSTER_DOMAIN": spec.domain,
        "BOOTSTRAP_SIZE": str(spec.size),
        "BOOTSTRAP_REPLICAS_PER_SHARD": str(spec.replicas_per_shard),
        "BOOTSTRAP_ORDINAL_START": str(spec.ordinal_start),
        "BOOTSTRAP_REDIS_HOST": address,
        "BOOTSTRAP_REDIS_PORT": str(spec.port),
        "BOOTSTRAP_NAMESERVERS": spec.nameserver,
        "BOOTSTRAP_HTTP": f"{address}:8080",
        "BOOTSTRAP_LOG_FORMAT": "json",
        **_tls(tls),
        **spec.sidecar_env,
        **(extra or {}),
    }
    return {key: value for key, value in values.items() if value is not None}


def _tls(tls: config.Tls | None) -> specs.Environment:
    if not tls:
        return {}
    return {
        "BOOTSTRAP_TLS": "true",
        "BOOTSTRAP_TLS_CA_FILE": str(tls.ca),
        "BOOTSTRAP_TLS_CERT_FILE": str(tls.cert),
        "BOOTSTRAP_TLS_KEY_FILE": str(tls.key),
    }
