"""One server: read it into a view, or send it actions."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bootstrap.model import actions, migration
from bootstrap.model.snapshot import Unreachable
from bootstrap.model.view import Version, View
from bootstrap.redis import (
    commands,
    login,
    parse,
    port_check,
    questions,
    rights,
    slot_moves,
    views,
)

if TYPE_CHECKING:
    from bootstrap.redis import connection

_MOVING = "cluster_slot_migration_active_tasks"
"""The field of CLUSTER INFO that counts slot migrations (redis 8.4, cluster_asm.c)."""
OLDEST = (6, 2, 0)
"""The oldest supported version of a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why an action was not accepted. This is a value, since the loop looks and plans again."""

    reason: str
    by_server: bool = False
    """Whether the server itself refused; else it did not answer."""
    forbidden: bool = False
    """Whether our user lacks the right to the command."""


class Node:
    """A server at one address.

    With TLS its certificate must be for `hostname`; if that is empty, for any pod of our service.
    """

    def __init__(self, address: str, port: int, access: login.Access, hostname: str = "") -> None:
        """Do not connect yet."""
        self.address = address
        self._access = access
        self._hostname = hostname
        self._port = port
        self._version: Version = (0, 0, 0)
        """The server's version at the last look."""
        self._way: migration.Way | None = None
        """How to ask the server for its slot migrations; None: do not ask."""
        self._allowed: str | None = None

    @functools.cached_property
    def _connection(self) -> connection.Connection:
        from bootstrap.redis import connection  # noqa: PLC0415 - see `port_check`

        return connection.Connection(self.address, self._port, self._access, self._hostname)

    async def read(self, *, shards: bool = False, links: bool = False) -> View | Unreachable:
        """Return a view of the server, read in one pipeline; or why it could not be read.

        With `shards` the view also holds the nodes of each shard, and with `links` the links of the
        cluster bus, if the server can tell them.
        """
        closed = await port_check.closed(self.address, self._port, self._access.timeout)
        if closed is not None:
            return closed
        try:
            async with self._connection.turn():
                return await self._read(shards=shards, links=links)
        except login.FailedError as error:
            return Unreachable(trouble=error.trouble, reason=error.reason, odd=error.odd)

    async def do(
        self, wanted: Sequence[actions.Action], *, functions: bytes = b""
    ) -> tuple[Refused | None, ...]:
        """Send the actions' commands in one pipeline; return None for each accepted action.

        `functions` is what RestoreFunctions restores (see `functions`).
        """
        try:
            async with self._connection.turn():
                await self._connection.open()
                password = self._connection.password or ""
                username = self._access.credentials.username or ""
                words = [
                    commands.of(
                        one,
                        password=password,
                        username=username,
                        together=questions.many(self._version),
                        functions=functions,
                    )
                    for one in wanted
                ]
                replies = await self._connection.exchange([one for some in words for one in some])
        except login.FailedError as error:
            return (Refused(reason=error.reason),) * len(wanted)
        results: list[Refused | None] = []
        for action, some in zip(wanted, words, strict=True):
            mine, replies = replies[: len(some)], replies[len(some) :]
            faults = [reply for reply in mine if isinstance(reply, Exception)]
            results.append(self._refused(faults[0]) if faults else None)
            if isinstance(action, actions.ReloadCertificates) and not faults:
                await self._reloaded()
        return tuple(results)

    def _refused(self, fault: Exception) -> Refused:
        from bootstrap.redis import failures  # noqa: PLC0415 - see `port_check`

        reason = self._access.credentials.hide(str(fault))
        return Refused(reason=reason, by_server=True, forbidden=failures.forbidden(fault))

    async def settings(self, *names: str) -> dict[str, str] | None:
        """Return the server's settings of these names, passwords too; None if it does not tell."""
        try:
            async with self._connection.turn():
                replies = await self._connection.exchange([("CONFIG", "GET", one) for one in names])
        except login.FailedError:
            return None
        if not all(isinstance(pair, list) for pair in replies):
            return None
        return dict(pair for pair in replies if pair)

    async def functions(self) -> bytes | Refused:
        """Return the server's functions as FUNCTION DUMP has them."""
        try:
            async with self._connection.turn():
                (reply,) = await self._connection.exchange([("FUNCTION", "DUMP")], raw=True)
        except login.FailedError as error:
            return Refused(reason=error.reason)
        return self._refused(reply) if isinstance(reply, Exception) else bytes(reply)

    async def strays(self) -> int | str:
        """Return how many keys the server has in slots it does not own; or why it does not tell."""
        try:
            found = await slot_moves.strays(self._connection)
        except login.FailedError as error:
            return error.reason
        return self._refused(found).reason if isinstance(found, Exception) else found

    async def migrating(self) -> bool:
        """Whether slots move now, by the server's list; also True if it does not tell."""
        if self._way is None:
            return True
        try:
            return await slot_moves.running(self._connection, self._way)
        except login.FailedError:
            return True

    async def close(self) -> None:
        """Close the connection. The next exchange makes a new one."""
        if "_connection" in vars(self):
            await self._connection.close()

    async def source_address(self) -> str | None:
        """Return our own address towards this node; None if the node cannot be reached."""
        try:
            async with asyncio.timeout(self._access.timeout):
                _, writer = await asyncio.open_connection(self.address, self._port)
        except (OSError, TimeoutError):
            return None
        name = writer.get_extra_info("sockname")
        writer.close()
        return str(name[0])

    async def _read(self, *, shards: bool, links: bool) -> View:
        from bootstrap.redis import failures  # noqa: PLC0415 - see `port_check`

        said = await self._ask(shards=shards, links=links)
        facts, cluster = views.info(said["info"][0]), views.info(said["cluster"][0])
        self._version = views.version(facts)
        if self._version < OLDEST:
            raise failures.UnsupportedError(".".join(map(str, self._version)))
        if facts.get("loading") == "1":
            # Even then Valkey answers CLUSTER NODES. Without slots and keys it would look new.
            raise failures.LoadingError
        # Redis says in any case if slots move, so only then it has to be asked which.
        active = cluster.get(_MOVING, "0") != "0" and not self._limited
        asks = self._access.migrations or active
        self._way = migration.way(views.product(facts), self._version) if asks else None
        later = questions.wanted(self._version, self._way, links=links)
        # At the first look the version was not known before.
        said |= await self._exchange({key: some for key, some in later.items() if key not in said})
        if facts.get("run_id", "") != self._allowed:
            # A restarted server may have other commands and users.
            rights.check(await self._connection.exchange(rights.tried(limited=self._limited)))
            self._allowed = facts.get("run_id", "")
        pairs = [
            pair for some in said["settings"] for pair in zip(some[::2], some[1::2], strict=True)
        ]
        settings = dict(pairs)
        password = self._connection.password or ""
        user = self._access.credentials.username or ""
        same = [settings.get(name, "") for name in commands.PEERS_PASSWORD] == [password, user]
        seen = views.view(
            said["nodes"][0],
            facts,
            cluster,
            views.settings_only(settings),
            peers_password_ok=same,
        )
        seen = views.with_ports(seen, self._port)
        (bus,), (moves,) = said.get("links", [None]), said.get("migrations", [None])
        reaches, reached_by = parse.links(bus) if isinstance(bus, list) else (None, None)
        return dataclasses.replace(
            seen,
            shards=parse.shards(said["shards"][0] if shards else []),
            reaches=reaches,
            reached_by=reached_by,
            bus_hidden=str(bus) if failures.forbidden(bus) else "",
            migrations=parse.migrations(moves, views.now(facts)) if isinstance(moves, list) else (),
            migrations_hidden=str(moves) if failures.forbidden(moves) else "",
            certificate_old=self._certificate_old(),
        )

    async def _ask(self, *, shards: bool, links: bool) -> dict[str, list[Any]]:
        """Return the replies to all questions that the server is known to understand, by label."""
        access = self._access
        needed = questions.needed(
            self._version, tls=access.tls is not None, moving=access.migrations
        )
        # Replicas that log in as a user without REPLCONF seem to work. But the primary refuses each
        # of their reports.
        allowed: questions.Questions = {"allowed": [("REPLCONF",)] * self._limited}
        allowed |= {"shards": [("CLUSTER", "SHARDS")] * shards}
        more = questions.wanted(self._version, self._way, links=links)
        said = await self._exchange(needed | allowed | more)
        for fault in (reply for label in needed for reply in said[label]):
            if isinstance(fault, Exception):
                raise fault
        rights.check([*said["allowed"], *said["shards"]])
        if not (
            all(isinstance(said[label][0], str) for label in ("info", "cluster", "nodes"))
            and all(isinstance(pairs, list) for pairs in said["settings"])
        ):
            raise parse.MalformedError("replies are of other types than a server's")
        if not all(isinstance(reply, list) for reply in said["shards"]):
            said["shards"] = [[]]
        return said

    async def _exchange(self, asked: questions.Questions) -> dict[str, list[Any]]:
        """Send all questions in one pipeline; return the replies by label."""
        if not asked:
            return {}
        replies = await self._connection.exchange([one for some in asked.values() for one in some])
        return questions.by_label(asked, replies)

    @property
    def _limited(self) -> bool:
        """Whether our user may lack rights: only a named user can."""
        return self._access.credentials.username is not None

    def _certificate_old(self) -> bool:
        """Whether the server still uses a certificate that was replaced meanwhile."""
        tls = self._access.tls
        return tls is not None and tls.outdated(self._hostname, *self._connection.certificate)

    async def _reloaded(self) -> None:
        """Note that the server has read its files, and connect again to see its certificate."""
        if self._access.tls is not None:
            self._access.tls.reread()
        await self.close()
