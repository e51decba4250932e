"""Asking name servers one question; a failure is a value that says who failed, and how."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Final, Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rdtypes.IN.SRV

from bootstrap import looks

PAYLOAD: Final = 1232
"""Bytes of the largest UDP answer we take: it passes every network unbroken (DNS flag day 2020)."""
FAILURE_HELD: Final = 5.0
"""Seconds for which a SERVFAIL may be remembered: CoreDNS's default, RFC 9520's advice at first."""

_SENT_AGAIN: Final = 5
"""The part of its time, one fifth, after which a question is sent again."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A proper answer to the question that was asked."""

    outcome: Literal["records", "no data", "NXDOMAIN"]
    addresses: tuple[tuple[str, str], ...] = ()
    """Owner and address of every A and AAAA record; the owner absolute, in lower case."""
    targets: tuple[str, ...] = ()
    """The hosts of the SRV records, absolute, in lower case."""
    held: float
    """Seconds for which caches on the way may go on giving this answer."""
    held_at_first: float
    """Seconds for which it was to be remembered when it was new, as far as can be told."""
    nameserver: str
    """Who answered, such as `10.0.0.10:53`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No proper answer from any name server."""

    reason: str
    held: float = 0.0
    """Seconds for which a cache may repeat the failure."""
    outcome: Literal["failure"] = "failure"


class Resolver:
    """A few name servers; the one that answered last is asked first."""

    def __init__(self, nameservers: Sequence[tuple[str, int]], timeout: float) -> None:
        """Take (address, port) pairs and the seconds that one question may take in all."""
        self._nameservers = tuple(nameservers)
        self._timeout = timeout
        self._first = 0
        self.questions = 0
        """Questions sent so far, each transport and name server counted."""

    def late(self) -> Failure:
        """Return what is said of a question that was given up while others were answered."""
        where = _where(*self._nameservers[self._first])
        return Failure(reason=f"no answer from {where} when half of the others had theirs")

    async def ask(self, question: looks.Question, *, twice: bool = False) -> Answer | Failure:
        """Ask the name servers in turn, the next one when one fails or takes its share of time.

        With `twice` each is sent the question again after a fifth of the time: a packet may be
        lost, and for a few questions the second one is no burden.
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
        self, number: int, question: looks.Question, deadline: float, *, twice: bool
    ) -> Answer | Failure:
        host, port = self._nameservers[number]
        where = _where(host, port)
        try:
            query = _query(question)
        except dns.exception.DNSException as error:
            return Failure(reason=f"{question.name} cannot be asked for: {error}")
        # Whatever came that was no answer to this, for the report when nothing better comes.
        junk: list[str] = []
        try:
            async with asyncio.timeout_at(deadline):
                message = await self._over_udp(query, host, port, junk, twice=twice)
                if message.flags & dns.flags.TC:
                    self.questions += 1
                    message = await _over_tcp(query, host, port)
        except TimeoutError:
            seen = f"only {junk[-1]}" if junk else "no answer"
            return Failure(reason=f"{seen} from {where} within {self._timeout:g} s")
        except asyncio.IncompleteReadError:
            return Failure(reason=f"{where} closed the connection without an answer")
        except dns.exception.DNSException as error:
            return Failure(reason=f"a malformed answer from {where}: {error}")
        except OSError as error:
            return Failure(reason=f"{where} cannot be reached: {error.strerror or error}")
        if not query.is_response(message):
            return Failure(reason=f"an answer to another question from {where}")
        return _judge(question, message, where)

    async def _over_udp(
        self, query: dns.message.Message, host: str, port: int, junk: list[str], *, twice: bool
    ) -> dns.message.Message:
        # A socket of its own for every question, connected: the kernel then picks another port each
        # time, drops what others send, and tells us when no server listens there.
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


def _where(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _query(question: looks.Question) -> dns.message.QueryMessage:
    query = dns.message.make_query(
        question.name,
        question.type,
        use_edns=0,
        ednsflags=dns.flags.DO if question.do else 0,
        payload=PAYLOAD,
    )
    if question.cd:
        query.flags |= dns.flags.CD
    return query


def _judge(question: looks.Question, message: dns.message.Message, where: str) -> Answer | Failure:
    """Tell an answer from a failure; only NXDOMAIN and an empty NOERROR deny something."""
    rcode = message.rcode()
    if message.flags & dns.flags.TC:
        return Failure(reason=f"a truncated answer from {where} even over TCP")
    if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        held = FAILURE_HELD if rcode == dns.rcode.SERVFAIL else 0.0
        return Failure(reason=f"{dns.rcode.to_text(rcode)} from {where}", held=held)
    if rcode == dns.rcode.NOERROR and message.answer:
        return _records(question, message, where)
    rdatas = [rdata for rrset in message.authority for rdata in rrset]
    soa = [rdata for rdata in rdatas if isinstance(rdata, dns.rdtypes.ANY.SOA.SOA)]
    if rcode == dns.rcode.NOERROR and rdatas and not soa:
        return Failure(reason=f"a referral to other name servers from {where}")
    # RFC 2308: a denial is remembered for the lesser of these two. The record's own minimum
    # stays what it was, while the TTL counts down, or is cut by a second cache on the way.
    ttl = min((rrset.ttl for rrset in message.authority), default=looks.HELD_AT_MOST)
    minimum = max((record.minimum for record in soa), default=looks.HELD_AT_MOST)
    return Answer(
        outcome="NXDOMAIN" if rcode == dns.rcode.NXDOMAIN else "no data",
        held=min(ttl, minimum),
        held_at_first=minimum,
        nameserver=where,
    )


def _records(
    question: looks.Question, message: dns.message.Message, where: str
) -> Answer | Failure:
    """Read the records; names are compared in lower case."""
    kind = dns.rdatatype.from_text(question.type)
    owner = dns.name.from_text(question.name)
    if not any(rrset.name == owner and rrset.rdtype == kind for rrset in message.answer):
        return Failure(reason=f"an answer without {question.type} from {where}")
    addresses: list[tuple[str, str]] = []
    targets: list[str] = []
    for rrset in (*message.answer, *message.additional):
        for rdata in rrset:
            if isinstance(rdata, dns.rdtypes.IN.A.A | dns.rdtypes.IN.AAAA.AAAA):
                addresses.append((rrset.name.to_text().lower(), rdata.address))
            elif isinstance(rdata, dns.rdtypes.IN.SRV.SRV):
                targets.append(rdata.target.to_text().lower())
    ttl = min(rrset.ttl for rrset in (*message.answer, *message.additional))
    return Answer(
        outcome="records",
        addresses=tuple(addresses),
        targets=tuple(targets),
        held=ttl,
        held_at_first=ttl,
        nameserver=where,
    )


class _Udp(asyncio.DatagramProtocol):
    """Waits for the one datagram that answers; others are noted and do no harm."""

    def __init__(self, query: dns.message.Message, junk: list[str]) -> None:
        self._query = query
        self._junk = junk
        self.answer: asyncio.Future[dns.message.Message] = (
            asyncio.get_running_loop().create_future()
        )

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - connected
        try:
            message = dns.message.from_wire(data)
        except dns.exception.DNSException:
            self._junk.append("a malformed answer")
            return
        if not self._query.is_response(message):
            self._junk.append("an answer to another question")
        elif not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_tcp(query: dns.message.Message, host: str, port: int) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(query.to_wire(prepend_length=True))
        size = int.from_bytes(await reader.readexactly(2), "big")
        return dns.message.from_wire(await reader.readexactly(size))
    finally:
        writer.close()
