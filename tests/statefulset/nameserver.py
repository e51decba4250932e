"""A name server on real sockets that answers as CoreDNS does, and misbehaves on request.

What it says is `zone`'s matter. Time comes from one callable, so that a test can let 30 s of
remembering pass without waiting for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures
from typing import Final, NamedTuple, Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype

from tests.statefulset import misbehaviour, zone

_PRIORITY: Final = -10
_MOMENT: Final = 0.05
"""Seconds for which an answer is given again as it is."""
PLAIN_UDP: Final = 512
"""Bytes of a UDP answer to who does not say how much it takes (RFC 1035)."""


class Asked(NamedTuple):
    """One question that came in."""

    name: str
    """Absolute, lower case, with the trailing dot."""
    type: str
    do: bool
    cd: bool
    transport: str
    """`udp` or `tcp`."""
    source: str
    """The asker's address, without the port."""


class _Made(NamedTuple):
    """What was answered a moment ago."""

    at: float
    asked: Asked
    answers: list[bytes]


class NameServer:
    """One name server in a thread of its own; every method may be called from any thread."""

    def __init__(
        self,
        address: str,
        port: int = 5353,
        *,
        domain: str = "cluster.local",
        ttl: int = 5,
        cache_seconds: int = 0,
        replicas: int = 1,
        service_port: int | None = 6379,
        takes: float = 0.0,
        loses: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a server that does not listen yet; port 0 takes a free one at the start.

        Each UDP question keeps it busy for `takes` seconds of real time, and the part `loses` of
        the UDP questions is lost, always the same ones of a run.

        With `cache_seconds` answers, those about missing names too, are remembered for so long
        per name, type, DO and CD, and bear that time as TTL; with 0 nothing is remembered, and
        all bear `ttl`. `replicas` caches are asked by turns, as behind a cluster IP. Without a
        `service_port` there is no SRV, as for a Service without ports.
        """
        self.address = address
        self.port = port
        self._takes, self._loses = takes, loses
        self._clock = clock
        self._zone = zone.Zone(
            domain, ttl=cache_seconds or ttl, service_port=service_port, clock=clock
        )
        self._caches = [zone.Cache(clock) for _ in range(replicas if cache_seconds else 0)]
        self._lock = threading.Lock()
        self._behaviours: dict[str, misbehaviour.Behaviour | None] = {}
        self._asked: list[Asked] = []
        self._made: dict[tuple[bytes, str], _Made] = {}
        self._end: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None

    # Life

    def start(self) -> None:
        """Listen on UDP and TCP; OSError when the address cannot be had."""
        listening: futures.Future[None] = futures.Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening)), name="nameserver", daemon=True
        )
        self._thread.start()
        try:
            listening.result()
        except OSError:
            self._thread = None
            raise

    def stop(self) -> None:
        """Stop listening. What was published stays, for another start."""
        if self._thread is not None:
            self._end()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop it."""
        self.stop()

    # What it says

    def publish(
        self,
        pod: str,
        service: str,
        namespace: str,
        addresses: Sequence[str],
        *,
        after: float = 0.0,
    ) -> None:
        """Let the pod have these addresses, and no others, `after` seconds from now."""
        with self._lock:
            self._zone.publish(_endpoint(pod, service, namespace), addresses, after)
            self._made.clear()

    def withdraw(self, pod: str, service: str, namespace: str, *, after: float = 0.0) -> None:
        """Take the pod out of DNS `after` seconds from now."""
        self.publish(pod, service, namespace, (), after=after)

    def stale(self, pod: str, service: str, namespace: str, *, seconds: float) -> None:
        """Go on answering what the pod has now for so long, whatever is published meanwhile."""
        with self._lock:
            self._zone.keep(_endpoint(pod, service, namespace), seconds)
            self._made.clear()

    def behave(self, behaviour: misbehaviour.Behaviour | None, *, name: str = "") -> None:
        """Treat all questions so, or those for one absolute name; None: answer as usual."""
        with self._lock:
            self._behaviours[name.rstrip(".").lower()] = behaviour
            self._made.clear()

    @property
    def questions(self) -> list[Asked]:
        """Everything asked so far, in order; a copy."""
        with self._lock:
            return list(self._asked)

    def _reply(self, wire: bytes, transport: str, source: str) -> Iterable[bytes]:
        """Return the messages to send back; none is silence.

        Many pods ask the same at the same time. Where nothing is remembered for long anyway, they
        get the same bytes for a moment: a real one would not be slowed down by sixty of them.
        """
        now, key = self._clock(), (wire[2:], transport)
        with self._lock:
            made = None if self._caches or self._behaviours else self._made.get(key)
            if made and made.at <= now < made.at + _MOMENT:
                self._asked.append(made.asked._replace(source=source))
                return [wire[:2] + answer[2:] for answer in made.answers]
        answers = list(self._answer(wire, transport, source))
        with self._lock:
            if answers:
                self._made[key] = _Made(now, self._asked[-1], answers)
        return answers

    def _answer(self, wire: bytes, transport: str, source: str) -> Iterable[bytes]:
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return []
        name = question.name.to_text().lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        do, cd = bool(query.ednsflags & dns.flags.DO), bool(query.flags & dns.flags.CD)
        response = dns.message.make_response(query, our_payload=1232)
        response.flags |= dns.flags.AA | (query.flags & dns.flags.CD)
        with self._lock:
            self._asked.append(Asked(name, kind, do, cd, transport, source))
            behaviour = self._behaviours.get(name.rstrip(".")) or self._behaviours.get("")
            if behaviour not in misbehaviour.INSTEAD:
                turn = len(self._asked) % max(1, len(self._caches))
                answer = (
                    self._caches[turn].resolve(self._zone, name, kind, do=do, cd=cd)
                    if self._caches
                    else self._zone.resolve(name, kind)
                )
                answer.fill(response, self._clock())
        payload = query.payload if query.edns >= 0 else PLAIN_UDP
        limit = 65535 if transport == "tcp" else max(PLAIN_UDP, payload)
        return misbehaviour.render(behaviour, response, transport, limit)

    # The network

    async def _serve(self, listening: futures.Future[None]) -> None:
        """Listen until the end; the thread's whole life."""
        with contextlib.suppress(PermissionError):
            # In a cluster it does not share two processors with all of the pods.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _PRIORITY)
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._end = lambda: loop.call_soon_threadsafe(ended.set)
        try:
            tcp, udp = await self._listen()
        except OSError as error:
            listening.set_exception(error)
            return
        listening.set_result(None)
        await ended.wait()
        tcp.close()
        udp.close()

    async def _listen(self) -> tuple[asyncio.Server, asyncio.DatagramTransport]:
        tcp = await asyncio.start_server(self._serve_tcp, self.address, self.port)
        port = int(tcp.sockets[0].getsockname()[1])
        try:
            udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Udp(self._reply, self._takes, self._loses), local_addr=(self.address, port)
            )
        except OSError:
            tcp.close()
            raise
        self.port = port
        return tcp, udp

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = str(writer.get_extra_info("peername")[0])
        with (
            contextlib.suppress(asyncio.IncompleteReadError, ConnectionError),
            contextlib.closing(writer),
        ):
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                for answer in self._reply(await reader.readexactly(size), "tcp", source):
                    writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()


class _Udp(asyncio.DatagramProtocol):
    def __init__(
        self, reply: Callable[[bytes, str, str], Iterable[bytes]], takes: float, loses: float
    ) -> None:
        self._reply = reply
        self._takes, self._loses = takes, loses
        self._chance = random.Random(4)
        self._busy_until = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._chance.random() < self._loses:
            return
        loop = asyncio.get_running_loop()
        if not self._takes:
            self._answer(data, addr)
            return
        self._busy_until = max(self._busy_until, loop.time()) + self._takes
        loop.call_at(self._busy_until, self._answer, data, addr)

    def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in self._reply(data, "udp", addr[0]):
            if not self._transport.is_closing():
                self._transport.sendto(answer, addr)


def _endpoint(pod: str, service: str, namespace: str) -> zone.Endpoint:
    return zone.Endpoint(pod.lower(), service.lower(), namespace.lower())
