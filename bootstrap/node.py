"""One Redis: read it into a view, or ask something of it. The only importer of redis.

Nothing is retried here: the loop looks again soon enough. Every wait has a deadline.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import redis.asyncio.connection as connections
import redis.backoff
import redis.exceptions
from redis.asyncio.retry import Retry

from bootstrap import secret
from bootstrap.core import actions, parse
from bootstrap.core.model import Trouble, Unreachable, View

#: Settings that a view holds. Those that a server does not know are missing from its answer.
SETTINGS = (
    "availability-zone",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
    "cluster-announce-ip",
    "cluster-node-timeout",
    "cluster-ping-interval",
    "repl-diskless-load",
    "repl-diskless-sync-delay",
    "repl-diskless-sync-max-replicas",
)
_PEERS_PASSWORD = ("masterauth", "masteruser")
#: CONFIG GET and CONFIG SET of several settings at once, since redis 7.0 (config.c).
_MANY = (7, 0, 0)
#: The oldest server that is supported.
OLDEST = (6, 2, 0)

Command = tuple[str | bytes | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to be let in, the same for every node of the cluster."""

    credentials: secret.Credentials
    tls: ssl.SSLContext | None = None
    #: Seconds for one exchange, connecting included.
    timeout: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A server's answer that is not OK. A value: the loop looks again and plans anew."""

    reason: str


class Node:
    """A lasting connection to one address. `hostname` is what a TLS certificate must name."""

    def __init__(self, address: str, port: int, access: Access, hostname: str = "") -> None:
        """Connect to nothing yet."""
        self.address = address
        self._port = port
        self._access = access
        self._hostname = hostname or address
        self._connection: connections.Connection | None = None
        self._many = False
        self._turn = asyncio.Lock()

    async def read(self, *, shards: bool = False) -> View | Unreachable:
        """Everything that a view holds, in one pipeline; or why not, naming what was seen.

        With `shards` also which nodes the server counts to which shard, if it can tell.
        """
        try:
            async with self._turn, asyncio.timeout(self._access.timeout):
                return await self._read(shards=shards)
        except (redis.exceptions.RedisError, OSError, TimeoutError, ValueError) as error:
            await self.close()
            return self._unreachable(error)
        except asyncio.CancelledError:
            await self.close()  # with replies on their way it is of no use any more
            raise
        except secret.PasswordFileError as error:
            return Unreachable(trouble=Trouble.PASSWORD, reason=str(error))

    async def do(self, wanted: Sequence[actions.Action]) -> tuple[Refused | None, ...]:
        """Send the actions' commands in one pipeline; None for each that was accepted."""
        try:
            commands = [self._commands(action) for action in wanted]
            async with self._turn, asyncio.timeout(self._access.timeout):
                replies = await self._exchange([one for some in commands for one in some])
        except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
            await self.close()
            return (Refused(reason=self._unreachable(error).reason),) * len(wanted)
        except secret.PasswordFileError as error:
            return (Refused(reason=str(error)),) * len(wanted)
        results: list[Refused | None] = []
        for some in commands:
            mine, replies = replies[: len(some)], replies[len(some) :]
            faults = [reply for reply in mine if isinstance(reply, Exception)]
            results.append(Refused(reason=self._hidden(faults[0])) if faults else None)
        return tuple(results)

    async def close(self) -> None:
        """End the connection. The next exchange makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def source_address(self) -> str | None:
        """Our own address on the way to this node; None when there is no way."""
        try:
            async with asyncio.timeout(self._access.timeout):
                _, writer = await asyncio.open_connection(self.address, self._port)
        except (OSError, TimeoutError):
            return None
        name = writer.get_extra_info("sockname")
        writer.close()
        return str(name[0])

    async def _read(self, *, shards: bool) -> View:
        names = (*SETTINGS, *_PEERS_PASSWORD)
        asked: list[Command] = [("CONFIG", "GET", *names)]
        if not self._many:
            asked = [("CONFIG", "GET", name) for name in names]
        sections = ("server", "persistence", "replication", "keyspace") if self._many else ()
        texts: list[Command] = [("INFO", *sections), ("CLUSTER", "INFO"), ("CLUSTER", "NODES")]
        asked += [("CLUSTER", "SHARDS")] * shards
        info, cluster, nodes, *found = await self._exchange(texts + asked)
        together = found.pop() if shards else []
        for reply in (info, cluster, nodes, *found):
            if isinstance(reply, Exception):
                raise reply
        if not (
            all(isinstance(text, str) for text in (info, cluster, nodes))
            and all(isinstance(pairs, list) for pairs in found)
        ):
            raise parse.MalformedError("replies are of other types than a server's")
        facts = parse.info(info)
        self._many = parse.version(facts) >= _MANY
        if parse.version(facts) < OLDEST:
            raise UnsupportedError(".".join(map(str, parse.version(facts))))
        if facts.get("loading") == "1":
            # Valkey answers CLUSTER NODES even then, and with no slots and few keys looks new.
            raise redis.exceptions.BusyLoadingError
        settings = {
            name: value
            for pairs in found
            for name, value in zip(pairs[::2], pairs[1::2], strict=True)
        }
        seen = parse.view(
            nodes, info, cluster, settings_only(settings), peers_password_ok=self._same(settings)
        )
        # Not before redis 7.0, and not without the right to ask: then there is less to go by.
        known = isinstance(together, list)
        return dataclasses.replace(seen, shards=parse.shards(together)) if known else seen

    def _same(self, settings: Mapping[str, str]) -> bool:
        """Whether the server's password towards its peers is ours. The values end here."""
        credentials = self._access.credentials
        return settings.get("masterauth", "") == (credentials.current() or "") and settings.get(
            "masteruser", ""
        ) == (credentials.username or "")

    async def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        """One reply for each command; a server's refusal of one is an exception among them.

        Raises:
            redis.exceptions.RedisError, OSError: when the connection is of no use any more.

        """
        connection = await self._connected()
        await connection.send_packed_command(connection.pack_commands(commands))
        replies: list[Any] = []
        for _ in commands:
            try:
                replies.append(await connection.read_response())
            except redis.exceptions.ResponseError as error:
                replies.append(error)
        return replies

    async def _connected(self) -> connections.Connection:
        """The connection, made if need be; with a password read again, should the old one fail."""
        if self._connection is None:
            connection = self._new()
            try:
                await connection.connect()  # type: ignore[no-untyped-call] # redis-py
            except redis.exceptions.AuthenticationError:
                await connection.disconnect(nowait=True)
                if not self._access.credentials.refresh():
                    raise
                connection = self._new()
                await connection.connect()  # type: ignore[no-untyped-call] # redis-py
            self._connection = connection
        return self._connection

    def _new(self) -> connections.Connection:
        credentials = self._access.credentials
        options: dict[str, Any] = {
            "host": self.address,
            "port": self._port,
            "username": credentials.username,
            "password": credentials.current(),
            "protocol": 2,
            "decode_responses": True,
            "encoding_errors": "replace",
            "driver_info": None,  # no CLIENT SETINFO: it would be one more command to be allowed
            "retry": Retry(redis.backoff.NoBackoff(), 0),
            "socket_timeout": self._access.timeout,
            "socket_connect_timeout": self._access.timeout,
        }
        if self._access.tls is None:
            return connections.Connection(**options)
        return _NamedTls(context=self._access.tls, name=self._hostname, **options)

    def _commands(self, action: actions.Action) -> list[Command]:
        """An action in the server's words."""
        match action:
            case actions.ConfigSet():
                if self._many:
                    words = [word for pair in action.settings for word in pair]
                    return [("CONFIG", "SET", *words)]
                return [("CONFIG", "SET", name, value) for name, value in action.settings]
            case actions.SetPeersPassword():
                credentials = self._access.credentials
                values = (credentials.current() or "", credentials.username or "")
                return [
                    ("CONFIG", "SET", name, value)
                    for name, value in zip(_PEERS_PASSWORD, values, strict=True)
                ]
            case actions.SetConfigEpoch():
                return [("CLUSTER", "SET-CONFIG-EPOCH", action.epoch)]
            case actions.AddSlots():
                numbers = (slot for start, end in action.ranges for slot in range(start, end + 1))
                return [("CLUSTER", "ADDSLOTS", *numbers)]
            case actions.Meet():
                return [("CLUSTER", "MEET", action.address, action.port, action.bus_port)]
            case actions.Replicate():
                return [("CLUSTER", "REPLICATE", action.primary_id)]
            case actions.Forget():
                return [("CLUSTER", "FORGET", action.node_id)]
            case actions.Failover():
                return [("CLUSTER", "FAILOVER")]
            case _:
                assert_never(action)

    def _unreachable(self, error: Exception) -> Unreachable:
        trouble, said = diagnose(error)
        return Unreachable(trouble=trouble, reason=self._access.credentials.hide(said))

    def _hidden(self, error: Exception) -> str:
        return self._access.credentials.hide(str(error))


class UnsupportedError(redis.exceptions.RedisError):
    """A server that is older than we can speak with."""


class _NamedTls(connections.Connection):
    """TLS to an address, where the certificate has to name the pod."""

    def __init__(self, *, context: ssl.SSLContext, name: str, **options: Any) -> None:
        super().__init__(**options)
        self._context, self._name = context, name

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {
            **super()._connection_arguments(),
            "ssl": self._context,
            "server_hostname": self._name,
        }


def settings_only(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings without the password."""
    return {name: settings[name] for name in SETTINGS if name in settings}


def diagnose(error: Exception) -> tuple[Trouble, str]:  # noqa: C901 - a table
    """What kind of trouble an error is, and how to say what was seen."""
    text = str(error)
    match error:
        case UnsupportedError():
            return Trouble.UNSUPPORTED, f"server version: expected 6.2 or later, saw {text}"
        case redis.exceptions.BusyLoadingError():
            return Trouble.LOADING, "it is LOADING its data; that is not an empty node"
        case redis.exceptions.NoPermissionError():
            return Trouble.PERMISSION, f"our user may not do what is needed: {text}"
        case redis.exceptions.AuthenticationError():
            return Trouble.PASSWORD, _about_password(text)
        case redis.exceptions.ResponseError() if "cluster support disabled" in text:
            return Trouble.NOT_CLUSTER, "Redis is not in cluster mode: expected cluster-enabled yes"
        case ValueError() | redis.exceptions.InvalidResponse():
            return Trouble.NOT_REDIS, f"it does not answer as Redis does: {text}"
        case redis.exceptions.ResponseError():
            return Trouble.NOT_REDIS, f"it answered {text}"
        case ssl.SSLError():
            return Trouble.TLS, f"TLS failed: {text}"
        case TimeoutError() | redis.exceptions.TimeoutError():
            return Trouble.TIMEOUT, "no answer in time"
        case _ if inner := [one for one in _chain(error) if isinstance(one, ssl.SSLError)]:
            return Trouble.TLS, f"TLS failed: {inner[0]}"
        case _:
            return Trouble.REFUSED, f"no connection: {_plainly(error)}"


def _about_password(text: str) -> str:
    """Which of the two sides has a password that the other does not expect."""
    if "Authentication required" in text:
        return f"it wants a password, and we sent none: {text}"
    if "without any password configured" in text:
        return "it has no password, and we sent one"
    return f"it does not accept our user and password: {text}"


def _plainly(error: BaseException) -> str:
    """What the system said, without the address that redis-py and asyncio wrap around it."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno:
            return os.strerror(one.errno)
    *_, innermost = _chain(error)
    return str(innermost) or type(innermost).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised for, down to the first."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__
