"""Servers' texts into values. Nothing is guessed: a line without sense raises `MalformedError`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bootstrap.model import hostnames
from bootstrap.model.slots import Range, normalise
from bootstrap.model.snapshot import Member, OpenSlot, Version, View, Writing

_OPEN: Final = re.compile(r"\[(\d+)-([<>])-([^\]]+)\]")
"""A slot that is being moved: `[93->-ID]` leaves the node, `[77-<-ID]` comes to it."""
LIMITS: Final = ("min-replicas-to-write", "save", "stop-writes-on-bgsave-error")
"""Settings that decide whether a server takes writes (see `Writing`); a view does not keep them."""
PING_MILLISECONDS: Final = 3000
"""How long an answer of a node on the bus may take, in milliseconds. The servers wait for
cluster-node-timeout, 15 s by default; two processors that six servers fight for take one."""

_CLIENTS: Final = ("connected_clients", "connected_slaves", "cluster_connections")
"""What counts against `maxclients`: INFO leaves replicas out of the first (server.c), and links on
the bus take places too (networking.c, acceptCommonHandler)."""


class MalformedError(ValueError):
    """A reply that is not what a Redis or Valkey server says."""


def info(text: str) -> dict[str, str]:
    """`INFO` as name and value; section headings and blank lines are passed over."""
    pairs = (line.partition(":") for line in text.splitlines() if line and line[0] != "#")
    return {name: value for name, found, value in pairs if found}


def version(facts: Mapping[str, str]) -> Version:
    """The server's own version. Valkey keeps `redis_version` at 7.2.4 and says its own beside."""
    text = facts.get("valkey_version") or facts.get("redis_version", "")
    parts = text.split(".")
    try:
        return int(parts[0]), int(parts[1]), int(parts[2])
    except (IndexError, ValueError):
        raise MalformedError(f"INFO has no version: {text!r}") from None


def keys(facts: Mapping[str, str]) -> int:
    """Keys in all databases, from INFO's `dbN:keys=K,...` lines."""
    total = 0
    for name, value in facts.items():
        if _is_database(name):
            count = value.partition("keys=")[2].partition(",")[0]
            if not count.isdecimal():
                raise MalformedError(f"INFO {name} has no number of keys: {value!r}")
            total += int(count)
    return total


def writing(facts: Mapping[str, str], limits: Mapping[str, str]) -> Writing:
    """What INFO and the settings say of writes; what a server does not tell is well."""
    policy = facts.get("maxmemory_policy", "")
    mortal = any("expires=0" not in value for name, value in facts.items() if _is_database(name))
    stuck = policy == "noeviction" or (policy.startswith("volatile-") and not mortal)
    counted = int(facts.get("used_memory", "0")) - int(facts.get("mem_not_counted_for_evict", "0"))
    # Without a lag the servers ask for no replica, and say nothing of any.
    near = facts.get("min_slaves_good_slaves")
    return Writing(
        aof_failed=facts.get("aof_enabled") == "1" and facts.get("aof_last_write_status") == "err",
        rdb_failed=bool(limits.get("save")) and facts.get("rdb_last_bgsave_status") == "err",
        rdb_stops=limits.get("stop-writes-on-bgsave-error") != "no",
        memory=counted,
        memory_limit=int(facts.get("maxmemory", "0")),
        keeps=policy if stuck else "",
        replicas=int(near or "0"),
        replicas_needed=int(limits.get("min-replicas-to-write", "0")) if near is not None else 0,
    )


def _is_database(name: str) -> bool:
    """Whether a line of INFO is about the keys of a database."""
    return name.startswith("db") and name[2:].isdecimal()


def nodes(text: str) -> tuple[Member, ...]:
    """`CLUSTER NODES`, sorted by node id."""
    return tuple(
        sorted((_member(line) for line in text.splitlines() if line), key=lambda m: m.node_id)
    )


def nodes_conf(text: str) -> tuple[Member, ...]:
    """A server's nodes.conf: `CLUSTER NODES`, and a line of variables.

    Raises:
        MalformedError: where a server would refuse it, and where it was cut off in a line.

    """
    if "\0" in text:
        raise MalformedError(
            "it holds NUL bytes, as after a crash of the machine it was written on"
        )
    if not text.endswith("\n"):
        raise MalformedError("its last line is cut off")
    lines = [line for line in text.splitlines() if line.partition(" ")[0] != "vars"]
    members = nodes("\n".join(lines))
    mine = sum("myself" in member.flags for member in members)
    if mine != 1:
        raise MalformedError(f"it names {mine} nodes as myself")
    return members


def _member(line: str) -> Member:
    """ID IP:PORT@BUS[,HOSTNAME[,AUX=..]] FLAGS PRIMARY PING PONG EPOCH LINK SLOT..."""
    try:
        node_id, endpoint, flags, primary_id, _ping, _pong, rest = line.split(" ", 6)
        return _told(node_id, endpoint, flags, primary_id, rest)
    except ValueError:
        raise MalformedError(f"CLUSTER NODES has a line that makes no sense: {line!r}") from None


# All nodes of a cluster say much the same of each other. But for the times of ping and pong the
# lines are equal, and to read each once is most of what a look at sixty nodes costs.
@functools.lru_cache(maxsize=1024)
def _told(node_id: str, endpoint: str, flags: str, primary_id: str, rest: str) -> Member:
    address, port, bus_port, hostname = _endpoint(endpoint)
    epoch, link, *spans = rest.split(" ")
    return Member(
        node_id=node_id,
        address=address,
        port=port,
        bus_port=bus_port,
        hostname=hostname,
        flags=frozenset(flags.split(",")),
        primary_id=None if primary_id == "-" else primary_id,
        epoch=int(epoch),
        bus_connected=link == "connected",
        slots=normalise(_range(span) for span in spans if span and span[0] != "["),
        open_slots=tuple(_open(span) for span in spans if span.startswith("[")),
    )


def _open(word: str) -> OpenSlot:
    found = _OPEN.fullmatch(word)
    if found is None:
        raise ValueError(word)
    return OpenSlot(slot=int(found[1]), importing=found[2] == "<", peer_id=found[3])


def _endpoint(text: str) -> tuple[str, int, int, str]:
    """An IPv6 address has colons of its own: only the last one parts it from the port."""
    place, *more = text.split(",")
    place, _, bus = place.partition("@")
    address, _, port = place.rpartition(":")
    hostname = hostnames.plain(more[0]) if more else ""
    return address, int(port), int(bus or int(port) + 10000), hostname


def _range(word: str) -> Range:
    start, _, end = word.partition("-")
    return int(start), int(end or start)


def shards(reply: Sequence[Any]) -> tuple[frozenset[str], ...]:
    """`CLUSTER SHARDS`: the node ids of each shard, as RESP2's lists of names and values.

    Raises:
        MalformedError: when it is something else.

    """
    try:
        return tuple(_ids(shard) for shard in reply)
    except (KeyError, TypeError, ValueError):
        raise MalformedError(f"CLUSTER SHARDS makes no sense: {reply!r}") from None


def _ids(shard: Sequence[Any]) -> frozenset[str]:
    facts = dict(zip(shard[::2], shard[1::2], strict=True))
    nodes_of = (dict(zip(one[::2], one[1::2], strict=True)) for one in facts["nodes"])
    return frozenset(str(one["id"]) for one in nodes_of)


def links(reply: Sequence[Any]) -> tuple[frozenset[str], frozenset[str]]:
    """`CLUSTER LINKS`: ids of nodes to which there is a connection, and of those with one to here.

    A link that still dials is listed too; only one that stands is read from (`r` in its events).

    Raises:
        MalformedError: when it is something else.

    """
    to, back = set[str](), set[str]()
    try:
        for one in reply:
            facts = dict(zip(one[::2], one[1::2], strict=True))
            found = to if facts["direction"] == "to" else back
            if "r" in facts["events"]:
                found.add(str(facts["node"]))
    except (KeyError, TypeError, ValueError):
        raise MalformedError(f"CLUSTER LINKS makes no sense: {reply!r}") from None
    return frozenset(to), frozenset(back)


def _unanswered(nodes_text: str, facts: Mapping[str, str]) -> frozenset[str]:
    """Nodes whose ping has been on its way for too long, by the server's own clock."""
    now = int(facts.get("server_time_usec", "0")) // 1000
    if not now:
        return frozenset()
    lines = (line.split(" ", 6) for line in nodes_text.splitlines() if line)
    return frozenset(
        words[0] for words in lines if words[4] != "0" and now - int(words[4]) > PING_MILLISECONDS
    )


def view(
    nodes_text: str,
    info_text: str,
    cluster_info_text: str,
    settings: Mapping[str, str],
    *,
    peers_password_ok: bool,
) -> View:
    """One node's own words as a view.

    Raises:
        MalformedError: when the texts contradict themselves or are not a server's.

    """
    members, facts, cluster = nodes(nodes_text), info(info_text), info(cluster_info_text)
    me = [member for member in members if "myself" in member.flags]
    if len(me) != 1:
        raise MalformedError(f"CLUSTER NODES names {len(me)} nodes as myself")
    return View(
        node_id=me[0].node_id,
        members=members,
        state_ok=cluster.get("cluster_state") == "ok",
        keys=keys(facts),
        version=version(facts),
        product="valkey" if "valkey_version" in facts else "redis",
        run_id=facts.get("run_id", ""),
        uptime=int(facts.get("uptime_in_seconds", "0")),
        link_up=facts.get("master_link_status") == "up",
        primary_host=facts.get("master_host", ""),
        primary_port=int(facts.get("master_port", "0")),
        copying=facts.get("master_sync_in_progress") == "1",
        offset=int(facts.get("slave_repl_offset") or facts.get("master_repl_offset", "0")),
        settings=tuple(sorted(pair for pair in settings.items() if pair[0] not in LIMITS)),
        peers_password_ok=peers_password_ok,
        writing=writing(facts, settings),
        unanswered=_unanswered(nodes_text, facts),
        clients=sum(int(facts.get(name, "0")) for name in _CLIENTS),
        clients_most=int(facts.get("maxclients", "0")),
    )
