"""One Redis: read it into a view, or ask something of it."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from bootstrap.model import actions
from bootstrap.model.snapshot import Unreachable, View
from bootstrap.redis import login, parse, port_check

if TYPE_CHECKING:
    from bootstrap.redis import connection

SETTINGS = (
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
"""Settings that a view holds. Those that a server does not know are missing from its answer."""
_SECTIONS = ("server", "clients", "memory", "persistence", "replication", "keyspace")
"""INFO's sections that a view is made from; older servers take one at most, and are asked for
all."""
CERTIFICATE = "tls-cert-file"
"""Another one, that matters with TLS only."""
_PEERS_PASSWORD = ("masterauth", "masteruser")
_MANY = (7, 0, 0)
"""CONFIG GET and CONFIG SET of several settings at once, since redis 7.0 (config.c)."""
OLDEST = (6, 2, 0)
"""The oldest server that is supported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why an action was not accepted. A value: the loop looks again and plans anew."""

    reason: str
    by_server: bool = False
    """Whether the server itself said so, and did not only fail to answer."""
    forbidden: bool = False
    """Whether our user may not send the command."""


class Node:
    """A server at one address. `hostname` is what a TLS certificate must name."""

    def __init__(self, address: str, port: int, access: login.Access, hostname: str = "") -> None:
        """Connect to nothing yet."""
        self.address = address
        self._access = access
        self._hostname = hostname
        self._port = port
        self._many = False
        self._allowed: str | None = None

    @functools.cached_property
    def _connection(self) -> connection.Connection:
        from bootstrap.redis import connection  # noqa: PLC0415 - see `knock`

        return connection.Connection(self.address, self._port, self._access, self._hostname)

    async def read(self, *, shards: bool = False, links: bool = False) -> View | Unreachable:
        """Everything that a view holds, in one pipeline; or why not, naming what was seen.

        With `shards` also which nodes the server counts to which shard, and with `links` which
        connections its bus has, if it can tell.
        """
        closed = await port_check.closed(self.address, self._port, self._access.timeout)
        if closed is not None:
            return closed
        try:
            async with self._connection.turn():
                return await self._read(shards=shards, links=links)
        except login.FailedError as error:
            return Unreachable(trouble=error.trouble, reason=error.reason, odd=error.odd)

    async def do(self, wanted: Sequence[actions.Action]) -> tuple[Refused | None, ...]:
        """Send the actions' commands in one pipeline; None for each that was accepted."""
        try:
            async with self._connection.turn():
                await self._connection.open()
                password = self._connection.password or ""
                commands = [self._commands(action, password) for action in wanted]
                replies = await self._connection.exchange(
                    [one for some in commands for one in some]
                )
        except login.FailedError as error:
            return (Refused(reason=error.reason),) * len(wanted)
        results: list[Refused | None] = []
        for action, some in zip(wanted, commands, strict=True):
            mine, replies = replies[: len(some)], replies[len(some) :]
            faults = [reply for reply in mine if isinstance(reply, Exception)]
            results.append(self._refused(faults[0]) if faults else None)
            if isinstance(action, actions.ReloadCertificates) and not faults:
                await self._reloaded()
        return tuple(results)

    def _refused(self, fault: Exception) -> Refused:
        from bootstrap.redis import failures  # noqa: PLC0415 - see `knock`

        reason = self._access.credentials.hide(str(fault))
        return Refused(reason=reason, by_server=True, forbidden=failures.forbidden(fault))

    async def settings(self, *names: str) -> dict[str, str] | None:
        """Values of the server's settings, passwords among them; None when it does not say."""
        try:
            async with self._connection.turn():
                replies = await self._connection.exchange([("CONFIG", "GET", one) for one in names])
        except login.FailedError:
            return None
        if not all(isinstance(pair, list) for pair in replies):
            return None
        return dict(pair for pair in replies if pair)

    async def close(self) -> None:
        """End the connection. The next exchange makes a new one."""
        if "_connection" in vars(self):
            await self._connection.close()

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

    async def _read(self, *, shards: bool, links: bool) -> View:
        from bootstrap.redis import failures  # noqa: PLC0415 - see `knock`

        along = links and self._many  # CLUSTER LINKS came with 7.0 too
        info, cluster, nodes, settings, together, bus = await self._ask(shards=shards, links=along)
        facts = parse.info(info)
        self._many = parse.version(facts) >= _MANY
        if parse.version(facts) < OLDEST:
            raise failures.UnsupportedError(".".join(map(str, parse.version(facts))))
        if facts.get("loading") == "1":
            # Valkey answers CLUSTER NODES even then, and with no slots and few keys looks new.
            raise failures.LoadingError
        if links and self._many and not along:  # only now is it known to be that new
            (bus,) = await self._connection.exchange([("CLUSTER", "LINKS")])
        await self._see_what_is_allowed(facts.get("run_id", ""))
        password = self._connection.password or ""
        user = self._access.credentials.username or ""
        same = [settings.get(name, "") for name in _PEERS_PASSWORD] == [password, user]
        seen = parse.view(nodes, info, cluster, settings_only(settings), peers_password_ok=same)
        reaches, reached_by = parse.links(bus) if isinstance(bus, list) else (None, None)
        return dataclasses.replace(
            seen,
            shards=parse.shards(together),
            reaches=reaches,
            reached_by=reached_by,
            bus_hidden=str(bus) if failures.forbidden(bus) else "",
            certificate_old=self._certificate_old(),
        )

    async def _ask(
        self, *, shards: bool, links: bool
    ) -> tuple[str, str, str, dict[str, str], list[Any], object]:
        """The texts that a view is made from, the settings, the shards, the links of the bus."""
        names = (
            *SETTINGS,
            *parse.LIMITS,
            *_PEERS_PASSWORD,
            *([CERTIFICATE] if self._access.tls else []),
        )
        asked: list[connection.Command] = [("CONFIG", "GET", *names)]
        if not self._many:
            asked = [("CONFIG", "GET", name) for name in names]
        sections = _SECTIONS if self._many else ()
        texts: list[connection.Command] = [("INFO", *sections), ("CLUSTER", "INFO")]
        texts += [("CLUSTER", "NODES")]
        # Replicas that log in as a user without REPLCONF seem well, and are not: what they report
        # is turned away, a word at a time.
        more: list[connection.Command] = [("REPLCONF",)] * self._limited
        more += [("CLUSTER", "SHARDS")] * shards
        last: list[connection.Command] = [("CLUSTER", "LINKS")] * links
        replies = await self._connection.exchange(texts + asked + more + last)
        needed, others = replies[: len(texts + asked)], replies[len(texts + asked) :]
        bus = others.pop() if links else None  # a user without this right is told so, and served
        for fault in needed:
            if isinstance(fault, Exception):
                raise fault
        self._check(others)
        info, cluster, nodes, *found = needed
        if not (
            all(isinstance(text, str) for text in (info, cluster, nodes))
            and all(isinstance(pairs, list) for pairs in found)
        ):
            raise parse.MalformedError("replies are of other types than a server's")
        pairs = [pair for some in found for pair in zip(some[::2], some[1::2], strict=True)]
        together = others[-1] if shards and isinstance(others[-1], list) else []
        return info, cluster, nodes, dict(pairs), together, bus

    @property
    def _limited(self) -> bool:
        """Whether our user may be one that is not allowed all."""
        return self._access.credentials.username is not None

    async def _see_what_is_allowed(self, run_id: str) -> None:
        """Ask for what is needed later, once in a server's life: then it would be too late.

        A server that was started anew may have other commands and users. While it runs its commands
        stay, and of an ACL that changes each look's REPLCONF tells. A replica that is refused PSYNC
        is told within seconds (`replica-refused`), by a count that this PSYNC adds to: it is not
        sent each time. Alone, without arguments, the first two change nothing: a server counts
        arguments first.
        """
        if run_id == self._allowed:
            return
        asked: list[connection.Command] = [("REPLCONF",), ("PSYNC",)]
        asked += [("CLUSTER", "SHARDS")] * self._limited
        self._check(await self._connection.exchange(asked))
        self._allowed = run_id

    @staticmethod
    def _check(replies: Sequence[object]) -> None:
        """See that no command is missing or forbidden. Not every server knows all of them."""
        from bootstrap.redis import failures  # noqa: PLC0415 - see `knock`

        for one in replies:
            if isinstance(one, Exception) and (
                failures.forbidden(one) or failures.command_missing(one)
            ):
                raise one

    def _certificate_old(self) -> bool:
        """Whether the server goes on with a certificate that was replaced meanwhile."""
        tls = self._access.tls
        return tls is not None and tls.outdated(self._hostname, *self._connection.certificate)

    async def _reloaded(self) -> None:
        """The server has read its files: whom it is taken for from now on, a new look will show."""
        if self._access.tls is not None:
            self._access.tls.reread()
        await self.close()

    def _commands(self, action: actions.Action, password: str) -> list[connection.Command]:  # noqa: C901 - a table
        """An action in the server's words."""
        match action:
            case actions.ConfigSet():
                if self._many:
                    words = [word for pair in action.settings for word in pair]
                    return [("CONFIG", "SET", *words)]
                return [("CONFIG", "SET", name, value) for name, value in action.settings]
            case actions.SetPeersPassword():
                values = (password, self._access.credentials.username or "")
                return [
                    ("CONFIG", "SET", name, value)
                    for name, value in zip(_PEERS_PASSWORD, values, strict=True)
                ]
            case actions.ReloadCertificates():
                # Set to what it is, it makes the server read certificate, key and authorities anew.
                return [("CONFIG", "SET", CERTIFICATE, action.path)]
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


def settings_only(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings without the password."""
    known = (*SETTINGS, *parse.LIMITS, CERTIFICATE)
    return {name: settings[name] for name in known if name in settings}
