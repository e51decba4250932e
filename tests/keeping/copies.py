"""A set whose volumes are copies of another set's, beside it in one network and one DNS."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any, Final

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import pod, sets

NODE_TIMEOUT: Final = 3000
"""Of the servers, in ms, so that an original that was mixed up need not be waited for long."""
ORIGINAL: Final = "redis-app.redis-service.default.svc.cluster.local"
WORD: Final = {"BOOTSTRAP_ADOPT": ORIGINAL}


def take_snapshot(one: pod.Pod, other: pod.Pod) -> None:
    """Make the volume of a pod that does not run a copy of another's, as it is now."""
    one.wipe()
    one.data.rmdir()
    # A server replaces files while they are copied; what it is still writing is no part of it.
    ignore = shutil.ignore_patterns("temp-*", "nodes.conf.tmp*", "nodes.conf-*")
    shutil.copytree(other.data, one.data, ignore=ignore)


@contextlib.contextmanager
def restored(app: sets.LocalStatefulSet, **more: Any) -> Iterator[sets.LocalStatefulSet]:
    """The set that a backup was restored as, in another namespace; nothing runs in it yet."""
    config = {"appendonly": "yes", "appendfsync": "always", "cluster-node-timeout": NODE_TIMEOUT}
    wanted: dict[str, Any] = {
        "namespace": "staging",
        "names": app.names,
        "server_config": config | more.pop("settings", {}),
        "sidecar_env": {"BOOTSTRAP_NODE_TIMEOUT": str(NODE_TIMEOUT)},
        **more,
    }
    with (
        sets.LocalStatefulSet(len(app.pods), app.server, **wanted) as copy,
        forming.told(copy),
    ):
        for one, other in zip(copy.pods, app.pods, strict=True):
            take_snapshot(one, other)
        yield copy


@contextlib.contextmanager
def original(name: str, **more: Any) -> Iterator[sets.LocalStatefulSet]:
    """A formed cluster with keys."""
    config = {"cluster-node-timeout": NODE_TIMEOUT}
    env = {"BOOTSTRAP_NODE_TIMEOUT": str(NODE_TIMEOUT)}
    with keeping.formed(name, server_config=config, sidecar_env=env, **more) as app:
        yield app


def readiness(app: sets.LocalStatefulSet) -> set[int]:
    """What the sidecars of a set say when they are asked for readiness."""
    return {forming.answers(one)[0] for one in app.pods}
