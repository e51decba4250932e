"""Values for tests of the core. What no server and no look could ever yield is refused here."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import hypothesis

from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod, Scope, Snapshot, Trouble, Unreachable
from bootstrap.model.timers import Timers
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.model.wish import UNSTATED, Wished
from bootstrap.redis import views
from tests.simulator import bits
from tests.simulator.products import PRODUCTS

SUBDOMAIN: Final = "redis-service.default.svc.cluster.local"
NEWEST: Final = "valkey-9.1"
ANYWHERE: Final = hypothesis.settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
"""For Hypothesis on a busy machine: always the same examples, however long they take."""
FOUND: Final = Name(state="found", addresses=())


LIMITS: Final = {
    "min-replicas-to-write": "0",
    "save": "3600 1 300 100 60 10000",
    "stop-writes-on-bgsave-error": "yes",
}
FULL: Final = ("used_memory:1100", "maxmemory:1000")
WRITES: Final[dict[str, tuple[list[str], dict[str, str]]]] = {
    "": ([], {}),
    "aof-failed": (["aof_enabled:1", "aof_last_write_status:err"], {}),
    "aof-off": (["aof_enabled:0", "aof_last_write_status:err"], {}),
    "rdb-failed": (["rdb_last_bgsave_status:err"], {}),
    "rdb-goes-on": (["rdb_last_bgsave_status:err"], {"stop-writes-on-bgsave-error": "no"}),
    "rdb-by-hand": (["rdb_last_bgsave_status:err"], {"save": ""}),
    "memory-full": (
        [*FULL, "mem_not_counted_for_evict:10", "maxmemory_policy:noeviction"],
        {},
    ),
    "nothing-to-evict": (
        [*FULL, "maxmemory_policy:volatile-lru"],
        {},
    ),
    "evicts": ([*FULL, "maxmemory_policy:allkeys-lru"], {}),
    "replicas-missing": (["min_slaves_good_slaves:0"], {"min-replicas-to-write": "1"}),
    "replicas-near": (["min_slaves_good_slaves:1"], {"min-replicas-to-write": "1"}),
}
"""What INFO and the settings say of writes, by the names that scenarios have for it."""


class ImpossibleError(AssertionError):
    """A test describes what cannot be."""


def topology(me: int = 0, size: int | None = 6, **more: Any) -> Topology:
    """Pod `me` of `redis-app`, six pods in three shards unless said otherwise."""
    defaults = {"statefulset": "redis-app", "subdomain": SUBDOMAIN, "address": address(me)}
    return Topology(ordinal=me, size=size, **{**defaults, **more})


def address(ordinal: int) -> str:
    """The address of a pod, where nothing else is said."""
    return f"10.0.0.{10 + ordinal}"


def hostname(ordinal: int) -> str:
    """A pod's name in full."""
    return f"redis-app-{ordinal}.{SUBDOMAIN}"


def line(ordinal: int, flags: str = "master", primary: str = "-", slots: str = "") -> str:
    """How a node's line in CLUSTER NODES looks; its id is `n0`, `n1`, ..."""
    where = f"{address(ordinal)}:6379@16379,{hostname(ordinal)}"
    return f"n{ordinal} {where} {flags} {primary} 0 0 {ordinal + 1} connected {slots}".strip()


def blank(ordinal: int) -> str:
    """A new node's only line."""
    where = f"{address(ordinal)}:6379@16379,{hostname(ordinal)}"
    return f"n{ordinal} {where} myself,master - 0 0 0 connected"


def all_lines(me: int, size: int = 6, shards: int = 3) -> list[str]:
    """What each node of a formed cluster says: primaries first, then their replicas in turn."""
    lines = []
    for ordinal in range(size):
        mine = "myself," * (ordinal == me)
        if ordinal < shards:
            first, last = ordinal * bits.SLOTS // shards, (ordinal + 1) * bits.SLOTS // shards - 1
            lines.append(line(ordinal, f"{mine}master", slots=f"{first}-{last}"))
        else:
            lines.append(line(ordinal, f"{mine}slave", f"n{(ordinal - shards) % shards}"))
    return lines


def view(
    nodes: list[str] | str,
    *,
    ok: bool = False,
    keys: int = 0,
    link: bool = False,
    follows: str = "",
    copying: bool = False,
    uptime: int = 60,
    server: str = NEWEST,
    password_ok: bool = True,
    certificate: str = "",
    shards: str = "",
    writes: str = "",
    **settings: str | None,
) -> View:
    """What a server says. Settings as keywords, `_` for `-`; None takes one away.

    Its own sidecar has told it already when to begin a copy, if it can be told. `follows` is where replication dials: its primary's address unless said otherwise. `shards` as
    in `n0+n3/n1+n4`.
    """
    product = PRODUCTS[server]
    known: dict[str, str] = dict(product.settings)
    known |= {"repl-diskless-sync-max-replicas": "1"} if product.names else {}
    for name, value in settings.items():
        key = name.replace("_", "-")
        if value is None:
            known.pop(key)
        elif key in known:
            known[key] = value
    if certificate:  # `old` or `new`; without one the server does not speak TLS
        known["tls-cert-file"] = "/tls/tls.crt"
    text = nodes if isinstance(nodes, str) else "\n".join(nodes)
    about, limits = WRITES[writes]
    info = [f"redis_version:{product.version}", f"uptime_in_seconds:{uptime}"]
    if product.kind == "valkey":
        info = ["redis_version:7.2.4", f"valkey_version:{product.version}", info[1]]
    info += about
    info += [f"db0:keys={keys},expires=0"] * bool(keys)
    if "myself,slave" in text:
        info += [
            f"master_host:{follows or _primary_of(text)}",
            "master_port:6379",
            f"master_link_status:{'up' if link else 'down'}",
            f"master_sync_in_progress:{copying:d}",
        ]
    found = views.view(
        text,
        views.info("\n".join(info)),
        {"cluster_state": "ok" if ok else "fail"},
        known | LIMITS | limits,
        peers_password_ok=password_ok,
    )
    together = tuple(frozenset(ids.split("+")) for ids in shards.split("/") if ids)
    return possible(
        dataclasses.replace(found, shards=together, certificate_old=certificate == "old")
    )


def _primary_of(text: str) -> str:
    """Where CLUSTER NODES says that the node's primary is."""
    lines = {line.split()[0]: line.split() for line in text.splitlines()}
    mine = next(line for line in lines.values() if "myself" in line[2])
    primary = lines.get(mine[3])
    return primary[1].partition(",")[0].rpartition(":")[0] if primary else ""


def possible(said: View) -> View:
    """Refuse what contradicts itself."""
    owned = 0
    for member in said.members:
        slots = bits.of(member.slots)
        if owned & slots:
            raise ImpossibleError(f"slots have two owners: {member}")
        owned |= slots
        if member.is_replica and (slots or member.primary_id is None):
            raise ImpossibleError(f"a replica with slots, or without a primary: {member}")
        if member.handshake and (slots or member is said.myself):
            raise ImpossibleError(f"a handshake is not a node yet: {member}")
    return said


def pod(
    ordinal: int,
    node: View | str | None = None,
    *,
    at: str | None = None,
    resolved: Name = FOUND,
) -> Pod:
    """A pod: with a view, or with the trouble that it has, or with nothing behind its name."""
    if isinstance(node, str):
        said: View | Unreachable | None = Unreachable(trouble=Trouble(node), reason=f"it is {node}")
    else:
        said = node
    return Pod(
        name=f"redis-app-{ordinal}",
        ordinal=ordinal,
        hostname=hostname(ordinal),
        resolved=resolved,
        address=at or (address(ordinal) if node is not None else None),
        node=said,
    )


def own(ordinal: int, nodes: list[str] | str | None = None, **more: Any) -> Pod:
    """A pod whose sidecar has told its node who and where it is; blank unless lines are given."""
    names = {
        "cluster_announce_hostname": hostname(ordinal),
        "cluster_announce_human_nodename": f"redis-app-{ordinal}/-/-",
        "cluster_announce_ip": address(ordinal),
    }
    lines = blank(ordinal) if nodes is None else nodes
    return pod(ordinal, view(lines, **{**names, **more}))


def snapshot(
    *pods: Pod,
    scope: Scope = Scope.ALL,
    listed: bool = True,
    wished: Wished = UNSTATED,
    **timers: Any,
) -> Snapshot:
    """A look. A local one shows one pod, and one at the seed two at most."""
    if len(pods) > {Scope.LOCAL: 1, Scope.SEED: 2}.get(scope, len(pods)):
        raise ImpossibleError("more pods than were looked at")
    if len({one.name for one in pods}) != len(pods):
        raise ImpossibleError("a pod twice")
    return Snapshot(scope=scope, pods=pods, listed=listed, wished=wished, timers=Timers(**timers))
