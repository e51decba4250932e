"""Snapshots of clusters of which more or fewer shards are wished."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from bootstrap.model.migration import Migration, State
from bootstrap.model.snapshot import Pod, Snapshot
from bootstrap.model.view import View, Writing
from bootstrap.model.wish import Wish, Wished
from tests.core import build

GOING: Final = ((4096, 5460),)
"""What moves first when three shards become four."""


def grown() -> list[str]:
    """Six pods in three shards, an empty primary, and its replica."""
    return [*build.all_lines(-1), build.line(6), build.line(7, "slave", "n6")]


def mine(lines: list[str], ordinal: int) -> list[str]:
    """The same lines as this pod's node has them."""
    own = lines[ordinal].replace(" master", " myself,master").replace(" slave", " myself,slave")
    return [own if number == ordinal else line for number, line in enumerate(lines)]


def pod(lines: list[str], ordinal: int, wish: str = "4", **more: Any) -> Pod:
    """A pod that answers, and shows a wish."""
    follows = " slave" in lines[ordinal]
    name = f"redis-app-{ordinal}/-/-{wish and '/'}{wish}"
    settings = {"ok": True, "link": follows, "cluster_announce_human_nodename": name, **more}
    return build.own(ordinal, mine(lines, ordinal), **settings)


def seen(
    lines: list[str] | None = None,
    *,
    wish: int | None = 4,
    counted: int | str = 0,
    at: Mapping[int, Pod] | None = None,
    target: str = "redis-app-6",
) -> Snapshot:
    """A look at all pods. `at` has other pods; `counted` are the keys that the target holds astray."""
    all_lines = lines or grown()
    text = "hold" if wish is None else str(wish)
    pods = [
        (at or {}).get(ordinal) or pod(all_lines, ordinal, text)
        for ordinal in range(len(all_lines))
    ]
    found = build.snapshot(*pods, wished=Wished(wish=Wish(wish)))
    return dataclasses.replace(found, counted=(target, counted))


def changed(some: Pod, **more: Any) -> Pod:
    """The same pod, whose node says something else of itself."""
    assert isinstance(some.node, View)
    return dataclasses.replace(some, node=dataclasses.replace(some.node, **more))


def redis(some: Pod) -> Pod:
    """The same pod with redis 8.10, if it answers."""
    return some if some.view is None else changed(some, product="redis", version=(8, 10, 2))


def all_redis(snapshot: Snapshot) -> Snapshot:
    """The same look at servers that pull."""
    return dataclasses.replace(snapshot, pods=tuple(map(redis, snapshot.pods)))


def job(state: State = State.RUNNING, **more: Any) -> Migration:
    """A migration of what moves first."""
    facts = {"job": "j", "ranges": GOING, "source_id": "n0", "target_id": "n6", "said": state.value}
    return Migration(state=state, **{**facts, **more})


def memory(used: int, limit: int, dataset: int = 0) -> Writing:
    """How full a server's memory is."""
    return Writing(memory=used, memory_limit=limit, dataset=dataset)
