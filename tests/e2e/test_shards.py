"""More shards and fewer shards are wished by a ConfigMap while somebody writes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Final

from tests.e2e import kubectl, redisset, test_rolling

CONFIG: Final = "redis-shards"
KEY: Final = "shards"
MOVED: Final = 600.0
"""Seconds for a kubelet to renew the file (about two minutes at most), and for slots to move."""
FORGOTTEN: Final = 300.0
"""Seconds for nodes that are gone to be marked as failed, and to be forgotten."""

Record = Callable[[str, object], None]


def wish(app: redisset.RedisSet, shards: int) -> None:
    """Patch the ConfigMap, as docs/operations.md says."""
    patch = json.dumps({"data": {KEY: str(shards)}})
    app.kubectl("patch", f"configmap/{CONFIG}", "--type=merge", f"--patch={patch}")


def uids(app: redisset.RedisSet) -> dict[str, str]:
    """Return by name what tells a pod from another one in its place."""
    return {name: one.uid for name, one in app.pods().items()}


def owned(app: redisset.RedisSet) -> dict[str, int]:
    """Return how many slots each pod's node says that it owns, without those that own none."""
    lines = {view.pod: view.line(view.node_id) for view in app.look()}
    counts = {
        pod: sum(last - first + 1 for first, last in line.slots)
        for pod, line in lines.items()
        if line
    }
    return {pod: count for pod, count in counts.items() if count}


def wait_moved(app: redisset.RedisSet, counts: list[int]) -> float:
    """Wait until the nodes own so many slots, in any order; return the seconds."""
    began = time.monotonic()

    def lacking() -> str:
        try:
            found = owned(app)
        except kubectl.KubectlError as error:
            return str(error)
        return "" if sorted(found.values()) == counts else f"owned: {found}"

    app.kubectl.until_nothing(lacking, MOVED, f"{counts} slots are owned")
    return time.monotonic() - began


def test_a_shard_comes_and_goes_under_a_writer(
    restricted: kubectl.Kubectl, image: str, record_property: Record
) -> None:
    app = redisset.RedisSet(restricted, folder=redisset.OVERLAYS / "valkey")
    app.apply(image)
    app.wait_ready()
    app.wait_healthy()
    app.fill("shards")
    first = uids(app)
    with contextlib.closing(test_rolling.Writer(restricted)) as writer:
        writer.start(image)
        wish(app, 4)
        app.scale(8)
        seconds = wait_moved(app, [4096] * 4)
        record_property("measured", f"3 to 4 shards: moved {seconds:.0f} s after pods were ready")
        app.wait_healthy()
        # Nobody was restarted: the kubelet renews the file.
        assert uids(app).items() >= first.items()
        wish(app, 3)
        seconds = wait_moved(app, [5461, 5461, 5462])
        record_property("measured", f"4 to 3 shards: moved {seconds:.0f} s after the wish")
        assert set(owned(app)) <= first.keys()
        app.scale(6)
        app.wait_healthy(FORGOTTEN)
        told = writer.finish()
    record_property("measured", f"shards: longest gap {told['longest']:.2f} s")
    assert told["acknowledged"] > 0
    assert told["lost"] == [], told["report"]
    assert app.missing("shards") == []
    assert uids(app) == first
