"""A server's replies as a view: INFO, the settings, and the cluster as the server sees it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

from bootstrap.model.view import Version, View, Writing
from bootstrap.redis import parse

SETTINGS: Final = (
    "availability-zone",
    "bind",
    "cluster-announce-bus-port",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
    "cluster-announce-ip",
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-node-timeout",
    "cluster-ping-interval",
    "cluster-port",
    "protected-mode",
    "repl-diskless-load",
    "repl-diskless-sync-delay",
    "repl-diskless-sync-max-replicas",
)
"""Settings that a view holds. A server's answer lacks those that it does not know."""
CERTIFICATE: Final = "tls-cert-file"
"""A further setting that a view holds, with TLS only."""
MOVING: Final = ("cluster-allow-replica-migration",)
"""Further settings that a view holds, if a number of shards may be wished."""
LIMITS: Final = ("min-replicas-to-write", "save", "stop-writes-on-bgsave-error")
"""Settings that decide whether a server takes writes (see `Writing`); a view does not hold them."""
PING_MILLISECONDS: Final = 3000
"""Milliseconds after which a missing answer to a ping on the bus counts. Servers wait for
cluster-node-timeout, 15 s by default. Six servers that share two processors take 1 s."""

_PORTS: Final = (7, 0, 0)
"""Since this version a server's own line follows its settings for announced ports (cluster.c,
clusterUpdateMyselfAnnouncedPorts)."""
_CLIENTS: Final = ("connected_clients", "connected_slaves", "cluster_connections")
"""Fields of INFO that count against `maxclients`: the first does not include replicas (server.c),
and links on the bus count too (networking.c, acceptCommonHandler)."""

_EXPIRED: Final = ("expired_keys", "rdb_last_load_keys_expired")
"""Fields of INFO for keys that have expired: in memory, and while a dump was read."""
_COPIES: Final = ("sync_full", "sync_partial_ok")
"""Fields of INFO for copies given to replicas: whole ones, and what one lacked."""


def info(text: str) -> dict[str, str]:
    """Parse `INFO` into names and values; section headings and blank lines are skipped."""
    pairs = (line.partition(":") for line in text.splitlines() if line and line[0] != "#")
    return {name: value for name, found, value in pairs if found}


def product(facts: Mapping[str, str]) -> Literal["redis", "valkey"]:
    """Return which server this is: `redis` or `valkey`. Only Valkey has `valkey_version`."""
    return "valkey" if "valkey_version" in facts else "redis"


def version(facts: Mapping[str, str]) -> Version:
    """Return the server's version. Valkey has it in `valkey_version`; its `redis_version` is 7.2.4.

    Raises:
        MalformedError: when INFO has no version.

    """
    text = facts.get("valkey_version") or facts.get("redis_version", "")
    parts = text.split(".")
    try:
        return int(parts[0]), int(parts[1]), int(parts[2])
    except (IndexError, ValueError):
        raise parse.MalformedError(f"INFO has no version: {text!r}") from None


def now(facts: Mapping[str, str]) -> float:
    """Return the server's time, in seconds since 1970; 0 if INFO does not have it."""
    return int(facts.get("server_time_usec", "0")) / 1_000_000


def keys(facts: Mapping[str, str]) -> int:
    """Return the number of keys in all databases, from INFO's lines `dbN:keys=K,...`.

    Raises:
        MalformedError: when such a line has no number.

    """
    total = 0
    for name, value in facts.items():
        if _is_database(name):
            count = value.partition("keys=")[2].partition(",")[0]
            if not count.isdecimal():
                raise parse.MalformedError(f"INFO {name} has no number of keys: {value!r}")
            total += int(count)
    return total


def lasting(facts: Mapping[str, str]) -> int:
    """Return the number of keys without a time to live, from the same lines as `keys`."""
    mortal = (
        int(value.partition("expires=")[2].partition(",")[0] or "0")
        for name, value in facts.items()
        if _is_database(name)
    )
    return keys(facts) - sum(mortal)


def writing(facts: Mapping[str, str], limits: Mapping[str, str]) -> Writing:
    """Return what INFO and the settings in `LIMITS` say about writes; missing values mean no fault.

    `facts` is the parsed INFO.
    """
    policy = facts.get("maxmemory_policy", "")
    mortal = any("expires=0" not in value for name, value in facts.items() if _is_database(name))
    stuck = policy == "noeviction" or (policy.startswith("volatile-") and not mortal)
    counted = int(facts.get("used_memory", "0")) - int(facts.get("mem_not_counted_for_evict", "0"))
    # Without min-replicas-max-lag a server needs no replica, and INFO lacks this line.
    near = facts.get("min_slaves_good_slaves")
    return Writing(
        aof_failed=facts.get("aof_enabled") == "1" and facts.get("aof_last_write_status") == "err",
        rdb_failed=bool(limits.get("save")) and facts.get("rdb_last_bgsave_status") == "err",
        rdb_stops=limits.get("stop-writes-on-bgsave-error") != "no",
        memory=counted,
        dataset=int(facts.get("used_memory_dataset", "0")),
        memory_limit=int(facts.get("maxmemory", "0")),
        keeps=policy if stuck else "",
        replicas=int(near or "0"),
        replicas_needed=int(limits.get("min-replicas-to-write", "0")) if near is not None else 0,
    )


def _former(facts: Mapping[str, str]) -> str:
    """Return `master_replid2`; empty if it is all zeros, as it is without a former stream."""
    found = facts.get("master_replid2", "")
    return found if found.strip("0") else ""


def _is_database(name: str) -> bool:
    """Whether a field of INFO is about the keys of a database."""
    return name.startswith("db") and name[2:].isdecimal()


def _unanswered(nodes_text: str, facts: Mapping[str, str]) -> frozenset[str]:
    """Return ids of nodes that have not answered a ping in time, by the server's own clock."""
    milliseconds = int(now(facts) * 1000)
    if not milliseconds:
        return frozenset()
    lines = (line.split(" ", 6) for line in nodes_text.splitlines() if line)
    return frozenset(
        words[0]
        for words in lines
        if words[4] != "0" and milliseconds - int(words[4]) > PING_MILLISECONDS
    )


def view(
    nodes_text: str,
    facts: Mapping[str, str],
    cluster: Mapping[str, str],
    settings: Mapping[str, str],
    *,
    peers_password_ok: bool,
) -> View:
    """Return one server's replies as a view.

    `facts` and `cluster` are the parsed INFO and CLUSTER INFO. `peers_password_ok` says whether
    masterauth and masteruser are the sidecar's own login.

    Raises:
        MalformedError: when the texts contradict each other, or no server writes them.

    """
    members = parse.nodes(nodes_text)
    me = [member for member in members if "myself" in member.flags]
    if len(me) != 1:
        raise parse.MalformedError(f"CLUSTER NODES names {len(me)} nodes as myself")
    return View(
        node_id=me[0].node_id,
        members=members,
        state_ok=cluster.get("cluster_state") == "ok",
        keys=keys(facts),
        lasting=lasting(facts),
        expired=sum(int(facts.get(name, "0")) for name in _EXPIRED),
        version=version(facts),
        product=product(facts),
        run_id=facts.get("run_id", ""),
        uptime=int(facts.get("uptime_in_seconds", "0")),
        link_up=facts.get("master_link_status") == "up",
        primary_host=facts.get("master_host", ""),
        primary_port=int(facts.get("master_port", "0")),
        copying=facts.get("master_sync_in_progress") == "1",
        offset=int(facts.get("slave_repl_offset") or facts.get("master_repl_offset", "0")),
        replication_id=facts.get("master_replid", ""),
        former_replication_id=_former(facts),
        copies_given=sum(int(facts.get(name, "0")) for name in _COPIES),
        settings=tuple(sorted(pair for pair in settings.items() if pair[0] not in LIMITS)),
        peers_password_ok=peers_password_ok,
        writing=writing(facts, settings),
        unanswered=_unanswered(nodes_text, facts),
        clients=sum(int(facts.get(name, "0")) for name in _CLIENTS),
        clients_most=int(facts.get("maxclients", "0")),
        trimming=cluster.get("cluster_slot_migration_active_trim_running", "0") != "0",
        libraries=int(facts.get("number_of_libraries", "0")),
    )


def with_ports(seen: View, port: int) -> View:
    """Return the view with the ports at which the server listens in its own line.

    Before 7.0 that line keeps the ports that the server announced at its start (`clusterInit`),
    whatever CONFIG SET says since. Other nodes hear the present ones. `port` is the client port;
    the bus is 10000 above it there.
    """
    if seen.version >= _PORTS:
        return seen
    mine = dataclasses.replace(seen.myself, port=port, bus_port=port + 10000)
    members = (mine if one.node_id == seen.node_id else one for one in seen.members)
    old = seen.myself.port if seen.myself.port != port else 0
    return dataclasses.replace(seen, members=tuple(members), old_port=old)


def settings_only(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that a view is made from, without any password."""
    known = (*SETTINGS, *MOVING, *LIMITS, CERTIFICATE)
    return {name: settings[name] for name in known if name in settings}
