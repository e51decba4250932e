"""Everything about a node that nobody may change: who it is, whom it knows, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import redis.exceptions

from tests.statefulset import pod as pods
from tests.statefulset import views

Print: TypeAlias = Mapping[str, Any]
"""What is known of one node, by the name of each fact."""

ANNOUNCED: Final = frozenset(
    {
        "cluster-announce-ip",
        "cluster-announce-hostname",
        "cluster-announce-human-nodename",
        "availability-zone",
        "repl-diskless-sync-max-replicas",
        "masterauth",
        "masteruser",
        "primaryauth",
        "primaryuser",
    }
)
"""Settings that a sidecar may write into its own node, whatever it refuses."""


PASSING: Final = frozenset({"fail?", "fail"})
"""What nodes say of one another when the machine is too busy for them: no act of anybody."""


def of(everybody: Sequence[pods.Pod]) -> dict[str, Print]:
    """Read every pod's node. What is down, or still reads its data, has little to tell."""
    return {f"{pod.name} at {pod.address}": _of(pod) for pod in everybody}


def changes(
    before: Mapping[str, Print], after: Mapping[str, Print], *, may_announce: pods.Pod | None = None
) -> list[str]:
    """Return what differs, but for what the sidecar of one pod may write into its node."""
    asked = f"{may_announce.name} at {may_announce.address}" if may_announce else ""
    return [
        f"{name}: {fact} was {was}, is {now}"
        for name in sorted(before.keys() | after.keys())
        for fact, was, now in _differences(before.get(name, {}), after.get(name, {}))
        if name != asked or fact not in ANNOUNCED
    ]


def _differences(before: Print, after: Print) -> Iterator[tuple[str, Any, Any]]:
    for fact in sorted(before.keys() | after.keys()):
        was, now = before.get(fact), after.get(fact)
        if was != now:
            yield fact, was, now


def _of(pod: pods.Pod) -> Print:
    if not pod.running:
        return {"state": "down"}
    with pod.client() as client:
        found: dict[str, Any] = dict(client.config_get("*"))
        try:
            found |= _identity(client)
            found |= {f"key {key!r}": client.dump(key) for key in client.keys("*")}
        except redis.exceptions.BusyLoadingError:
            found["state"] = "loading"
        except redis.exceptions.ResponseError as error:
            found["state"] = str(error)
    return found


def _identity(client: Any) -> Iterator[tuple[str, Any]]:
    """Who it is and whom it knows, without the times of pings, and its own address in its eyes."""
    info = str(client.execute_command("CLUSTER", "INFO"))
    yield "epochs", sorted(line for line in info.splitlines() if "_epoch:" in line)
    for text in str(client.execute_command("CLUSTER", "NODES")).splitlines():
        line = views.parse_line(text)
        me = "myself" in line.flags
        if "handshake" not in line.flags:
            yield (
                f"node {line.node_id}",
                (
                    "" if me else line.address,
                    sorted(line.flags - PASSING),
                    line.primary,
                    line.slots,
                    line.moving,
                ),
            )
