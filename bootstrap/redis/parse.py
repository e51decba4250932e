"""Servers' texts as values. Nothing is guessed: an invalid line raises `MalformedError`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bootstrap.model import hostnames
from bootstrap.model.migration import Migration, State
from bootstrap.model.slots import Range, normalise
from bootstrap.model.view import Member, OpenSlot

_OPEN: Final = re.compile(r"\[(\d+)-([<>])-([^\]]+)\]")
"""A slot that is being moved: `[93->-ID]` from the node, `[77-<-ID]` to the node."""


class MalformedError(ValueError):
    """A text that no Redis or Valkey server writes."""


def nodes(text: str) -> tuple[Member, ...]:
    """Parse `CLUSTER NODES`; the members are sorted by node id.

    Raises:
        MalformedError: when a line is invalid.

    """
    return tuple(
        sorted((_member(line) for line in text.splitlines() if line), key=lambda m: m.node_id)
    )


def nodes_conf(text: str) -> tuple[Member, ...]:
    """Parse a server's nodes.conf: the lines of `CLUSTER NODES`, and a line of variables.

    Raises:
        MalformedError: when a server would refuse the file, and when its last line is cut off.

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
    """Parse ID IP:PORT@BUS[,HOSTNAME[,AUX=..]] FLAGS PRIMARY PING PONG EPOCH LINK SLOT..."""
    try:
        node_id, endpoint, flags, primary_id, _ping, _pong, rest = line.split(" ", 6)
        return _told(node_id, endpoint, flags, primary_id, rest)
    except ValueError:
        raise MalformedError(f"CLUSTER NODES has a line that makes no sense: {line!r}") from None


# The nodes of a cluster have the same lines about each other, except for the times of ping and
# pong. To parse each line is most of the cost of a look at sixty nodes, so results are kept.
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
    """Parse IP:PORT@BUS[,HOSTNAME[,AUX=..]]. In an IPv6 address only the last colon ends it."""
    place, *more = text.split(",")
    place, _, bus = place.partition("@")
    address, _, port = place.rpartition(":")
    hostname = hostnames.plain(more[0]) if more else ""
    return address, int(port), int(bus or int(port) + 10000), hostname


def _range(word: str) -> Range:
    start, _, end = word.partition("-")
    return int(start), int(end or start)


def shards(reply: Sequence[Any]) -> tuple[frozenset[str], ...]:
    """Parse `CLUSTER SHARDS` in RESP2, lists of names and values, into node ids by shard.

    Raises:
        MalformedError: when the reply has another form.

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
    """Parse `CLUSTER LINKS` in RESP2: ids of nodes with a link from here, and with one to here.

    A link that is not connected yet is listed too. Only a connected link is read from (`r` in its
    events).

    Raises:
        MalformedError: when the reply has another form.

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


def keys_in_slots(reply: Sequence[Any]) -> int:
    """Parse `CLUSTER SLOT-STATS SLOTSRANGE` in RESP2 into the number of keys in all these slots.

    Raises:
        MalformedError: when the reply has another form.

    """
    try:
        facts = (dict(zip(one[::2], one[1::2], strict=True)) for _, one in reply)
        return sum(int(one["key-count"]) for one in facts)
    except (KeyError, TypeError, ValueError):
        raise MalformedError("CLUSTER SLOT-STATS makes no sense") from None


_ENDED: Final = {
    # GETSLOTMIGRATIONS of valkey
    "success": State.DONE,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
    # MIGRATION STATUS of redis
    "completed": State.DONE,
    "canceled": State.CANCELLED,
}
"""The servers' words for a migration that has ended. With all others it runs."""


def migrations(reply: Sequence[Any], now: float) -> tuple[Migration, ...]:
    """Parse `CLUSTER GETSLOTMIGRATIONS`, or `CLUSTER MIGRATION STATUS ALL`, in RESP2.

    `now` is the server's time, in seconds since 1970.

    Raises:
        MalformedError: when the reply has another form.

    """
    try:
        pairs = (dict(zip(one[::2], one[1::2], strict=True)) for one in reply)
        return tuple(_migration(one, now) for one in pairs)
    except (KeyError, TypeError, ValueError):
        raise MalformedError(f"the list of slot migrations makes no sense: {reply!r}") from None


def _migration(said: Mapping[str, Any], now: float) -> Migration:
    pushed = "slot_ranges" in said
    state = _ENDED.get(str(said["state"]), State.RUNNING)
    second = 1 if pushed else 1000  # valkey has seconds, redis milliseconds
    began = int(said["create_time"]) / second
    ended = int(said.get("last_update_time" if pushed else "end_time", 0)) / second
    ranges = str(said["slot_ranges" if pushed else "slots"])
    return Migration(
        job=str(said["name" if pushed else "id"]),
        ranges=normalise(_range(span) for span in ranges.split()),
        # A replica of valkey repeats its primary's list, and does not know the nodes.
        source_id=str(said.get("source_node", "") if pushed else said["source"]),
        target_id=str(said.get("target_node", "") if pushed else said["dest"]),
        state=state,
        said=str(said["state"]),
        message=str(said["message" if pushed else "last_error"]),
        seconds=max(0.0, now - began),
        took=0.0 if state is State.RUNNING else max(0.0, ended - began),
        left=int(said.get("remaining_repl_size", 0)),
        retries=int(said.get("retries", 0)),
    )
