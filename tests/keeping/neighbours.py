"""Two StatefulSets beside each other, whose pods come back at each other's addresses."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import redis.exceptions

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import needs, pod, servers, sets

_BY_ID: Final = "facts.pod_by_id.get(member.node_id)\n        if pod is None or pod.view is None"
CHECKS: Final = (
    (
        "model/proof.py",
        "    said = view.setting(",
        "    return Proof.OURS\n    said = view.setting(",
    ),
    (
        "plan/moved.py",
        "    return apart(facts, view) or not mutual(facts, view)",
        "    return False",
    ),
    ("plan/rules.py", '    Rule("split", _no_look, split.split),\n', ""),
    # The id of the node that answers, against which each is checked last.
    ("plan/moved.py", _BY_ID, _BY_ID.replace("pod_by_id.get(member.node_id)", "pod_named(member)")),
    # The last door stops what the rules let through.
    ("plan/rules.py", "safety.checked(facts, unwritable", "(unwritable"),
)
"""What keeps two clusters apart when a name leads astray, each with what stands there without."""


@contextlib.contextmanager
def both(
    name: str, *, passwords: bool, shared: bool = False
) -> Iterator[tuple[sets.LocalStatefulSet, sets.LocalStatefulSet]]:
    """Two formed clusters of six, in one namespace and one DNS, with keys of their own.

    With passwords each has another, or both the same, which their servers are not told for
    logging in to each other: their sidecars do that. Without, nothing keeps a replica that starts
    from copying whoever answers where its primary was: replication asks for no node id.
    """
    with (
        keeping.formed(
            name, **_password("both" if shared else "app", wanted=passwords, told=not shared)
        ) as app,
        keeping.formed(
            name,
            name="db",
            service="db-service",
            names=app.names,
            **_password("both" if shared else "db", wanted=passwords, told=not shared),
        ) as db,
    ):
        keeping.write(db, "db")
        yield app, db


@contextlib.contextmanager
def beside(name: str, size: int) -> Iterator[tuple[sets.LocalStatefulSet, sets.LocalStatefulSet]]:
    """A formed cluster of six, and so many servers of another set in its DNS, in no cluster."""
    with (
        keeping.formed(name) as app,
        sets.LocalStatefulSet(
            size, needs.server(name), name="db", service="db-service", names=app.names
        ) as db,
    ):
        db.start_servers()
        yield app, db


def _password(secret: str, *, wanted: bool, told: bool) -> dict[str, Any]:
    if not wanted:
        return {}
    return {
        "server_config": {"requirepass": secret, "repl-diskless-sync-delay": 0}
        | ({"masterauth": secret} if told else {}),
        "sidecar_env": {"BOOTSTRAP_REDIS_PASSWORD": secret},
    }


def exchange(some: Sequence[pod.Pod], others: Sequence[pod.Pod]) -> None:
    """Let stopped pods have each other's addresses."""
    for one, other in zip(some, others, strict=True):
        here, there = one.address, other.address
        one.move(there)
        other.move(here)


def stale(app: sets.LocalStatefulSet, seconds: float) -> None:
    """Let DNS go on saying for so long where the pods are now."""
    for one in app.pods:
        app.names.stale(one.name, app.spec.service, app.spec.namespace, seconds=seconds)


def start(app: sets.LocalStatefulSet, *, python_path: Path | None = None) -> None:
    """Start all pods as a kubelet does, the sidecar first, with this code in place of ours."""
    env = {"PYTHONPATH": str(python_path)} if python_path else {}
    # With -P the folder in which it starts, which is ours, does not come first.
    command = (sys.executable, "-P", "-m", "bootstrap") if python_path else None
    for one in app.pods:
        one.start_sidecar(env=env, command=command)
        one.start_server()
    for one in app.pods:
        one.wait_server_up()


def mislead(
    app: sets.LocalStatefulSet, db: sets.LocalStatefulSet, seconds: float, *, python_path: Path
) -> None:
    """Let two sets exchange their addresses, and DNS be stale for so long; with other code."""
    keeping.down(app, app.pods, moved=False)
    keeping.down(db, db.pods, moved=False)
    for one in (app, db):
        stale(one, seconds)
    exchange(app.pods, db.pods)
    start(app, python_path=python_path)
    start(db, python_path=python_path)


def ids(app: sets.LocalStatefulSet) -> frozenset[str]:
    """The ids of a set's own nodes."""
    return frozenset(one.node_id() for one in app.pods)


def known(one: pod.Pod) -> frozenset[str]:
    """Whom a node really knows: a handshake is nobody yet."""
    lines = one.cluster_nodes().splitlines()
    return frozenset(line.split()[0] for line in lines if "handshake" not in line)


def keys(app: sets.LocalStatefulSet) -> int:
    """How many keys the primaries of a set hold."""
    return sum(int(one.ask("DBSIZE")) for one in app.pods if keeping.role(one) == "master")


def primaries_fewer(some: Sequence[pod.Pod], number: int) -> bool:
    """Whether all of these pods answer, and less than so many say that they are primaries."""
    try:
        return sum(keeping.role(one) == "master" for one in some) < number
    except redis.exceptions.RedisError:  # a server that copies another's data is busy with it
        return False


def keys_fewer(some: Sequence[pod.Pod], before: frozenset[str]) -> bool:
    """Whether all of these pods answer, and of the keys before some are nowhere."""
    try:
        return names_of_keys(some) < before
    except redis.exceptions.RedisError:
        return False


def names_of_keys(some: Sequence[pod.Pod]) -> frozenset[str]:
    """The names of all keys that any of these pods holds."""
    names: set[str] = set()
    for one in some:
        with one.client(decode_responses=True) as client:
            names.update(client.keys())
    return frozenset(names)


def wrong_primary(app: sets.LocalStatefulSet, pattern: str) -> Iterator[str]:
    """Pods that hold keys of this pattern."""
    for one in app.pods:
        with contextlib.suppress(redis.exceptions.ConnectionError):  # while it loads
            if one.ask("KEYS", pattern):
                yield one.name


def assert_themselves(app: sets.LocalStatefulSet, db: sets.LocalStatefulSet) -> None:
    """Both sets have exactly their own nodes and keys."""
    assert not keeping.missing_keys(app)
    assert not keeping.missing_keys(db)
    assert not keeping.missing_keys(db, "db")
    assert (keys(app), keys(db)) == (keeping.KEYS, 2 * keeping.KEYS)
    assert not {entry for one in app.pods for entry in known(one)} & ids(db)
    assert not {entry for one in db.pods for entry in known(one)} & ids(app)
    assert not any(_blocks(one) for one in (*app.pods, *db.pods))


def _blocks(one: pod.Pod) -> list[object]:
    return [plan for plan in forming.events(one, "plan") if "blocked" in plan]


def without_checks(folder: Path) -> Path:
    """A copy of bootstrap that takes every node for whose name leads to it; its folder."""
    shutil.copytree(servers.REPOSITORY / "bootstrap", folder / "bootstrap")
    for file, check, instead in CHECKS:
        path = folder / "bootstrap" / file
        text = path.read_text()
        assert text.count(check) == 1, f"{file} has changed: {check}"
        path.write_text(text.replace(check, instead))
    return folder
