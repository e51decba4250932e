"""Sending a question to name servers. A failure is a value that names the server and the error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from bootstrap.dns import questions, wire
from bootstrap.dns.wire import Answer, Failure

_SENT_AGAIN: Final = 5
"""A question is sent again after one fifth of its time."""


class Resolver:
    """A few name servers. The one that answered last is asked first."""

    def __init__(self, nameservers: Sequence[tuple[str, int]], timeout: float) -> None:
        """Take (address, port) pairs, and the seconds for one question to all of them."""
        self._nameservers = tuple(nameservers)
        self._timeout = timeout
        self._first = 0
        self.questions = 0
        """Questions sent so far: each name server, repetition and transport counts."""

    def late(self) -> Failure:
        """Return the failure of a question that was given up since most others were answered."""
        where = wire.where(*self._nameservers[self._first])
        return Failure(reason=f"no answer from {where} when half of the others had theirs")

    async def ask(self, question: questions.Question, *, twice: bool = False) -> Answer | Failure:
        """Ask the name servers in turn: the next one if one fails, or after its share of the time.

        With `twice` each gets the question again after a fifth of the time, since a packet may be
        lost. For a few questions that is no burden.
        """
        if not self._nameservers:
            return Failure(reason="no name server is configured")
        count = len(self._nameservers)
        waiting = [(self._first + place) % count for place in range(count)]
        running: dict[asyncio.Task[Answer | Failure], int] = {}
        failures: list[Failure] = []
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            while waiting or running:
                share = None
                if waiting:
                    number = waiting.pop(0)
                    task = asyncio.create_task(
                        self._ask_one(number, question, deadline, twice=twice)
                    )
                    running[task] = number
                    share = self._timeout / count if waiting else None
                done, _ = await asyncio.wait(
                    running, timeout=share, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    number, reply = running.pop(task), task.result()
                    if isinstance(reply, Answer):
                        self._first = number
                        return reply
                    failures.append(reply)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return Failure(
            reason="; ".join(failure.reason for failure in failures),
            held=max(failure.held for failure in failures),
        )

    async def _ask_one(
        self, number: int, question: questions.Question, deadline: float, *, twice: bool
    ) -> Answer | Failure:
        host, port = self._nameservers[number]
        where = wire.where(host, port)
        try:
            query = wire.query(question)
        except wire.Error as error:
            return Failure(reason=f"{question.name} cannot be asked for: {error}")
        # Packets that were no answer to the question, for the report if no answer comes.
        junk: list[str] = []
        try:
            async with asyncio.timeout_at(deadline):
                message = await self._over_udp(query, host, port, junk, twice=twice)
                if wire.cut(message):
                    self.questions += 1
                    message = await _over_tcp(query, host, port)
        except TimeoutError:
            seen = f"only {junk[-1]}" if junk else "no answer"
            return Failure(reason=f"{seen} from {where} within {self._timeout:g} s")
        except asyncio.IncompleteReadError:
            return Failure(reason=f"{where} closed the connection without an answer")
        except wire.Error as error:
            return Failure(reason=f"a malformed answer from {where}: {error}")
        except OSError as error:
            return Failure(reason=f"{where} cannot be reached: {error.strerror or error}")
        if not query.is_response(message):
            return Failure(reason=f"an answer to another question from {where}")
        return wire.judge(question, message, where)

    async def _over_udp(
        self, query: wire.Message, host: str, port: int, junk: list[str], *, twice: bool
    ) -> wire.Message:
        # Each question has its own, connected socket: the kernel then picks another port each time,
        # drops packets of other senders, and reports if no server listens there.
        transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(query, junk), remote_addr=(host, port)
        )
        try:
            for _ in range(2 if twice else 1):
                self.questions += 1
                transport.sendto(query.to_wire())
                pause = self._timeout / _SENT_AGAIN if twice else None
                await asyncio.wait([protocol.answer], timeout=pause)
                if protocol.answer.done():
                    break
            return await protocol.answer
        finally:
            transport.close()


class _Udp(asyncio.DatagramProtocol):
    """Waits for the datagram that answers the query; others are only noted."""

    def __init__(self, query: wire.Message, junk: list[str]) -> None:
        self._query = query
        self._junk = junk
        self.answer: asyncio.Future[wire.Message] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - connected
        try:
            message = wire.read(data)
        except wire.Error:
            self._junk.append("a malformed answer")
            return
        if not self._query.is_response(message):
            self._junk.append("an answer to another question")
        elif not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_tcp(query: wire.Message, host: str, port: int) -> wire.Message:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(query.to_wire(prepend_length=True))
        size = int.from_bytes(await reader.readexactly(2), "big")
        return wire.read(await reader.readexactly(size))
    finally:
        writer.close()
