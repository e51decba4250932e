"""A lasting connection to a server: the login, and exchanges one after another.

Nothing is retried, since the loop soon looks again. Every wait has a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import redis.asyncio.connection as connections
import redis.backoff
import redis.exceptions
from redis.asyncio.retry import Retry

from bootstrap.config import secret
from bootstrap.log import PASSWORD, get
from bootstrap.model import acl
from bootstrap.model.snapshot import Trouble
from bootstrap.redis import certificates, diagnosis, encryption, failures, login

Command = tuple[str | bytes | int, ...]
Access = login.Access
FailedError = login.FailedError


class Connection:
    """A connection to one address. It is made by the first exchange.

    With TLS the certificate must be for `name`; if that is empty, for any pod of our service.
    """

    def __init__(self, address: str, port: int, access: Access, name: str = "") -> None:
        """Do not connect yet."""
        self.address = address
        self.port = port
        self.password: str | None = None
        """The password that the server has accepted."""
        self._access = access
        self._name = name
        self._inside: connections.Connection | None = None
        self._turn = asyncio.Lock()
        self._known = False
        self._told: tuple[str, bool] = ("", True)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn of this task, then start its deadline. An error ends the connection.

        Raises:
            FailedError: for any fault of the server, the network or a file.

        """
        try:
            async with self._turn, asyncio.timeout(self._access.timeout):
                yield
        except asyncio.CancelledError:
            await self.close()  # replies are on their way, so the connection cannot be used again
            raise
        except secret.PasswordFileError as error:
            raise FailedError(Trouble.PASSWORD, str(error)) from None
        except (redis.exceptions.RedisError, OSError, TimeoutError, ValueError) as error:
            await self.close()
            trouble, said = await diagnosis.explain(error, self._server())
            # `from None`: the trace must not show what the server said about the password.
            said = self._access.credentials.hide(said).rstrip(".")
            odd = self._access.credentials.oddity() if trouble is Trouble.PASSWORD else ""
            said = f"{said}; {odd}" if odd else said
            raise FailedError(trouble, said, odd=bool(odd)) from None

    async def exchange(self, commands: Sequence[Command], *, raw: bool = False) -> list[Any]:
        """Send commands in one pipeline; return a reply for each. A refusal is an exception in it.

        With `raw` texts are returned as bytes.

        Raises:
            redis.exceptions.RedisError, OSError: when the connection cannot be used any more.

        """
        connection = await self._connected()
        await connection.send_packed_command(connection.pack_commands(commands))
        replies: list[Any] = []
        for words in commands:
            try:
                replies.append(await connection.read_response(disable_decoding=raw))
            except redis.exceptions.NoPermissionError as error:
                replies.append(self._forbidden(words, error))
            except redis.exceptions.ResponseError as error:
                if failures.turned_away(error) or failures.crowded(error):
                    raise  # the server hangs up after this reply
                replies.append(error)
        self._known = True
        return replies

    async def open(self) -> None:
        """Connect and log in, so that `password` is set. Raises the errors of `exchange`."""
        await self._connected()

    @property
    def certificate(self) -> tuple[bytes, int]:
        """The server's certificate in DER, and the start of its validity in seconds since 1970.

        Empty and 0 without TLS.
        """
        if not isinstance(self._inside, _Encrypted):
            return b"", 0
        return self._inside.certificate, certificates.since(self._inside.facts)

    async def close(self) -> None:
        """Close the connection. The next exchange makes a new one."""
        connection, self._inside = self._inside, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _connected(self) -> connections.Connection:
        """Return the connection; a new one uses the password and the certificates of now."""
        tls, credentials = self._access.tls, self._access.credentials
        credentials.notice()
        if tls is not None:
            # An open connection stays open. Over it a server is told to read new certificates, when
            # its old one may have expired, or be from an authority that is not trusted any more.
            tls.notice()
        if self._inside is None:
            self._inside = await self._let_in()
        elif self.password != credentials.current():
            await self._log_in_anew(self._inside)
        return self._inside

    async def _let_in(self) -> connections.Connection:
        """Return a connection that is logged in with the newest password the server accepts."""
        refused: redis.exceptions.AuthenticationError | None = None
        for password in self._access.credentials.candidates():
            connection = self._new(password)
            try:
                await connection.connect()  # type: ignore[no-untyped-call] # redis-py
            except redis.exceptions.AuthenticationError as error:
                await connection.disconnect(nowait=True)
                if password is not None and failures.unheard(error):
                    raise failures.CommandMissingError("AUTH") from None
                refused = refused or error
            except BaseException:
                await connection.disconnect(nowait=True)
                raise
            else:
                self.password = password
                self._access.credentials.accepted(password)
                return connection
        # The file may be at fault; its error then says more than the server's.
        self._access.credentials.refresh()
        raise refused or redis.exceptions.AuthenticationError

    async def _log_in_anew(self, connection: connections.Connection) -> None:
        """Log in with the file's present password. If the server refuses, the old login stays."""
        user, password = self._access.credentials.username, self._access.credentials.current()
        if password is None:
            return
        words = [user] if user else []
        await connection.send_command("AUTH", *words, password)
        try:
            await connection.read_response(disconnect_on_error=False)
        except (redis.exceptions.AuthenticationError, redis.exceptions.ResponseError):
            self._tell(password, accepted=False)
        else:
            self._tell(password, accepted=True)
            self.password = password
            self._access.credentials.accepted(password)

    def _tell(self, password: str, *, accepted: bool) -> None:
        """Log once for each password whether the server accepted it."""
        told, self._told = self._told, (password, accepted)
        if told == self._told:
            return
        log = get(pod=self._name.partition(".")[0], server=self.address)
        file = self._access.credentials.password_file
        if accepted:
            log.info(PASSWORD, why=f"the one in {file} was replaced; in use from now on")
            return
        why = f"the new one in {file} is not accepted; the one before stays in use"
        log.warning(PASSWORD, why=why, fix="let every server accept both for a while")

    def _new(self, password: str | None) -> connections.Connection:
        options: dict[str, Any] = {
            "host": self.address,
            "port": self.port,
            "username": self._access.credentials.username,
            "password": password,
            "protocol": 2,
            "decode_responses": True,
            "encoding_errors": "replace",
            "driver_info": None,  # no CLIENT SETINFO: a user would need the right to it
            "retry": Retry(redis.backoff.NoBackoff(), 0),
            "socket_timeout": self._access.timeout,
            "socket_connect_timeout": self._access.timeout,
        }
        if self._access.tls is None:
            return connections.Connection(**options)
        return _Encrypted(tls=self._access.tls, name=self._name, **options)

    def _forbidden(self, words: Command, error: Exception) -> Exception:
        """Return a refusal that names the missing right, which not every server does."""
        right = acl.needed_for(*(str(word) for word in words[:2]))
        user = self._access.credentials.username or "default"
        text = f"{error}; what it lacks: ACL SETUSER {user} {acl.typed([right])}"
        return redis.exceptions.NoPermissionError(text)

    def _server(self) -> diagnosis.Server:
        return diagnosis.Server(
            address=self.address,
            port=self.port,
            name=self._name,
            tls=self._access.tls,
            known=self._known,
        )


class _Encrypted(connections.Connection):
    """A TLS connection to an address. The certificate must be for the pod's name."""

    def __init__(self, *, tls: encryption.Encryption, name: str, **options: Any) -> None:
        super().__init__(**options)
        self._tls, self._name = tls, name
        self.certificate = b""
        self.facts: certificates.Facts = {}

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {
            **super()._connection_arguments(),
            "ssl": self._tls.context(self._name),
            "server_hostname": self._name,
        }

    async def _connect(self) -> None:
        """Check the certificate before anything is sent, above all the password."""
        await super()._connect()  # type: ignore[no-untyped-call] # redis-py
        assert self._writer is not None  # it is connected now
        shown = self._writer.get_extra_info("ssl_object")
        self.certificate, self.facts = shown.getpeercert(binary_form=True), shown.getpeercert()
        if not self._name:
            self._tls.check_some_pod(self.facts)
