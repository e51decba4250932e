"""A question as a packet, and what the packet that came back says. Sends nothing.

A failure is a value that names the name server and what it did.
"""

from __future__ import annotations

import dataclasses
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

from bootstrap.dns import questions, schedule

Error = dns.exception.DNSException
Message = dns.message.Message
"""A question or an answer; `to_wire` turns it into a packet."""

PAYLOAD: Final = 1232
"""The largest UDP answer to be sent, in bytes: no network fragments it (DNS flag day 2020)."""
FAILURE_HELD: Final = 5.0
"""Seconds for which caches may hold a SERVFAIL: CoreDNS's default, and RFC 9520's first value."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A proper answer to the question."""

    outcome: Literal["records", "no data", "NXDOMAIN"]
    addresses: tuple[tuple[str, str], ...] = ()
    """Owner and address of each A and AAAA record; owners are absolute, in lower case."""
    targets: tuple[str, ...] = ()
    """The hosts of the SRV records, absolute, in lower case."""
    held: float
    """Seconds for which caches may still give this answer."""
    held_at_first: float
    """Seconds for which caches could hold the answer when it was new, as far as it tells."""
    nameserver: str
    """The name server that answered, such as `10.0.0.10:53`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No proper answer from any name server."""

    reason: str
    held: float = 0.0
    """Seconds for which caches may repeat the failure."""
    outcome: Literal["failure"] = "failure"


def where(host: str, port: int) -> str:
    """Return `address:port` of a name server for messages."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def query(question: questions.Question) -> dns.message.QueryMessage:
    """Return the message to be sent.

    Raises:
        Error: when the name is not a valid DNS name.

    """
    asked = dns.message.make_query(
        question.name,
        question.type,
        use_edns=0,
        ednsflags=dns.flags.DO if question.do else 0,
        payload=PAYLOAD,
    )
    if question.cd:
        asked.flags |= dns.flags.CD
    return asked


def read(packet: bytes) -> Message:
    """Return the message in a packet.

    Raises:
        Error: when it is not a DNS message.

    """
    return dns.message.from_wire(packet)


def cut(message: Message) -> bool:
    """Whether an answer was too long for its packet (the bit TC)."""
    return bool(message.flags & dns.flags.TC)


def judge(
    question: questions.Question, message: dns.message.Message, server: str
) -> Answer | Failure:
    """Return the answer or failure that a message is; only NXDOMAIN and empty NOERROR are denials.

    `server` is the name server as `where` returns it.
    """
    rcode = message.rcode()
    if message.flags & dns.flags.TC:
        return Failure(reason=f"a truncated answer from {server} even over TCP")
    if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        held = FAILURE_HELD if rcode == dns.rcode.SERVFAIL else 0.0
        return Failure(reason=f"{dns.rcode.to_text(rcode)} from {server}", held=held)
    if rcode == dns.rcode.NOERROR and message.answer:
        return _records(question, message, server)
    rdatas = [rdata for rrset in message.authority for rdata in rrset]
    soa = [rdata for rdata in rdatas if isinstance(rdata, dns.rdtypes.ANY.SOA.SOA)]
    if rcode == dns.rcode.NOERROR and rdatas and not soa:
        return Failure(reason=f"a referral to other name servers from {server}")
    # RFC 2308: caches hold a denial for the lesser of the two. The record's own minimum stays the
    # same, while the TTL counts down, or is cut by a second cache on the way.
    ttl = min((rrset.ttl for rrset in message.authority), default=schedule.HELD_AT_MOST)
    minimum = max((record.minimum for record in soa), default=schedule.HELD_AT_MOST)
    return Answer(
        outcome="NXDOMAIN" if rcode == dns.rcode.NXDOMAIN else "no data",
        held=min(ttl, minimum),
        held_at_first=minimum,
        nameserver=server,
    )


def _records(
    question: questions.Question, message: dns.message.Message, server: str
) -> Answer | Failure:
    """Read the records; names are turned to lower case."""
    kind = dns.rdatatype.from_text(question.type)
    owner = dns.name.from_text(question.name)
    if not any(rrset.name == owner and rrset.rdtype == kind for rrset in message.answer):
        return Failure(reason=f"an answer without {question.type} from {server}")
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
        nameserver=server,
    )
