"""Everything about a node that nobody may change: who it is, whom it knows, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import redis.exceptions

from tests.statefulset import pod as pods
from tests.statefulset import views

Print: TypeAlias = Mapping[str, Any]

ANNOUNCED: Final = frozenset(
    {
        "cluster-announce-ip",
        "cluster-announce-hostname",
        "cluster-announce-human-nodename",
        "availability-zone",
        "masterauth",
        "masteruser",
        "primaryauth",
        "primaryuser",
    }
)
"""Settings that a sidecar may write into its own node, whatever it refuses."""


def of(everybody: Sequence[pods.Pod], *, may_announce: pods.Pod | None = None) -> dict[str, Print]:
    """Read every pod's node; of the one whose sidecar ran without what that may write."""
    return {
        f"{pod.name} at {pod.address}": _of(pod, leave_out=ANNOUNCED if pod is may_announce else ())
        for pod in everybody
    }


def without(seen: Mapping[str, Print], asked: pods.Pod) -> dict[str, Print]:
    """The same fingerprints without what the sidecar of the asked pod may write."""
    name = f"{asked.name} at {asked.address}"
    return {pod: _leave_out(one, ANNOUNCED) if pod == name else one for pod, one in seen.items()}


def _of(pod: pods.Pod, leave_out: Sequence[str] | frozenset[str]) -> Print:
    if not pod.running:
        return {"down": True}
    found: dict[str, Any] = {}
    with pod.client() as client:
        found["settings"] = dict(client.config_get("*"))
        try:
            found["members"] = _members(str(client.execute_command("CLUSTER", "NODES")))
            info = str(client.execute_command("CLUSTER", "INFO"))
            # Two nodes of one cluster settle their epochs by themselves; ours do not speak yet.
            found["epochs"] = sorted(line for line in info.splitlines() if "_epoch:" in line)
            keys = client.keys("*")
            found["keys"] = {key: client.dump(key) for key in sorted(keys)}
        except redis.exceptions.BusyLoadingError:
            found["loading"] = True
        except redis.exceptions.ResponseError as error:
            found["says"] = str(error)
    return _leave_out(found, leave_out)


def _members(text: str) -> list[tuple[Any, ...]]:
    """Who is who, without the times of the last pings and whether they were answered."""
    lines = [views.parse_line(line) for line in text.splitlines()]
    return sorted(
        (one.node_id, one.address, sorted(one.flags), one.primary or "", one.slots, one.moving)
        for one in lines
        if "handshake" not in one.flags
    )


def _leave_out(found: Print, names: Sequence[str] | frozenset[str]) -> Print:
    settings = {name: value for name, value in found.get("settings", {}).items() if name not in names}
    left: dict[str, Any] = {**found, "settings": settings}
    if names:
        # Its own address in its own line is one of the things that it was told.
        me = [member for member in left.get("members", []) if "myself" in member[2]]
        others = [member for member in left.get("members", []) if "myself" not in member[2]]
        left["members"] = others + [(member[0], *member[2:]) for member in me]
    return left
