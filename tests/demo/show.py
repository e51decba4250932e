"""What a person is shown at the end: the shards, and how to look around."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.statefulset import pod as pods
from tests.statefulset import servers, sets, views


def shards(some: Sequence[pods.Pod]) -> str:
    """Return a table of the shards, by the nodes' own words."""
    seen = [view for view in map(views.read, some) if isinstance(view, views.View)]
    own = {view.node_id: line for view in seen if (line := view.line(view.node_id))}
    primaries = [view for view in seen if own[view.node_id].primary is None]
    rows = [("SHARD", "SLOTS", "PRIMARY", "ADDRESS", "REPLICAS")]
    for number, view in enumerate(sorted(primaries, key=lambda one: own[one.node_id].slots), 1):
        followers = [one for one in seen if own[one.node_id].primary == view.node_id]
        spans = " ".join(f"{first}-{last}" for first, last in own[view.node_id].slots)
        named = ", ".join(f"{one.pod} ({one.address})" for one in followers)
        rows.append((str(number), spans or "-", view.pod, view.address, named or "-"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def ways(app: sets.LocalStatefulSet) -> str:
    """Return commands that work while the set runs."""
    return "\n".join(f"  {what}:\n    {command}" for what, command in _ways(app))


def _ways(app: sets.LocalStatefulSet) -> Iterator[tuple[str, str]]:
    first, last = app.pods[0], app.pods[-1]
    python = shown(Path(sys.executable))
    client = servers.find_redis_cli()
    if client:
        command = f"{client.name if shutil.which(client.name) else shown(client)} -c -h"
        yield (
            "the cluster, by one of its nodes",
            (f"{command} {first.address} -p {first.port} cluster nodes"),
        )
        yield (
            "write and read a key",
            f"{command} {first.address} -p {first.port} set greeting hello",
        )
    else:
        code = (
            "import redis; "
            f"c = redis.RedisCluster('{first.address}', {first.port}, decode_responses=True); "
            "c.set('greeting', 'hello'); print(c.get('greeting'), *c.get_nodes(), sep='\\n')"
        )
        yield "write and read a key, and see the nodes", f'{python} -c "{code}"'
    for path in ("readyz", "statusz"):
        url = f"http://{last.address}:8080/{path}"
        code = f"import urllib.request as u; print(u.urlopen('{url}').read().decode())"
        yield (
            f"what {last.name} says of itself, {path}",
            (f"curl {url}" if shutil.which("curl") else f'{python} -c "{code}"'),
        )
    yield (
        f"what {last.name} sees, and would do",
        f"{_environment(last)} {python} -m bootstrap --dry-run",
    )


def shown(path: Path) -> str:
    """Return the path as it is called from the repository's folder."""
    return (
        str(path.relative_to(servers.REPOSITORY))
        if path.is_relative_to(servers.REPOSITORY)
        else str(path)
    )


def _environment(pod: pods.Pod) -> str:
    """Return what the pod's sidecar was told, as far as it is not a default."""
    defaults = {
        "POD_NAMESPACE": "default",
        "BOOTSTRAP_CLUSTER_DOMAIN": "cluster.local",
        "BOOTSTRAP_REPLICAS_PER_SHARD": "1",
        "BOOTSTRAP_ORDINAL_START": "0",
        "BOOTSTRAP_REDIS_PORT": "6379",
    }
    unneeded = {"BOOTSTRAP_HTTP", "BOOTSTRAP_LOG_FORMAT", "BOOTSTRAP_LOG_LEVEL"}
    return " ".join(
        f"{name}={value}"
        for name, value in pod.sidecar_environment().items()
        if name.startswith(("POD_", "BOOTSTRAP_"))
        and defaults.get(name) != value
        and name not in unneeded
    )
